"""Records follow when a Salesforce owner turns out to be someone else here (spec O1).

Nothing changed in Salesforce, so no pull brings the records again. Whoever was given another owner by a person
keeps them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection as database

from crm.journal import uncaptured
from crm.models import Account, Contact, Deal
from integrations.models import Connection
from mappings.catalogue import SALESFORCE_OBJECTS
from mappings.models import FieldMap

BATCH = 10_000
TABLES = {model.kind.value: model._meta.db_table for model in (Account, Contact, Deal)}

REASSIGN = """
WITH batch AS (
  SELECT l.id, l.record_id, m.was, m.becomes
    FROM integrations_recordlink l
    JOIN unnest(%(owners)s::text[], %(was)s::bigint[], %(becomes)s::bigint[]) AS m(owner, was, becomes)
      ON l.base ->> %(field)s = m.owner
   WHERE l.connection_id = %(connection)s AND l.salesforce_object = %(object)s AND l.state = 'linked'
     AND l.id > %(after)s
   ORDER BY l.id LIMIT %(batch)s
), moved AS (
  UPDATE {table} r SET owner_id = b.becomes FROM batch b
   WHERE r.id = b.record_id AND r.owner_id IS NOT DISTINCT FROM b.was RETURNING r.id, b.was, b.becomes
), journaled AS (
  INSERT INTO crm_journalentry (kind, record_id, action, changes, origin)
  SELECT %(kind)s, id, 'updated', jsonb_build_object('owner', jsonb_build_array(was, becomes)), 'pull' FROM moved
)
SELECT max(id) FROM batch"""


@dataclass(frozen=True, slots=True)
class Move:
    """A Salesforce owner, and who that was and will be here; None for nobody."""

    salesforce_id: str
    was: int | None
    becomes: int | None


def reassign(connection: Connection, moves: Sequence[Move]) -> None:
    """Give the records of these owners to whom they belong now, a batch a transaction; safe to repeat."""
    if not moves:
        return
    for row in FieldMap.objects.filter(field="owner", suspended=""):
        last: int | None = 0
        while last is not None:
            last = _batch(connection, row, moves, last)


def _batch(connection: Connection, row: FieldMap, moves: Sequence[Move], after: int) -> int | None:
    kind = SALESFORCE_OBJECTS[row.object]
    with uncaptured(), database.cursor() as cursor:
        cursor.execute(
            REASSIGN.format(table=TABLES[kind]),
            {
                "owners": [move.salesforce_id for move in moves],
                "was": [move.was for move in moves],
                "becomes": [move.becomes for move in moves],
                "field": row.salesforce,
                "connection": connection.pk,
                "object": row.object,
                "kind": kind,
                "after": after,
                "batch": BATCH,
            },
        )
        (last,) = cursor.fetchone() or (None,)
        return last
