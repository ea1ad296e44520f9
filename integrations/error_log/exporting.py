"""Errors as CSV, row by row, so that a million need no memory (spec E1)."""

import csv
import json
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from crm.admin_rights import record_names
from integrations.models import SyncError

HEAD = (
    "first", "last", "source", "object", "kind", "record id", "record", "Salesforce id", "code", "field", "message",
    "sent", "existing", "held by us", "attempts", "state",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
CHUNK = 1_000


class Echo:
    """A file whose writing is its answer, as csv wants one."""

    def write(self, line: str) -> str:
        return line


def csv_lines(errors: QuerySet[SyncError]) -> Iterator[str]:
    writer = csv.writer(Echo())
    yield "\ufeff" + writer.writerow(HEAD)  # Excel takes UTF-8 for what it is only with this mark
    chunk: list[SyncError] = []
    for error in errors.order_by("-changed_at", "-id").iterator(chunk_size=CHUNK):
        chunk.append(error)
        if len(chunk) == CHUNK:
            yield from _lines(writer, chunk)
            chunk = []
    yield from _lines(writer, chunk)


def harmless(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def _lines(writer: Any, errors: list[SyncError]) -> Iterator[str]:
    names = record_names((error.kind, error.record_id) for error in errors)
    for error in errors:
        yield writer.writerow([harmless(cell) for cell in _cells(error, names)])


def _cells(error: SyncError, names: dict[tuple[str, int | None], Any]) -> tuple[Any, ...]:
    sent = "" if error.sent is None else json.dumps(error.sent, ensure_ascii=False)
    return (
        error.created_at.isoformat(), error.changed_at.isoformat(), error.source, error.salesforce_object, error.kind,
        error.record_id, names.get((error.kind, error.record_id), ""), error.salesforce_id, error.code, error.field,
        error.message, sent, error.existing_id, "yes" if error.held_by_us else "no", error.attempts, error.state,
    )  # fmt: skip
