"""Sending again what was refused, because a person says so (spec E3)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.db.models import Q, QuerySet

from integrations.models import SyncError
from integrations.sync.pull import removals
from integrations.sync.waking import wake_push

BATCH = 2_000
ADMINS_ONLY = ("MASS_DELETE", "DELETES_ALONG", removals.CODE)
"""To retry these is to say yes to deleting more than the record itself (C8)."""

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


def retriable(errors: QuerySet[SyncError], *, by_admin: bool = True) -> QuerySet[SyncError]:
    """Those of a push that can be tried again, not of the past nor of another org; and deletes that wait for a yes.

    What is wrong with a pull or the connection, those try again by themselves.
    """
    known = errors.filter(
        Q(source=SyncError.Source.PUSH) | Q(source=SyncError.Source.PULL, code=removals.CODE),
        record_id__isnull=False,
        connection__disconnected_at=None,
    ).exclude(state=SyncError.State.CLOSED)
    return known if by_admin else known.exclude(code__in=ADMINS_ONLY)


def retry(
    errors: QuerySet[SyncError], *, now: datetime, most: int | None = None, by_admin: bool = True
) -> int:
    """Send the records of these errors again, at once and whatever the settings say; how many errors that were.

    Errors of a pull or of the connection are passed over: those are tried again by the next pull. In batches,
    each its own transaction; at most the newest `most`.
    """
    wanted = retriable(errors, by_admin=by_admin)
    ids = list(wanted.order_by("-changed_at", "-id").values_list("pk", flat=True)[:most])
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
        pushes = errors.filter(source=SyncError.Source.PUSH)
        push_again(
            ((kind, pk) for kind, pk in pushes.values_list("kind", "record_id") if pk is not None), now=now
        )
        return removals.agree(errors, now=now) + pushes.update(state=SyncError.State.RETRYING, changed_at=now)
