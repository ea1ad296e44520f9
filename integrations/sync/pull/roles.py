"""What contact roles ask of one chunk (spec G4): of roles that their parents are here, of parents to call their roles.

A role has no life of its own. Taken away in Salesforce, it goes here at once; deleted there along with its deal or
person, it stays with them, whose own switch decides (docs/decisions/0015-contact-roles.md). Which of the two it was
shows only where the same run has read deals and people.
"""

from collections import Counter
from functools import cached_property

from django.db import connection as database
from psycopg import sql

from crm.models import Kind
from integrations.models import SyncRun
from integrations.sync.pull.role_plan import ROLE
from integrations.sync.pull.statements import Statements

PARENT_OBJECTS = ("Contact", "Opportunity")

LOCK_PARENTS = """
SELECT r.id FROM {table} r
 WHERE r.id IN (SELECT c.{parent} FROM chunk c WHERE c.action IN ('create', 'match', 'update'))
 ORDER BY r.id FOR KEY SHARE"""
LOST_PARENTS = """
UPDATE chunk c SET action = 'stale'
 WHERE c.action IN ('create', 'match', 'update')
   AND NOT (EXISTS (SELECT 1 FROM crm_deal d WHERE d.id = c.p0 OFFSET 0)
            AND EXISTS (SELECT 1 FROM crm_contact p WHERE p.id = c.p1 OFFSET 0))"""
"""Deleted here between being found and being locked."""

REMOVE = """
WITH gone AS (
  DELETE FROM crm_contactrole r USING chunk c
   WHERE r.id = c.record_id AND ({condition}) RETURNING r.id, to_jsonb(r) AS before)
INSERT INTO crm_journalentry (kind, record_id, action, changes, origin, run)
SELECT {kind}, id, 'deleted', lockstep_changes(before, '{{}}'), 'pull', {run} FROM gone"""
TAKEN_AWAY = """
c.action IN ('gone', 'known gone') AND NOT EXISTS (
  SELECT 1 FROM integrations_recordlink p
   WHERE p.connection_id = {connection} AND p.state = 'gone' AND p.suppressed_by = ''
     AND p.salesforce_id IN (c.agreed ->> 'OpportunityId', c.agreed ->> 'ContactId'))"""
"""Parents are pulled before their roles, so that what took its roles along is known to be gone."""
LEAVE_REMOVALS = "UPDATE chunk SET action = 'stale' WHERE action IN ('gone', 'known gone')"
"""The next pull reads them again, and judges them."""
LEFT_OUT = "c.action = 'fold'"
LEAVE_OUT = """
UPDATE integrations_recordlink l
   SET state = 'suppressed', suppressed_by = c.suppressor, record_id = NULL, base = c.base,
       system_modstamp = c.modstamp, changed_at = now()
  FROM chunk c WHERE l.id = c.link_id AND c.action = 'fold' AND l.state = 'linked'"""
"""A role that was moved to a person who isn't here."""

HAS_WAITING = """
SELECT EXISTS (SELECT 1 FROM integrations_recordlink l
 WHERE l.connection_id = {connection} AND l.salesforce_object = {role} AND l.suppressed_by <> '')"""
CALL_WAITING = """
UPDATE integrations_recordlink SET reread = true WHERE id IN (
  SELECT k.id FROM chunk c CROSS JOIN LATERAL (
    SELECT l.id FROM integrations_recordlink l
     WHERE l.connection_id + 0 = {connection} AND l.salesforce_object = {role} AND l.suppressed_by = c.sid
       AND l.suppressed_by <> '' AND NOT l.reread OFFSET 0) k
   WHERE c.action NOT IN ('stale', 'ignore', 'gone', 'known gone', 'same'))"""
QUEUE = """
INSERT INTO integrations_outboxentry (kind, record_id)
SELECT {role_kind}, r.id FROM crm_contactrole r
 WHERE r.contact_id IN ({people})
   AND NOT EXISTS (SELECT 1 FROM integrations_recordlink l
                    WHERE l.connection_id = {connection} AND l.kind = {role_kind} AND l.record_id = r.id)
 ORDER BY r.id
ON CONFLICT DO NOTHING"""
"""Roles that had to wait, as Salesforce takes contacts only."""
BECAME_CONTACTS = """
SELECT l.record_id FROM chunk c JOIN integrations_recordlink l ON l.connection_id = {connection}
   AND l.salesforce_id = c.sid AND l.linked_run = {run} WHERE c.action IN ('match', 'update')"""
TOOK_LEADS_IN = """
SELECT l.record_id FROM chunk c JOIN integrations_recordlink l ON l.connection_id = {connection}
   AND l.salesforce_id = c.suppressor WHERE c.action = 'fold'"""


class RolesAndParents:
    """For a chunk of roles, or of the deals and people that have some; of other objects nothing."""

    def __init__(self, statements: Statements, *, run: SyncRun) -> None:
        self.statements = statements
        self.plan = statements.plan
        self.run = run

    @cached_property
    def _are_awaited(self) -> bool:
        if self.plan.object not in PARENT_OBJECTS:
            return False
        with database.cursor() as cursor:
            cursor.execute(self._filled(HAS_WAITING))
            return bool((cursor.fetchone() or (False,))[0])

    def confirm(self, counts: Counter[str]) -> int:
        """After the records' locks: roles whose deal or person went meanwhile wait, and removals nobody can judge.

        How many.
        """
        if self.plan.kind != Kind.CONTACT_ROLE:
            return 0
        removals = counts["deleted"] or counts["known_gone"]
        left = self._execute(LEAVE_REMOVALS) if removals and not self._may_remove() else 0
        return left + self._leave_orphans(counts)

    def _may_remove(self) -> bool:
        """Not in a repair, which never deletes (C3), nor before it is known who is gone: deals pulled alone, or a
        run that couldn't read the contacts."""
        read = SyncRun.objects.filter(
            parent_id=self.run.parent_id, object__in=PARENT_OBJECTS, state=SyncRun.State.SUCCEEDED
        )
        return self.run.kind != SyncRun.Kind.RECONCILE and read.count() == len(PARENT_OBJECTS)

    def _leave_orphans(self, counts: Counter[str]) -> int:
        if not any(counts[key] for key in ("created", "matched", "met")):
            return 0
        for parent, table in (("p0", "crm_deal"), ("p1", "crm_contact")):
            places = {"table": sql.Identifier(table), "parent": sql.Identifier(parent)}
            self._execute(LOCK_PARENTS, **places)
        return self._execute(LOST_PARENTS)

    def settle(self, counts: Counter[str]) -> None:
        """Once the links are written: what was taken away goes, and what waited for these rows goes on."""
        if self.plan.kind == Kind.CONTACT_ROLE:
            self._remove(counts)
            return
        if self._are_awaited:
            self._execute(CALL_WAITING)
        if self.plan.object == "Contact" and (counts["matched"] or counts["taken"]):
            self._execute(QUEUE, people=self._filled(BECAME_CONTACTS))
        if self.plan.object == "Lead" and counts["folded"]:
            self._execute(QUEUE, people=self._filled(TOOK_LEADS_IN))

    def _remove(self, counts: Counter[str]) -> None:
        if counts["deleted"] or counts["known_gone"]:
            self._execute(REMOVE, condition=self._filled(TAKEN_AWAY))
        if counts["folded"]:
            self._execute(REMOVE, condition=sql.SQL(LEFT_OUT))
            self._execute(LEAVE_OUT)

    def _execute(self, text: str, **more: sql.Composable) -> int:
        with database.cursor() as cursor:
            cursor.execute(self._filled(text, **more))
            return int(cursor.rowcount)

    def _filled(self, text: str, **more: sql.Composable) -> sql.Composed:
        names = {"role": sql.Literal(ROLE), "role_kind": sql.Literal(str(Kind.CONTACT_ROLE))}
        return self.statements.fill(text, **(names | more))
