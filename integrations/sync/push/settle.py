"""What became of claimed rows, written down: each function is one short transaction, or part of the caller's.

A row is only touched while it is held under the claim's name: whoever lost it to the reaper settles nothing.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from psycopg import sql

from integrations.models import RecordLink, SyncedObject
from integrations.sync.deadlocks import persistently
from integrations.sync.push.standing import fetch, run

NEWER = """
WITH gone AS (
  DELETE FROM integrations_outboxentry o USING integrations_outboxentry n
   WHERE o.id = ANY(%s) AND o.claimed_by = %s AND n.kind = o.kind AND n.record_id = o.record_id
     AND n.state IN ('pending', 'held')
  RETURNING n.id, o.manual, o.needed, o.backfill)
UPDATE integrations_outboxentry n
   SET manual = n.manual OR gone.manual, needed = n.needed OR gone.needed, backfill = n.backfill OR gone.backfill
  FROM gone WHERE n.id = gone.id"""
"""An edit that came meanwhile says it all: the older row ends in it."""
BACK = """
UPDATE integrations_outboxentry
   SET state = %s, payload = NULL, claimed_at = NULL, claimed_by = '', account_id = NULL, not_before = %s,
       attempts = attempts + %s, waits_for_kind = %s, waits_for_id = %s
 WHERE id = ANY(%s) AND claimed_by = %s"""
DROP = """
DELETE FROM integrations_outboxentry WHERE id = ANY(%s) AND claimed_by = %s
RETURNING id, kind, record_id, payload::json -> 'values'"""
UNKNOWN = """
UPDATE integrations_outboxentry SET state = 'unknown', not_before = %s, account_id = NULL
 WHERE id = ANY(%s) AND claimed_by = %s"""

RELEASE_CHILDREN = """
UPDATE integrations_outboxentry c
   SET state = 'pending', waits_for_kind = '', waits_for_id = NULL, not_before = least(c.not_before, %s)
 WHERE c.waits_for_id IS NOT NULL AND c.state = 'held'
   AND (%s::text IS NULL OR (c.waits_for_kind = %s AND c.waits_for_id = ANY(%s)))
   AND NOT EXISTS (SELECT 1 FROM integrations_outboxentry p
                    WHERE p.kind = c.waits_for_kind AND p.record_id = c.waits_for_id
                      AND p.state IN ('pending', 'held'))
   AND NOT EXISTS (SELECT 1 FROM integrations_outboxentry p
                    WHERE p.kind = c.waits_for_kind AND p.record_id = c.waits_for_id
                      AND p.state IN ('in_flight', 'unknown'))"""
"""A parent whose row is gone was pushed, or never will be: either way its children go on. The states are asked
for in two, as the indexes are: without, each child costs a look at the whole outbox."""

LINKS = """
INSERT INTO integrations_recordlink AS l
       (connection_id, salesforce_object, salesforce_id, kind, record_id, state, suppressed_by, base, match_key,
        pushed_at)
SELECT %(connection)s, %(object)s, x.salesforce_id, %(kind)s, x.record_id, 'linked', '', x.base, {match_key}, %(at)s
  FROM jsonb_to_recordset(%(rows)s::jsonb) AS x(salesforce_id text, record_id bigint, base jsonb, sent jsonb)
 WHERE NOT EXISTS (SELECT 1 FROM integrations_recordlink k
                    WHERE k.connection_id = %(connection)s AND k.kind = %(kind)s AND k.record_id = x.record_id
                      AND k.state = 'linked' AND k.salesforce_id <> x.salesforce_id)
 ORDER BY x.salesforce_id
ON CONFLICT (connection_id, salesforce_id) DO UPDATE
   SET base = l.base || excluded.base, pushed_at = excluded.pushed_at, changed_at = now()
 WHERE l.state = 'linked' AND l.record_id = excluded.record_id
RETURNING record_id, xmax = 0"""
LOCK_LINKS = """
SELECT id FROM integrations_recordlink WHERE connection_id = %s AND salesforce_id = ANY(%s)
 ORDER BY id FOR NO KEY UPDATE"""
"""In the order of their ids, as everybody does who locks several (design, *Traps*)."""
MATCH_KEYS = {
    "Account": "coalesce(lockstep_domain(x.sent ->> 'Website'), '')",
    "Contact": "left(lower(coalesce(x.sent ->> 'Email', '')), 320)",
    "Lead": "left(lower(coalesce(x.sent ->> 'Email', '')), 320)",
}
AGREED = """
UPDATE integrations_recordlink l SET base = l.base || x.base, pushed_at = %s, changed_at = now()
  FROM jsonb_to_recordset(%s::jsonb) AS x(salesforce_id text, base jsonb)
 WHERE l.connection_id = %s AND l.salesforce_id = x.salesforce_id"""
ROLES = """
INSERT INTO integrations_outboxentry (kind, record_id)
SELECT 'contact_role', c.id FROM crm_contactrole c
 WHERE {column} = ANY(%s)
   AND NOT EXISTS (SELECT 1 FROM integrations_recordlink l
                    WHERE l.connection_id = %s AND l.kind = 'contact_role' AND l.record_id = c.id)
ON CONFLICT (kind, record_id) WHERE state IN ('pending', 'held') DO NOTHING"""
ROLE_COLUMNS = {"deal": "c.deal_id", "contact": "c.contact_id"}


def put_back(
    name: str,
    ids: Sequence[int],
    *,
    state: str = "pending",
    not_before: datetime,
    tried: bool = False,
    waits_for: tuple[str, int] = ("", 0),
) -> None:
    """Rows of claim `name` wait again: pending until `not_before`, or held, for a parent perhaps."""

    def step() -> None:
        run(NEWER, [list(ids), name])
        kind, parent = waits_for
        run(BACK, [state, not_before, int(tried), kind, parent or None, list(ids), name])

    if ids:
        persistently(step)


def lose(name: str, ids: Sequence[int], *, look_at: datetime) -> None:
    """The answer was lost: what became of them is found out later, from `look_at` on (D9)."""
    persistently(lambda: run(UNKNOWN, [look_at, list(ids), name]))


def drop(name: str, ids: Sequence[int], *, now: datetime) -> dict[int, dict[str, str | None]]:
    """Rows that are done with: what was sent and both sides agree on, by their ids.

    That isn't what was composed where a map was changed since. Those that aren't ours any more are left out.
    """
    if not ids:
        return {}
    with transaction.atomic():
        done = fetch(DROP, [list(ids), name])
        for kind in {kind for _, kind, *_ in done}:
            release_children(kind, [record for _, of, record, _ in done if of == kind], now=now)
        return {id: agreed or {} for id, _, _, agreed in done}


def release_children(kind: str | None, ids: Iterable[int], *, now: datetime) -> int:
    """Rows that were held for these parents go on; None for those of any parent."""
    return run(RELEASE_CHILDREN, [now, kind, kind, list(ids)])


def link_created(
    connection_id: int, object_name: str, kind: str, rows: Sequence[dict[str, Any]], *, at: datetime | None
) -> dict[int, bool]:
    """Link what was created: rows of `salesforce_id`, `record_id`, `base` (what was agreed), `sent`.

    Returns the records that are linked now, and whether by this; one whose Salesforce record is linked to
    another isn't.
    `at` is the org's clock, surely not before the commit there.
    """
    statement = sql.SQL(LINKS).format(match_key=sql.SQL(MATCH_KEYS.get(object_name, "''")))
    linked = fetch(
        statement,
        {
            "connection": connection_id,
            "object": object_name,
            "kind": kind,
            "at": at,
            "rows": json.dumps(rows),
        },
    )
    records = [record for record, _ in linked]
    if kind in ROLE_COLUMNS:
        run(sql.SQL(ROLES).format(column=sql.SQL(ROLE_COLUMNS[kind])), [records, connection_id])
    return dict(linked)


def agree(connection_id: int, rows: Sequence[dict[str, Any]], *, at: datetime | None) -> None:
    """What was sent is what both sides agree on: rows of `salesforce_id` and `base`."""
    fetch(LOCK_LINKS, [connection_id, [row["salesforce_id"] for row in rows]])
    run(AGREED, [at, json.dumps(rows), connection_id])


def unlink(
    connection_id: int,
    salesforce_ids: Sequence[str],
    *,
    state: str,
    now: datetime,
    at: datetime | None = None,
) -> int:
    """The link moves nothing any more: `gone` there, or a `tombstone` of what was deleted here.

    It has no stamp then: a pull has yet to see that for itself. `at` is the org's clock, surely not before: a
    page read until then, in which the record still lives, is stale.
    """
    links = RecordLink.objects.filter(
        connection_id=connection_id, salesforce_id__in=salesforce_ids, state=RecordLink.State.LINKED
    )
    return links.update(
        state=state, system_modstamp=None, pushed_at=Greatest(F("pushed_at"), at), changed_at=now
    )


def count_pushed(connection_id: int, object_name: str, *, created: int = 0, at: datetime | None) -> None:
    """The object's figures follow: as many more here and there, and when we wrote last."""
    synced = SyncedObject.objects.filter(connection_id=connection_id, name=object_name)
    synced.update(
        linked=F("linked") + created, there=F("there") + created, pushed_at=Greatest(F("pushed_at"), at)
    )


def count_unlinked(connection_id: int, object_name: str, rows: int, *, gone: bool) -> None:
    """As many fewer; `gone` where Salesforce has them no more."""
    synced = SyncedObject.objects.filter(connection_id=connection_id, name=object_name)
    lost = rows if gone else 0
    synced.update(
        linked=Greatest(F("linked") - rows, 0), gone=F("gone") + lost, there=Greatest(F("there") - lost, 0)
    )


LOOK_AGAIN = """
UPDATE integrations_outboxentry SET not_before = %s, claimed_by = ''
 WHERE claimed_by = %s AND state = 'unknown' AND (%s::bigint[] IS NULL OR id = ANY(%s))"""


def look_again(name: str, at: datetime, *, ids: Sequence[int] | None = None) -> None:
    """Unknown rows that this search couldn't decide are looked for again; all of its rows without `ids`."""
    wanted = None if ids is None else list(ids)
    with transaction.atomic():
        run(LOOK_AGAIN, [at, name, wanted, wanted])


UNSENT = """
SELECT id FROM integrations_outboxentry
 WHERE claimed_by = %s AND state = 'in_flight' AND (payload IS NULL OR NOT payload ? 'sent_at')"""


def give_back_unsent(
    name: str, *, now: datetime, not_before: datetime | None = None, tried: bool = False
) -> None:
    """Rows of the claim that never went out wait again, as if nobody had taken them."""
    ids = [id for (id,) in fetch(UNSENT, [name])]
    put_back(name, ids, not_before=not_before or now, tried=tried)


def release_children_of_settled(*, now: datetime) -> int:
    """The sweep: rows held for a parent that waits for nothing any more."""
    return release_children(None, [], now=now)
