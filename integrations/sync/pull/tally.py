"""Comparing both sides without writing anything: what a check finds (spec C3).

All of an object is staged; each chunk is planned as a pull would plan it, and counted instead of applied, so that
nothing counts as different that a pull would leave alone, and a repair is the pull itself. What differs here, and is
nowhere on its way out, is what a push would say: a repair has it said (`push.unsent`).
"""

from functools import partial

from django.db import connection as database
from psycopg import sql

from crm.models import Kind
from integrations.failpoints import reach
from integrations.models import RecordLink, SyncRun
from integrations.sync.map_lock import keep_maps
from integrations.sync.pull.apply import CHUNK_ROWS, Applier, writing_pulled
from integrations.sync.pull.lease import Lease
from integrations.sync.pull.outside import known_plan
from integrations.sync.pull.plan import ObjectPlan
from integrations.sync.pull.staging import StagingTable
from integrations.sync.push.unsent import find_unsent

PROMISED = ("here", "there", "missing_here", "missing_there", "not_visible", "different", "repaired")
"""The keys that `reconcile --json` promises (spec, *Command line*)."""
DRIFT = ("missing_here", "missing_there", "different")
LEFT_OUT = "left_out"
"""There, and not here on purpose: leads that a contact stands for, and what was deleted or merged here."""


FOUND = """
SELECT count(*) FILTER (WHERE NOT deleted),
       count(*) FILTER (WHERE action IN ('create', 'match', 'take over') OR action = 'suppress' AND link_id IS NULL),
       count(*) FILTER (WHERE action = 'gone'),
       count(*) FILTER (WHERE action IN ('update', 'fold', 'freeze', 'thaw')
                           OR action = 'suppress' AND link_id IS NOT NULL),
       count(*) FILTER (WHERE NOT deleted AND action IN ('ignore', 'suppressed')
                          AND link_state IN ('tombstone', 'suppressed'))
  FROM chunk"""
"""One that is on its way, or was read before our last write was answered, is stale and counts as nothing."""
PASS_NEW = """
UPDATE chunk c SET action = 'same' FROM integrations_recordlink l
 WHERE l.id = c.link_id AND c.action = 'update' AND l.base - {pushed}::text[] <@ c.base
   AND (l.system_modstamp IS NULL
        OR EXISTS (SELECT FROM integrations_syncedobject s
                    WHERE s.connection_id = {connection} AND s.name = {object} AND s.read_again))"""
"""No pull has read yet what we made there, nor what is mapped anew: the same, where it holds what was agreed."""
PASS_ASKED = """
UPDATE chunk c SET action = 'same'
  FROM integrations_recordlink l, (
    SELECT q.salesforce_id, array_agg(q.salesforce_field::text) AS fields
      FROM chunk x JOIN integrations_fieldconflict q
        ON q.connection_id = {connection} AND q.salesforce_id = x.sid AND q.state = 'open'
       AND q.salesforce_value IS NOT DISTINCT FROM x.base ->> q.salesforce_field
     GROUP BY q.salesforce_id) asked
 WHERE asked.salesforce_id = c.sid AND l.id = c.link_id AND c.action = 'update'
   AND l.base - {pushed}::text[] - asked.fields = c.base - asked.fields
   AND l.match_key = left(c.match_key, 320)"""
"""What a person is asked about keeps an older base on purpose."""

UNSEEN = """
NOT EXISTS (SELECT 1 FROM {staging} s WHERE s."Id" = l.salesforce_id)"""
TO_MARK = f"""
CREATE TEMP TABLE to_mark AS
SELECT l.id, l.changed_at, true AS hides FROM integrations_recordlink l
 WHERE l.connection_id = {{connection}} AND l.salesforce_object = {{object}} AND l.state = 'linked'
   AND l.not_visible_since IS NULL AND coalesce(l.pushed_at < {{asked_at}}, true) AND l.changed_at < {{began}}
   AND {UNSEEN}
 UNION ALL
SELECT l.id, l.changed_at, false FROM integrations_recordlink l
 WHERE l.connection_id = {{connection}} AND l.salesforce_object = {{object}}
   AND l.not_visible_since IS NOT NULL AND NOT ({UNSEEN})"""
"""What we made there after the first page was asked for can't be on it, nor what was linked meanwhile."""
MARK = """
WITH batch AS (
  SELECT * FROM to_mark WHERE id > %(after)s ORDER BY id LIMIT %(most)s
), marked AS (
  UPDATE integrations_recordlink l SET not_visible_since = CASE WHEN b.hides THEN %(now)s::timestamptz END
    FROM batch b WHERE l.id = b.id AND l.changed_at = b.changed_at
)
SELECT max(id) FROM batch"""
AT_ONCE = 5_000
"""Links marked in one transaction: when sharing is taken away there, it may be all of them."""


class Tally:
    """One object's comparison, chunk by chunk; the counts stand in the run's."""

    def __init__(self, *, plan: ObjectPlan, staging: StagingTable, run: SyncRun, lease: Lease) -> None:
        self.plan = plan
        self.staging = staging
        self.run = run
        self.lease = lease

    def compare_chunk(self, *, last_seq: int) -> bool:
        """Count the next chunk and save the place; True when rows are left. Raises LeaseLost, MapChanged."""
        first = int(self.run.checkpoint["applied"])
        if first >= last_seq:
            return False
        outside, until = self.staging.part(after_seq=first, most=CHUNK_ROWS)
        until = min(until, last_seq)
        plan = known_plan(self.plan) if outside else self.plan
        self.lease.write(self.run, partial(self._compare, plan, first, until))
        return until < last_seq

    def _compare(self, plan: ObjectPlan, first: int, until: int) -> None:
        keep_maps(plan.maps)
        self._save(until, self._count(plan, first, until))
        reach("check.chunk counted")

    def _count(self, plan: ObjectPlan, first: int, until: int) -> dict[str, int]:
        applier = Applier(plan=plan, staging=self.staging, run=self.run, lease=self.lease)
        with writing_pulled(), database.cursor() as cursor:
            cursor.execute(applier.statements.chunk(first, until))
            applier.leads.find()
            applier.around_filter.judge()
            cursor.execute(applier.statements.leave_stale)
            for statement in (PASS_NEW, PASS_ASKED):
                cursor.execute(
                    sql.SQL(statement).format(
                        connection=sql.Literal(plan.connection_id),
                        object=sql.Literal(plan.object),
                        pushed=sql.Literal(list(plan.pushed_only)),
                    )
                )
            cursor.execute(FOUND)
            counts = cursor.fetchone()
        found = dict(zip(("there", *DRIFT, LEFT_OUT), map(int, counts), strict=True))
        if not plan.outside:
            found["different"] += find_unsent(self.run.connection, self.plan.object, send=self.run.repairs)
        if plan.outside and plan.kind == Kind.DEAL:
            found["there"] = 0  # a deal that doesn't meet the filter counts on neither side
        return found | {"seen": until - first}

    def _save(self, until: int, found: dict[str, int]) -> None:
        run = self.run
        run.checkpoint = {**run.checkpoint, "applied": until}
        run.done += found.pop("seen")
        run.counts = run.counts | {key: run.counts.get(key, 0) + count for key, count in found.items()}
        run.save(update_fields=["checkpoint", "counts", "done"])

    def finish(self) -> None:
        """Count what is here, and mark what Salesforce doesn't show, which is no delete. Raises LeaseLost."""
        self._mark()
        self.lease.write(self.run, self._count_here)

    def _count_here(self) -> None:
        links = RecordLink.objects.filter(
            connection_id=self.run.connection_id,
            salesforce_object=self.plan.object,
            state=RecordLink.State.LINKED,
        )
        here = links.filter(outside="") if self.plan.kind == Kind.DEAL else links
        unseen = links.filter(not_visible_since__isnull=False).count()
        self.run.counts = self.run.counts | {"here": here.count(), "not_visible": unseen}
        self.run.save(update_fields=["counts"])

    def _mark(self) -> None:
        """Some thousands a transaction; cut off, it is done again, for what is left."""
        place = {
            "staging": self.staging.name,
            "connection": sql.Literal(self.plan.connection_id),
            "object": sql.Literal(self.plan.object),
            "asked_at": sql.Literal(self.run.checkpoint["asked_at"]),
            "began": sql.Literal(self.run.started_at),
        }
        with database.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS pg_temp.to_mark")
            cursor.execute(sql.SQL(TO_MARK).format(**place))
            cursor.execute("CREATE INDEX ON to_mark (id); ANALYZE to_mark")
            last: int | None = 0
            while last is not None:
                last = self.lease.write(self.run, partial(self._mark_after, last))
            cursor.execute("DROP TABLE to_mark")

    def _mark_after(self, link_id: int) -> int | None:
        """The id of the last link looked at; None where none was left."""
        with database.cursor() as cursor:
            cursor.execute(MARK, {"after": link_id, "most": AT_ONCE, "now": self.lease.clock()})
            return (cursor.fetchone() or (None,))[0]

    @property
    def found(self) -> bool:
        """Whether there is anything to repair."""
        return any(self.run.counts.get(key) for key in DRIFT)


def no_tally() -> dict[str, int]:
    return dict.fromkeys(PROMISED, 0)
