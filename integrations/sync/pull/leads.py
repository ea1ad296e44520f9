"""The same person as a lead and as a contact (spec C4): one person here, whose link moves to the contact.

A contact that appears takes a lead's person over, with id, history and lists: `take over` in its chunk. A lead
whose contact has a person already is merged into that: `fold` in the lead's chunk. A contact's chunk asks for the
leads that it concerns to be read again, which happens in the same run, as leads come after contacts.
"""

from collections import Counter
from functools import cached_property

from django.db import connection as database
from django.db.models import F
from django.db.models.functions import Least
from psycopg import sql

from integrations.models import Connection, SyncedObject
from integrations.sync.joined_edits import carry_over
from integrations.sync.merging import merge_as_salesforce_did, settled_pairs
from integrations.sync.pull.chunk_sql import ON_ITS_WAY
from integrations.sync.pull.lease import Lease
from integrations.sync.pull.plan import fields_of_leads
from integrations.sync.pull.statements import Statements

HAS_LEADS = """
SELECT EXISTS (SELECT 1 FROM integrations_recordlink l WHERE l.salesforce_object = 'Lead' AND l.match_key <> '')
    OR EXISTS (SELECT 1 FROM integrations_recordlink l WHERE l.suppressed_by <> '' AND l.salesforce_object = 'Lead')"""

FIND = """
CREATE TEMP TABLE taken ON COMMIT DROP AS
SELECT DISTINCT ON (k.record_id) c.sid, k.id AS lead_link, k.record_id
  FROM chunk c CROSS JOIN LATERAL (
    SELECT q.* FROM (
      SELECT a.id, a.record_id, 0 AS place FROM integrations_recordlink a
       WHERE a.connection_id + 0 = {connection} AND a.salesforce_object = 'Lead' AND a.suppressed_by = c.sid
         AND a.suppressed_by <> '' AND a.state IN ('linked', 'suppressed')
       UNION ALL
      SELECT b.id, b.record_id, 1 FROM integrations_recordlink b
       WHERE b.connection_id + 0 = {connection} AND b.salesforce_object = 'Lead' AND b.match_key = c.match_key
         AND b.match_key <> '' AND b.state = 'linked'
    ) q JOIN crm_contact r ON r.id = q.record_id AND r.merged_into_id IS NULL
   WHERE NOT EXISTS (SELECT 1 FROM integrations_recordlink o
                      WHERE o.connection_id = {connection} AND o.kind = 'contact' AND o.record_id = q.record_id
                        AND o.state = 'linked' AND o.id <> q.id)
   ORDER BY place, record_id LIMIT 1) k
 WHERE c.action = 'create'
 ORDER BY k.record_id, c.sid COLLATE "C" """
"""The contact that a lead was converted to, else the oldest with its e-mail; of several leads the first pulled."""
TAKE = "UPDATE chunk c SET action = 'take over', record_id = t.record_id FROM taken t WHERE t.sid = c.sid"
LOCK_LEADS = """
SELECT l.id FROM integrations_recordlink l WHERE l.id IN (SELECT lead_link FROM taken)
 ORDER BY l.id FOR NO KEY UPDATE"""
LET_GO = """
UPDATE chunk c SET action = 'create', record_id = NULL
 WHERE c.action = 'take over' AND NOT EXISTS (
   SELECT 1 FROM taken t
     JOIN integrations_recordlink l ON l.id = t.lead_link AND l.record_id = t.record_id
     JOIN crm_contact r ON r.id = t.record_id AND r.merged_into_id IS NULL
    WHERE t.sid = c.sid AND l.state IN ('linked', 'suppressed'))"""
"""Deleted, merged or unlinked between being found and being locked."""
LET_WAIT = f"""
UPDATE chunk c SET action = 'stale'
 WHERE c.action = 'take over' AND {ON_ITS_WAY.format(record="c.record_id")}"""

MOVE = """
WITH moved AS (
  INSERT INTO integrations_recordlink AS l (connection_id, salesforce_object, salesforce_id, kind, record_id, state,
         suppressed_by, base, match_key, waiting_for, system_modstamp, linked_run)
  SELECT {connection}, {object}, c.sid, {kind}, t.record_id, 'linked', '', {base}, '', NULL, NULL, {run}
    FROM taken t
    JOIN chunk c ON c.sid = t.sid AND c.action = 'take over'
    JOIN integrations_recordlink a ON a.id = t.lead_link
    JOIN crm_contact r ON r.id = t.record_id
  ON CONFLICT (connection_id, salesforce_id) DO UPDATE
     SET record_id = excluded.record_id, state = 'linked', suppressed_by = '', base = excluded.base,
         match_key = '', waiting_for = NULL, system_modstamp = NULL, linked_run = excluded.linked_run,
         changed_at = now()
  RETURNING id, salesforce_id, record_id
), shown AS (
  UPDATE crm_contact r SET hidden = {hidden} FROM moved m WHERE r.id = m.record_id AND r.hidden <> {hidden}
)
UPDATE chunk c SET action = 'update', link_id = m.id FROM moved m WHERE m.salesforce_id = c.sid"""
"""What lead and contact say alike was agreed of the lead: an edit made here since is one of the contact."""
AGREED = (
    "CASE WHEN a.base ? {lead} THEN jsonb_build_object({contact}::text, a.base -> {lead}) ELSE '{{}}' END"
)
AGREED_PARENT = """
coalesce((SELECT jsonb_build_object({contact}::text, p.salesforce_id) FROM integrations_recordlink p
           WHERE p.connection_id = {connection} AND p.kind = 'account' AND p.record_id = r.account_id
             AND p.state = 'linked'), '{{}}')"""
"""A lead has no account there; the one that was found for it gives way to the contact's (C7)."""
STAND_ASIDE = """
WITH before AS (
  SELECT l.id, l.state FROM integrations_recordlink l JOIN taken t ON t.lead_link = l.id
    JOIN chunk c ON c.sid = t.sid AND c.action = 'take over'
), aside AS (
  UPDATE integrations_recordlink l
     SET state = 'suppressed', suppressed_by = t.sid, waiting_for = NULL, changed_at = now()
    FROM taken t, before b WHERE l.id = t.lead_link AND b.id = l.id RETURNING b.state, l.record_id
), edited AS (
  INSERT INTO integrations_outboxentry (kind, record_id)
  SELECT 'contact', a.record_id FROM aside a
   WHERE a.state = 'suppressed'
     AND EXISTS (SELECT 1 FROM crm_journalentry j WHERE j.kind = 'contact' AND j.record_id = a.record_id
                    AND j.origin <> 'pull' AND j.action = 'updated' OFFSET 0)
   ORDER BY a.record_id
  ON CONFLICT DO NOTHING)
SELECT count(*) FILTER (WHERE state = 'linked'), count(*) FROM aside"""
"""A person whose lead was left out before the contact came could be edited, but had nobody to send it to."""

REJUDGE = """
UPDATE integrations_recordlink SET reread = true WHERE id IN (
  SELECT k.id FROM chunk c CROSS JOIN LATERAL (
    SELECT l.id FROM integrations_recordlink l
     WHERE l.connection_id + 0 = {connection} AND l.salesforce_object = 'Lead' AND l.match_key = c.match_key
       AND l.match_key <> '' AND NOT l.reread
       AND (l.state = 'linked' OR l.state = 'suppressed' AND l.suppressed_by COLLATE "C" > c.sid COLLATE "C")
    OFFSET 0) k
   WHERE c.action IN ('create', 'match', 'update', 'freeze', 'frozen', 'thaw'))"""
"""Leads of the same person, and those left out for a younger contact than this: their own rows tell what becomes of
them. A contact outside the filter is the same person all the same."""
REJUDGE_NAMED = """
UPDATE integrations_recordlink SET reread = true WHERE id IN (
  SELECT k.id FROM chunk c CROSS JOIN LATERAL (
    SELECT l.id FROM integrations_recordlink l
     WHERE l.connection_id + 0 = {connection} AND l.salesforce_object = 'Lead' AND l.suppressed_by = c.sid
       AND l.suppressed_by <> '' AND NOT l.reread
       AND (l.state = 'linked' OR c.deleted OR l.match_key <> left(c.match_key, 320)) OFFSET 0) k
   WHERE c.action NOT IN ('same', 'stale', 'ignore'))"""
"""Leads that name this contact: converted to it, or left out because of it, which may have ended."""

KEEP_UP = """
UPDATE integrations_recordlink l
   SET base = c.base, match_key = left(c.match_key, 320), system_modstamp = c.modstamp, changed_at = now()
  FROM chunk c
 WHERE l.id = c.link_id AND c.action = 'suppressed'
   AND (c.seen, c.agreed) IS DISTINCT FROM (c.modstamp, c.base)"""
"""Whose e-mail it was left out for is compared with the contact's when that changes."""
WAIT_FOR_EDITS = """
UPDATE chunk c SET action = 'stale' FROM integrations_recordlink l
 WHERE l.id = c.link_id AND c.action = 'fold'
   AND EXISTS (SELECT 1 FROM integrations_outboxentry o
                WHERE o.kind = 'contact' AND o.record_id = l.record_id AND o.state = 'pending' OFFSET 0)"""
"""What was typed into the lead's person is on its way to the lead: the person goes once it is there."""
FOLDED = """
SELECT l.record_id, s.id
  FROM chunk c
  JOIN integrations_recordlink l ON l.id = c.link_id AND l.state = 'linked'
  JOIN crm_contact r ON r.id = l.record_id
  JOIN integrations_recordlink k
    ON k.connection_id = {connection} AND k.salesforce_id = c.suppressor AND k.state = 'linked'
  JOIN crm_contact s ON s.id = k.record_id AND s.merged_into_id IS NULL
 WHERE c.action = 'fold' AND s.id <> r.id"""
SUPPRESS = """
UPDATE integrations_recordlink l
   SET state = 'suppressed', suppressed_by = c.suppressor, base = c.base, match_key = left(c.match_key, 320),
       waiting_for = NULL, system_modstamp = c.modstamp, changed_at = now()
  FROM chunk c
 WHERE l.id = c.link_id AND c.action = 'fold' AND l.state = 'linked'
   AND EXISTS (SELECT 1 FROM crm_contact r WHERE r.id = l.record_id)"""
"""A lead whose person was deleted here keeps its link until that is settled. One that was converted to a contact
nobody shows us keeps its person, for when it appears."""


class LeadsAndContacts:
    """What C4 asks of one chunk of contacts or leads; of other objects nothing."""

    def __init__(self, statements: Statements, *, lease: Lease) -> None:
        self.statements = statements
        self.plan = statements.plan
        self.lease = lease

    @cached_property
    def _has_leads(self) -> bool:
        return bool(_fetch(sql.SQL(HAS_LEADS))[0][0])

    def find(self) -> None:
        """Contacts that are to be created and take over a lead's person."""
        if self.plan.object == "Contact" and self._has_leads:
            _execute(self.statements.fill(FIND))
            _execute(sql.SQL(TAKE))

    def confirm(self, counts: Counter[str]) -> int:
        """After the locks: those that can't any more are created, or wait. How many changed."""
        changed = 0
        if counts["taken"]:
            _execute(sql.SQL(LOCK_LEADS))
            changed += _execute(sql.SQL(LET_GO)) + _execute(self.statements.fill(LET_WAIT))
        if self.plan.object == "Lead" and counts["folded"]:
            changed += _execute(sql.SQL(WAIT_FOR_EDITS))
        return changed

    def move(self) -> int:
        """The links move to the contacts, whose rows go on as updates. How many."""
        was_linked, moved = _fetch(sql.SQL(STAND_ASIDE))[0]
        hidden, base = sql.Literal(self.plan.hidden), self._base()
        _execute(self.statements.fill(MOVE, hidden=hidden, base=base))
        self._count_leads(-was_linked, suppressed=was_linked)
        return int(moved)

    def _base(self) -> sql.Composable:
        connection = Connection.objects.get(pk=self.plan.connection_id)
        parts: list[sql.Composable] = [
            sql.SQL(AGREED).format(contact=sql.Literal(contact), lead=sql.Literal(lead))
            for contact, lead in fields_of_leads(connection, self.plan.fields)
        ]
        parts += [
            self.statements.fill(AGREED_PARENT, contact=field.key)
            for field in self.plan.fields
            if field.waits()
        ]
        return sql.SQL(" || ").join(parts or [sql.SQL("'{}'::jsonb")])

    def settle(self, counts: Counter[str]) -> int:
        """Once the links are written. How many persons were merged into another."""
        if self.plan.object == "Contact" and self._has_leads:
            _execute(self.statements.fill(REJUDGE))
            _execute(self.statements.fill(REJUDGE_NAMED))
        if self.plan.object != "Lead":
            return 0
        if counts["suppressed"]:
            _execute(sql.SQL(KEEP_UP))
        return self._fold() if counts["folded"] else 0

    def _fold(self) -> int:
        pairs = settled_pairs(self.plan.kind, self._folded)
        carry_over(self.plan.connection_id, pairs)
        suppressed = _execute(sql.SQL(SUPPRESS))
        merge_as_salesforce_did(
            self.plan.connection_id, self.plan.kind, pairs, run=self.plan.run, now=self.lease.clock()
        )
        self._count_leads(-suppressed, suppressed=suppressed)
        return len(pairs)

    def _folded(self) -> list[tuple[int, int]]:
        return [(int(lead), int(contact)) for lead, contact in _fetch(self.statements.fill(FOLDED))]

    def _count_leads(self, linked: int, *, suppressed: int) -> None:
        leads = SyncedObject.objects.filter(connection_id=self.plan.connection_id, name="Lead")
        leads.update(
            linked=F("linked") + linked,
            suppressed=F("suppressed") + suppressed,
            hidden=Least(F("hidden"), F("linked") + linked),
        )


def _execute(statement: sql.Composable) -> int:
    with database.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.rowcount)


def _fetch(statement: sql.Composable) -> list[tuple[int, ...]]:
    with database.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())
