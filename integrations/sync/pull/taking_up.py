"""A merge there of what was merged here before, the other way round (spec C8, C9).

Salesforce kept both records, and the one that was in step was merged into the one that pulls skip. Where merge sync is
on, the person stays in step: with the surviving id, whose tombstone is a link again.
"""

from typing import Any

from django.db import connection as database
from django.db.models import F
from psycopg import sql

from integrations.models import SyncedObject
from integrations.sync.pull.plan import ObjectPlan

BATCH = 1000
UNLINKED = """
NOT EXISTS (SELECT 1 FROM integrations_recordlink o WHERE o.connection_id = t.connection_id AND o.kind = t.kind
               AND o.record_id = t.record_id AND o.state = 'linked')"""
FIND = f"""
SELECT DISTINCT ON (t.record_id) t.id, t.record_id, g.id
  FROM integrations_recordlink g
  JOIN integrations_recordlink t
    ON t.connection_id = g.connection_id AND t.salesforce_id = g.suppressed_by AND t.kind = g.kind
 WHERE g.connection_id = {{connection}} AND g.salesforce_object = {{object}} AND g.state = 'gone'
   AND g.suppressed_by <> '' AND t.salesforce_object = {{object}} AND t.state = 'tombstone'
   AND t.suppressed_by <> '' AND t.record_id = g.record_id AND {UNLINKED}
 ORDER BY t.record_id, t.id LIMIT {{batch}}"""
LOCK = (
    "SELECT r.id, r.hidden FROM {table} r WHERE r.id = ANY({records}) AND r.merged_into_id IS NULL"
    " ORDER BY r.id FOR NO KEY UPDATE"
)
TAKE_UP = f"""
UPDATE integrations_recordlink t
   SET state = 'linked', suppressed_by = '', merged_record_id = NULL, base = g.base, match_key = '',
       system_modstamp = NULL, reread = true, changed_at = now()
  FROM unnest({{tombstones}}::bigint[], {{gone}}::bigint[]) AS d (tombstone, gone)
  JOIN integrations_recordlink g ON g.id = d.gone
 WHERE t.id = d.tombstone AND t.state = 'tombstone' AND t.record_id = ANY({{records}}) AND {UNLINKED}
RETURNING t.record_id"""
"""What both agreed on of the merged one stands for the survivor: what the merge there chose is taken from there."""


def take_up_tombstones(plan: ObjectPlan) -> None:
    """For the caller's transaction; the next pull reads these records again."""
    places = {
        "connection": sql.Literal(plan.connection_id),
        "object": sql.Literal(plan.object),
        "batch": sql.Literal(BATCH),
        "table": sql.Identifier(plan.model._meta.db_table),
    }
    found = _fetch(FIND, places)
    if not found:
        return
    places |= {
        "records": sql.Literal([record for _, record, _ in found]),
        "tombstones": sql.Literal([tombstone for tombstone, _, _ in found]),
        "gone": sql.Literal([gone for _, _, gone in found]),
    }
    hidden: dict[int, bool] = dict(_fetch(LOCK, places))
    places["records"] = sql.Literal(list(hidden))
    taken = [record for (record,) in _fetch(TAKE_UP, places)]
    SyncedObject.objects.filter(connection=plan.connection_id, name=plan.object).update(
        linked=F("linked") + len(taken), hidden=F("hidden") + sum(hidden[record] for record in taken)
    )


def _fetch(text: str, places: dict[str, sql.Composable]) -> list[tuple[Any, ...]]:
    with database.cursor() as cursor:
        cursor.execute(sql.SQL(text).format(**places))
        return list(cursor.fetchall())
