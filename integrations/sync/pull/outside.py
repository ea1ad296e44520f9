"""What stands outside its object's pull filter (spec C12): known by name, hidden, and otherwise left alone.

A filtered object is read twice: all of it by name only, then what meets the filter whole (`extract`). A chunk holds
rows of one sort. Those that meet the filter are applied by the object's own plan; the others by `known_plan`, which
maps nothing but name and e-mail or domain, so that all rules of a pull hold for them too. Here stands what is left:
what came out of the filter since is frozen, what came back thaws.
"""

from collections import Counter
from dataclasses import replace

from django.db import connection as database
from django.db.models import F
from psycopg import sql

from crm.models import Kind
from integrations.models import SyncedObject, SyncSettings
from integrations.sync.external_ids import FIELD
from integrations.sync.pull.plan import MASTER_FIELD, SYSTEM_FIELDS, ObjectPlan
from integrations.sync.pull.statements import Statements

NAMES = {
    "Account": ("Name", "Website"),
    "Contact": ("FirstName", "LastName", "Email"),
    "Lead": ("FirstName", "LastName", "Email"),
    "Opportunity": (),
}
"""What is read of each record whether it meets the filter or not, beside what says that it is there."""
STANDING = frozenset({*SYSTEM_FIELDS, MASTER_FIELD, FIELD, "IsConverted", "ConvertedContactId"})

HAS_OUTSIDE = """
SELECT EXISTS (SELECT 1 FROM integrations_recordlink l
 WHERE l.connection_id = {connection} AND l.salesforce_object = {object} AND l.outside <> '')"""
LEAVE_DEALS = "UPDATE chunk SET action = 'ignore' WHERE action = 'create'"
"""Only people and companies have to be known before they are wanted (H2)."""
FREEZE = """
UPDATE chunk c SET action = CASE l.outside WHEN '' THEN 'freeze' ELSE 'frozen' END
  FROM integrations_recordlink l
 WHERE l.id = c.link_id AND c.action IN ('same', 'update') AND l.outside <> 'known'
   AND coalesce(c.seen <= c.modstamp, true)"""
THAW = """
UPDATE chunk c SET action = 'thaw' FROM integrations_recordlink l
 WHERE l.id = c.link_id AND c.action = 'same' AND l.outside <> '' AND coalesce(c.seen <= c.modstamp, true)"""
"""One that differs is updated, and thaws with that."""

KEEP_FROZEN = """
WITH before AS (
  SELECT l.id, l.outside FROM integrations_recordlink l JOIN chunk c ON c.link_id = l.id
   WHERE c.action IN ('freeze', 'frozen') OR c.action = 'update' AND l.outside = ''
), frozen AS (
  UPDATE integrations_recordlink l
     SET outside = CASE l.outside WHEN '' THEN 'frozen' ELSE l.outside END, match_key = left(c.match_key, 320),
         system_modstamp = c.modstamp, changed_at = CASE l.outside WHEN '' THEN now() ELSE l.changed_at END
    FROM chunk c JOIN before b ON b.id = c.link_id
   WHERE l.id = b.id RETURNING l.record_id, b.outside
), hidden AS (
  UPDATE {table} r SET hidden = true FROM frozen f WHERE r.id = f.record_id AND NOT r.hidden
)
SELECT count(*) FILTER (WHERE outside = '') FROM frozen"""
"""Base stays, and so does the record; whose e-mail it is stays known, for C4 and H2."""
HIDE_MATCHED = """
UPDATE {table} r SET hidden = true FROM chunk c
 WHERE c.action = 'match' AND r.id = c.record_id AND NOT r.hidden"""
COME_BACK = """
WITH back AS (
  UPDATE integrations_recordlink l SET outside = '', changed_at = now() FROM chunk c
   WHERE l.id = c.link_id AND c.action IN ('thaw', 'update') AND l.outside <> '' RETURNING l.record_id
), shown AS (
  UPDATE {table} r SET hidden = {hidden} FROM back b WHERE r.id = b.record_id AND r.hidden <> {hidden}
), edited AS (
  INSERT INTO integrations_outboxentry (kind, record_id)
  SELECT {kind}, b.record_id FROM back b
   WHERE EXISTS (SELECT 1 FROM crm_journalentry j WHERE j.kind = {kind} AND j.record_id = b.record_id
                    AND j.origin <> 'pull' AND j.action = 'updated' OFFSET 0)
   ORDER BY b.record_id
  ON CONFLICT DO NOTHING
)
SELECT count(*) FROM back"""
"""What was edited here meanwhile goes out now, as far as it still differs (D6)."""


def known_columns(plan: ObjectPlan) -> tuple[str, ...]:
    """The Salesforce fields that are read of every record, whether it meets the filter or not."""
    return tuple(name for name in plan.columns if name in STANDING or name in NAMES[plan.object])


def known_plan(plan: ObjectPlan) -> ObjectPlan:
    """The plan for the rows that don't meet the filter."""
    columns = known_columns(plan)
    return replace(plan.only(columns), columns=columns, hidden=True, outside=True, filter="")


class AroundFilter:
    """What the pull filter asks of one chunk, after it is planned and after its links are written."""

    def __init__(self, statements: Statements) -> None:
        self.statements = statements
        self.plan = statements.plan
        self.shows = not self.plan.outside and bool(self._first(HAS_OUTSIDE))

    def judge(self) -> None:
        """Say of the chunk's rows which leave the filter, and which come back."""
        if self.shows:
            self._execute(THAW)
        if not self.plan.outside:
            return
        if self.plan.kind == Kind.DEAL:
            self._execute(LEAVE_DEALS)
        self._execute(FREEZE)

    def settle(self, counts: Counter[str]) -> None:
        """Freeze and hide, or thaw and show. None of them counts as updated for that."""
        counts["unchanged"] += counts["apart"]
        if self.plan.outside:
            if counts["matched"]:
                self._execute(HIDE_MATCHED)
            if counts["apart"] or counts["met"]:
                self._count(self._first(KEEP_FROZEN))
        elif self.shows and (counts["apart"] or counts["met"]):
            self._count(-self._first(COME_BACK))

    def _count(self, more: int) -> None:
        if more:
            hides_all = self.plan.object in SyncSettings.current().hidden_objects
            SyncedObject.objects.filter(connection=self.plan.connection_id, name=self.plan.object).update(
                outside=F("outside") + more,
                hidden=F("hidden") + (0 if hides_all else more),
            )

    def _execute(self, text: str) -> None:
        with database.cursor() as cursor:
            cursor.execute(self._filled(text))

    def _first(self, text: str) -> int:
        with database.cursor() as cursor:
            cursor.execute(self._filled(text))
            return int((cursor.fetchone() or (0,))[0])

    def _filled(self, text: str) -> sql.Composed:
        return self.statements.fill(text, hidden=sql.Literal(self.plan.hidden))
