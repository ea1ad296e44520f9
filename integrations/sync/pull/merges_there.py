"""Records merged in Salesforce, merged here where merge sync is on (spec C8, C9).

A chunk lets go of the merged record's link, which keeps the name of the record that took it in. When all of the
object was read, each is merged into the record here that stands for the last of that chain: the survivor keeps
the surviving Salesforce id, the other stays, hidden. One whose survivor isn't here waits until it is.
"""

from functools import partial

from django.db import connection as database
from psycopg import sql

from integrations.models import SyncRun
from integrations.sync.merging import merge_as_salesforce_did, settled_pairs
from integrations.sync.pull.chunk_sql import ON_ITS_WAY
from integrations.sync.pull.lease import Lease
from integrations.sync.pull.plan import MASTER_FIELD, ObjectPlan
from integrations.sync.pull.staging import StagingTable
from integrations.sync.pull.taking_up import take_up_tombstones

LONGEST_CHAIN = 100
BATCH = 1000

MERGED = """
WITH RECURSIVE read AS MATERIALIZED (
  SELECT DISTINCT ON (s."Id") s."Id" AS sid, s."MasterRecordId" AS master FROM {staging} s
   WHERE s."MasterRecordId" <> '' ORDER BY s."Id", s.seq DESC
), chain AS (
  SELECT l.record_id, l.suppressed_by::text AS sid, 1 AS steps
    FROM integrations_recordlink l JOIN {table} r ON r.id = l.record_id AND r.merged_into_id IS NULL
   WHERE l.connection_id = {connection} AND l.salesforce_object = {object} AND l.state = 'gone'
     AND l.suppressed_by <> '' AND NOT {on_its_way} AND NOT EXISTS (
         SELECT 1 FROM integrations_recordlink o
          WHERE o.connection_id = {connection} AND o.kind = {kind} AND o.record_id = l.record_id
            AND o.state = 'linked')
  UNION ALL
  SELECT c.record_id, coalesce(read.master, l.suppressed_by)::text, c.steps + 1
    FROM chain c
    LEFT JOIN read ON read.sid = c.sid
    LEFT JOIN integrations_recordlink l
      ON l.connection_id = {connection} AND l.salesforce_id = c.sid
     AND l.state IN ('gone', 'suppressed', 'tombstone')
   WHERE coalesce(read.master, l.suppressed_by, '') <> '' AND c.steps < {longest})
SELECT DISTINCT ON (c.record_id) c.record_id, s.id
  FROM chain c
  JOIN integrations_recordlink l
    ON l.connection_id = {connection} AND l.salesforce_id = c.sid AND l.kind = {kind} AND l.state = 'linked'
  JOIN {table} s ON s.id = l.record_id AND s.merged_into_id IS NULL
 ORDER BY c.record_id, c.steps LIMIT {batch}"""
"""What was merged away before this read names its survivor in its link; what this read saw, in its row. A survivor
that a contact stands for (C4), or that was merged here into another (C9), is that one."""


def mirror_merges(plan: ObjectPlan, staging: StagingTable, *, run: SyncRun, lease: Lease) -> None:
    """Merge here what was merged there, a batch a transaction. Raises LeaseLost."""
    while plan.mirrors and MASTER_FIELD in staging.columns():
        if lease.write(run, partial(_mirror, plan, staging, run, lease)) < BATCH:
            return


def _mirror(plan: ObjectPlan, staging: StagingTable, run: SyncRun, lease: Lease) -> int:
    take_up_tombstones(plan)
    pairs = settled_pairs(plan.kind, partial(_merged, plan, staging))
    merge_as_salesforce_did(plan.connection_id, plan.kind, pairs, run=plan.run, now=lease.clock())
    run.counts = run.counts | {"merged": run.counts.get("merged", 0) + len(pairs)}
    run.save(update_fields=["counts"])
    return len(pairs)


def _merged(plan: ObjectPlan, staging: StagingTable) -> list[tuple[int, int]]:
    with database.cursor() as cursor:
        cursor.execute(
            sql.SQL(MERGED).format(
                staging=staging.name,
                table=sql.Identifier(plan.model._meta.db_table),
                connection=sql.Literal(plan.connection_id),
                object=sql.Literal(plan.object),
                kind=sql.Literal(plan.kind),
                on_its_way=sql.SQL(ON_ITS_WAY.format(record="l.record_id")).format(
                    kind=sql.Literal(plan.kind)
                ),
                longest=sql.Literal(LONGEST_CHAIN),
                batch=sql.Literal(BATCH),
            )
        )
        return [(int(loser), int(survivor)) for loser, survivor in cursor.fetchall()]
