"""Push all: every record of an object that Salesforce doesn't have goes out, behind the edits (spec D5)."""

from django.db import transaction
from psycopg import sql

from integrations.models import Connection
from integrations.sync.push.plan import TABLES
from integrations.sync.push.standing import run

BATCH = 10_000
ENQUEUE = """
INSERT INTO integrations_outboxentry (kind, record_id, live, backfill)
SELECT {kind}, r.id, false, true FROM {table} r
 WHERE r.id > %s AND r.id <= %s AND NOT EXISTS (
   SELECT 1 FROM integrations_recordlink l
    WHERE l.connection_id = %s AND l.kind = {kind} AND l.record_id = r.id)
ON CONFLICT (kind, record_id) WHERE state IN ('pending', 'held') DO UPDATE SET backfill = true"""


def push_all(connection: Connection, kind: str, last_id: int) -> int:
    """Put them into the outbox, a batch a transaction; how many. Safe to repeat."""
    query = sql.SQL(ENQUEUE).format(kind=sql.Literal(kind), table=sql.Identifier(TABLES[kind]))
    rows = 0
    for start in range(0, last_id, BATCH):
        with transaction.atomic():
            rows += run(query, [start, start + BATCH, connection.pk])
    return rows
