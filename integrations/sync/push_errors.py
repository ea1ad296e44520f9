"""What Salesforce, or our own check, refused in a push: into the error log, and out of it (spec E1, E3).

A record has one push error at a time: a later refusal for another reason closes the one before.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection as database
from django.db import transaction

from integrations.models import Connection, SyncError
from integrations.salesforce.errors import SalesforceError

CODE_LENGTH = 120
UPSERT = """
WITH refused AS (
  SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS x(
    record_id bigint, salesforce_id text, code text, message text, fields text[], existing_ids text[], sent jsonb,
    state text, attempts int, held_by_us boolean)),
other_cause AS (
  UPDATE integrations_syncerror e SET state = 'closed', changed_at = %(now)s
    FROM refused x
   WHERE e.connection_id = %(connection)s AND e.source = 'push' AND e.kind = %(kind)s
     AND e.record_id = x.record_id AND e.state <> 'closed'
     AND (e.salesforce_object, e.salesforce_id, e.code, e.field)
         IS DISTINCT FROM (%(object)s, x.salesforce_id, x.code, coalesce(x.fields[1], '')))
INSERT INTO integrations_syncerror AS e
       (connection_id, source, salesforce_object, salesforce_id, kind, record_id, code, message, field, fields,
        existing_id, existing_ids, held_by_us, state, attempts, sent, created_at, changed_at)
SELECT %(connection)s, 'push', %(object)s, x.salesforce_id, %(kind)s, x.record_id, x.code, x.message,
       coalesce(x.fields[1], ''), x.fields, coalesce(x.existing_ids[1], ''), x.existing_ids, x.held_by_us, x.state,
       x.attempts, x.sent, %(now)s, %(now)s
  FROM refused x ORDER BY x.record_id
ON CONFLICT (connection_id, source, salesforce_object, salesforce_id, kind, record_id, code, field)
      WHERE state <> 'closed'
DO UPDATE SET message = excluded.message, fields = excluded.fields, existing_id = excluded.existing_id,
              existing_ids = excluded.existing_ids, held_by_us = excluded.held_by_us, state = excluded.state,
              attempts = excluded.attempts, sent = excluded.sent, changed_at = excluded.changed_at"""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One record that wasn't taken. `sent`: value by API name; `attempts`: 0 where nothing was sent."""

    record_id: int
    salesforce_id: str = ""
    code: str = ""
    message: str = ""
    fields: Sequence[str] = ()
    existing_ids: Sequence[str] = ()
    sent: Mapping[str, Any] | None = field(default=None, repr=False)
    state: str = SyncError.State.OPEN
    attempts: int = 1
    held_by_us: bool = False


def refusal(
    error: SalesforceError,
    *,
    record_id: int,
    salesforce_id: str = "",
    sent: Mapping[str, Any] | None = None,
    state: str = SyncError.State.OPEN,
    attempts: int = 1,
) -> Refusal:
    """What Salesforce said of one record."""
    return Refusal(
        record_id=record_id,
        salesforce_id=salesforce_id,
        code=error.code[:CODE_LENGTH],
        message=(error.message or error.sentence).replace("\0", ""),
        fields=[name[:CODE_LENGTH] for name in error.fields],
        existing_ids=error.existing_ids,
        sent=sent,
        state=state,
        attempts=attempts,
    )


def record_all(
    connection: Connection, *, kind: str, salesforce_object: str, refusals: Iterable[Refusal], now: datetime
) -> None:
    """Log them with one statement; of two for one record the later counts."""
    latest = {item.record_id: asdict(item) for item in refusals}
    if not latest:
        return
    values: dict[str, Any] = {
        "connection": connection.pk,
        "kind": kind,
        "object": salesforce_object,
        "rows": json.dumps(list(latest.values())),
        "now": now,
    }
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute(UPSERT, values)


def record(
    connection: Connection,
    *,
    kind: str,
    record_id: int,
    salesforce_object: str,
    salesforce_id: str = "",
    error: SalesforceError,
    sent: Mapping[str, Any] | None,
    state: str = SyncError.State.OPEN,
    attempts: int = 1,
    now: datetime,
) -> None:
    """Log what Salesforce said of one record."""
    said = refusal(
        error, record_id=record_id, salesforce_id=salesforce_id, sent=sent, state=state, attempts=attempts
    )
    record_all(connection, kind=kind, salesforce_object=salesforce_object, refusals=[said], now=now)


def record_ours(
    connection: Connection,
    *,
    kind: str,
    salesforce_object: str,
    rows: Iterable[tuple[int, str]],
    code: str,
    message: str,
    field: str = "",
    existing_ids: Sequence[str] = (),
    sent: Mapping[str, Any] | None = None,
    now: datetime,
) -> None:
    """Log what we hold ourselves: `rows` are record and Salesforce id (empty where it has none)."""
    held = [
        Refusal(
            record_id=record_id,
            salesforce_id=salesforce_id,
            code=code,
            message=message,
            fields=(field,) if field else (),
            existing_ids=existing_ids,
            sent=sent,
            attempts=0,
            held_by_us=True,
        )
        for record_id, salesforce_id in rows
    ]
    record_all(connection, kind=kind, salesforce_object=salesforce_object, refusals=held, now=now)


def close(connection: Connection, kind: str, record_ids: Iterable[int], now: datetime) -> int:
    """These records were taken, or dealt with. How many errors that closed."""
    errors = SyncError.objects.filter(
        connection=connection, source=SyncError.Source.PUSH, kind=kind, record_id__in=list(record_ids)
    )
    return errors.exclude(state=SyncError.State.CLOSED).update(state=SyncError.State.CLOSED, changed_at=now)
