"""Sending again what was refused, because a person says so (spec E3)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.db.models import QuerySet

from integrations.models import SyncError
from integrations.sync.waking import wake_push

BATCH = 2_000

LOCK = """
SELECT o.id FROM integrations_outboxentry o JOIN unnest(%(kinds)s::text[], %(records)s::bigint[]) w(kind, record_id)
    ON o.kind = w.kind AND o.record_id = w.record_id
 ORDER BY o.id FOR NO KEY UPDATE OF o"""
DUE = """
UPDATE integrations_outboxentry o
   SET state = 'pending', not_before = %(now)s, manual = true, waits_for_kind = '', waits_for_id = NULL
  FROM unnest(%(kinds)s::text[], %(records)s::bigint[]) w(kind, record_id)
 WHERE o.kind = w.kind AND o.record_id = w.record_id AND o.state IN ('pending', 'held')"""
ADDED = """
INSERT INTO integrations_outboxentry (kind, record_id, manual, not_before)
SELECT w.kind, w.record_id, true, %(now)s
  FROM unnest(%(kinds)s::text[], %(records)s::bigint[]) w(kind, record_id)
 WHERE NOT EXISTS (SELECT 1 FROM integrations_outboxentry o WHERE o.kind = w.kind AND o.record_id = w.record_id)
 ORDER BY w.kind, w.record_id
ON CONFLICT (kind, record_id) WHERE state IN ('pending', 'held')
DO UPDATE SET state = 'pending', not_before = excluded.not_before, manual = true"""
"""Of a record that is on its way just now, the answer is awaited: no second row."""


def retriable(errors: QuerySet[SyncError]) -> QuerySet[SyncError]:
    """Those that a push can be tried again of: not of the past, nor of a pull or the connection, nor of another org."""
    return errors.filter(
        source=SyncError.Source.PUSH, record_id__isnull=False, connection__disconnected_at=None
    ).exclude(state=SyncError.State.CLOSED)


def retry(errors: QuerySet[SyncError], *, now: datetime, most: int | None = None) -> int:
    """Send the records of these errors again, at once and whatever the settings say; how many errors that were.

    Errors of a pull or of the connection are passed over: those are tried again by the next pull. In batches,
    each its own transaction; at most the newest `most`.
    """
    ids = list(retriable(errors).order_by("-changed_at", "-id").values_list("pk", flat=True)[:most])
    return sum(_retry(ids[start : start + BATCH], now) for start in range(0, len(ids), BATCH))


def push_again(records: Iterable[tuple[str, int]], *, now: datetime) -> None:
    """Let each record (kind, id) go out at once; for the caller's transaction."""
    pairs = sorted(set(records))
    values: dict[str, Any] = {
        "now": now,
        "kinds": [kind for kind, _ in pairs],
        "records": [pk for _, pk in pairs],
    }
    with database.cursor() as cursor:
        for statement in (LOCK, DUE, ADDED):
            cursor.execute(statement, values)
    wake_push()


def _retry(ids: list[int], now: datetime) -> int:
    with transaction.atomic():
        errors = retriable(SyncError.objects.filter(pk__in=ids))
        push_again(
            ((kind, pk) for kind, pk in errors.values_list("kind", "record_id") if pk is not None), now=now
        )
        return errors.update(state=SyncError.State.RETRYING, changed_at=now)
