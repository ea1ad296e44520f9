"""A lead's account: the one at the registrable domain of its e-mail (spec C7).

Found in sets, in the transaction of the chunk that brings the lead, and for leads that are there already once an
account comes to their domain or leaves it (`DomainToMatch`). What a person chose is never touched: an account is the
rule's to change only while it is the one that the rule gave. Such an account stays while it keeps the domain, however
many people others come to have.
"""

from django.db import connection as database
from django.db import transaction
from psycopg import sql

from integrations.sync.pull.statements import Statements

ORIGIN = "domain"
DOMAINS_AT_ONCE = 500
LEADS_AT_ONCE = 5_000
MANY_NOTES = 10_000
"""More than gather between two pulls of leads: where leads can't be read, nobody works the notes off."""

JUDGED = """
SELECT l.id AS link_id, l.matched_account AS matched, r.id AS record_id, r.account_id, r.email,
       {created} AS created
  FROM {source}
  JOIN crm_contact r ON r.id = l.record_id AND r.merged_into_id IS NULL
 WHERE l.state = 'linked' AND l.outside = ''"""
OF_CHUNK = """
chunk c JOIN integrations_recordlink l
    ON l.connection_id = {connection} AND l.salesforce_id = c.sid
   AND c.action IN ('create', 'match', 'update', 'same', 'thaw')"""
OF_DOMAINS = """
(SELECT DISTINCT k.id FROM unnest({domains}::text[]) AS d (domain) CROSS JOIN LATERAL (
   SELECT k.id FROM integrations_recordlink k
    WHERE k.connection_id + 0 = {connection} AND k.salesforce_object = 'Lead' AND k.state = 'linked'
      AND k.match_key <> ''
      AND reverse(split_part(k.match_key, '@', 2)) COLLATE "C" >= reverse(d.domain)
      AND reverse(split_part(k.match_key, '@', 2)) COLLATE "C" < reverse(d.domain) || '/' OFFSET 0) k) m
  JOIN integrations_recordlink l ON l.id = m.id"""
"""Hosts below a domain begin with it when read backwards, and go on with a dot, which `/` follows."""

CHOOSE = """
CREATE TEMP TABLE joining ON COMMIT DROP AS
WITH judged AS MATERIALIZED (
  SELECT j.*, split_part(lower(btrim(j.email)), '@', 2) AS host FROM ({judged}) j
), hosts AS MATERIALIZED (
  SELECT h.host, lockstep_domain(h.host) AS domain FROM (SELECT DISTINCT host FROM judged WHERE host <> '') h
), domains AS MATERIALIZED (
  SELECT h.host, h.domain FROM hosts h
   WHERE NOT EXISTS (SELECT 1 FROM crm_freemaildomain f WHERE f.domain IN (h.domain, h.host))
), companies AS MATERIALIZED (
  SELECT d.domain, p.* FROM (SELECT DISTINCT domain FROM domains WHERE domain IS NOT NULL) d
   CROSS JOIN LATERAL (
    SELECT q.id, q.accounts, q.people FROM (
      SELECT a.id, a.hidden, count(*) OVER () AS accounts,
             CASE WHEN count(*) OVER () > 1 THEN (
               SELECT count(*) FROM crm_contact x WHERE x.account_id = a.id AND x.merged_into_id IS NULL) END AS people,
             (SELECT k.salesforce_id FROM integrations_recordlink k
               WHERE k.connection_id = {connection} AND k.kind = 'account' AND k.record_id = a.id
                 AND k.state = 'linked') AS sid
        FROM crm_account a WHERE a.domain = d.domain AND a.domain <> '' AND a.merged_into_id IS NULL) q
     ORDER BY q.hidden, q.people DESC, q.sid COLLATE "C", q.id LIMIT 1) p
)
SELECT j.link_id, j.record_id, j.email, j.created, j.account_id AS before, p.id AS after,
       CASE WHEN p.id IS NOT NULL THEN jsonb_build_object('account', p.id, 'domain', p.domain, 'of', p.accounts,
         'people', p.people, 'at', now(), 'run', {run}::bigint) END AS matched
  FROM judged j
  LEFT JOIN domains h ON h.host = j.host
  LEFT JOIN companies p ON p.domain = h.domain
  LEFT JOIN crm_account a ON a.id = (j.matched ->> 'account')::bigint AND a.merged_into_id IS NULL
 WHERE p.id IS DISTINCT FROM j.account_id
   AND CASE WHEN j.account_id IS NULL THEN a.id IS NULL
            ELSE j.account_id = (j.matched ->> 'account')::bigint
             AND (a.domain = h.domain) IS NOT TRUE END
 LIMIT {most}"""
"""One that a person took away stays away while it is there. Of several: those that are shown first, then the one with
most people, then the oldest, as Salesforce hands its ids out in order."""
LOCK_PEOPLE = """
SELECT r.id FROM crm_contact r WHERE r.id IN (SELECT record_id FROM joining) ORDER BY r.id FOR NO KEY UPDATE"""
LOCK_ACCOUNTS = """
SELECT a.id FROM crm_account a WHERE a.id IN (SELECT after FROM joining) ORDER BY a.id FOR KEY SHARE"""
JOIN = """
WITH written AS (
  UPDATE crm_contact r SET account_id = j.after FROM joining j
   WHERE r.id = j.record_id AND r.merged_into_id IS NULL AND r.email = j.email
     AND r.account_id IS NOT DISTINCT FROM j.before
     AND (j.after IS NULL OR EXISTS (SELECT 1 FROM crm_account a WHERE a.id = j.after AND a.merged_into_id IS NULL))
  RETURNING j.link_id, j.record_id, j.before, j.after, j.matched, j.created
), told AS (
  UPDATE integrations_recordlink l SET matched_account = w.matched FROM written w WHERE l.id = w.link_id
)
INSERT INTO crm_journalentry (kind, record_id, action, changes, origin, run)
SELECT 'contact', record_id, 'updated', jsonb_build_object('account', jsonb_build_array(before, after)),
       {origin}, {run}
  FROM written WHERE NOT created"""
"""Edited here since they were chosen, or their account gone: looked at again with the next note or pull."""

NEXT_NOTED = "SELECT id, domain FROM integrations_domaintomatch ORDER BY id LIMIT %s"
FORGET = "DELETE FROM integrations_domaintomatch WHERE id = ANY (%s)"
FORGET_ALL = "DELETE FROM integrations_domaintomatch"
FORGET_NEEDLESS = """
DELETE FROM integrations_domaintomatch
 WHERE NOT EXISTS (SELECT 1 FROM integrations_recordlink k
                    WHERE k.connection_id + 0 = {connection} AND k.salesforce_object = 'Lead' AND k.state = 'linked'
                      AND k.match_key <> '')"""
"""A lead that comes later is matched by the chunk that brings it."""
FORGET_TWINS = """
DELETE FROM integrations_domaintomatch d
 USING (SELECT domain, min(id) AS first FROM integrations_domaintomatch GROUP BY domain) k
 WHERE k.domain = d.domain AND d.id > k.first
   AND (SELECT count(*) FROM (SELECT FROM integrations_domaintomatch LIMIT {many} + 1) x) > {many}"""


class LeadAccounts:
    """What C7 asks of one chunk of leads, and of the leads that no chunk brings; of other objects nothing."""

    def __init__(self, statements: Statements) -> None:
        self.statements = statements
        self.plan = statements.plan
        self.is_on = self.plan.matches_accounts and not self.plan.outside

    def settle(self, *, reads_all_from_here: bool) -> None:
        """Once a chunk's links are written.

        A run that brings all leads looks at each; what was noted before its first chunk has nothing to add.
        """
        if not self.is_on:
            return
        if reads_all_from_here:
            self._execute(sql.SQL(FORGET_ALL))
        self._join(OF_CHUNK, sql.SQL("c.action = 'create'"), most=sql.SQL("ALL"))

    def match_noted(self) -> bool:
        """Leads of the next noted domains, some thousands in the caller's transaction; True when any is left."""
        if self.plan.object == "Account":
            self._execute(self.statements.fill(FORGET_NEEDLESS))
            self._execute(self.statements.fill(FORGET_TWINS, many=sql.Literal(MANY_NOTES)))
        if self.plan.object != "Lead":
            return False
        if not self.is_on:
            self._execute(sql.SQL(FORGET_ALL))  # turned on, it notes every domain
            return False
        with database.cursor() as cursor:
            cursor.execute(NEXT_NOTED, [DOMAINS_AT_ONCE])
            noted = cursor.fetchall()
        if not noted:
            return False
        domains = sql.Literal(sorted({domain for _, domain in noted}))
        chosen = self._join(OF_DOMAINS, sql.SQL("false"), most=sql.Literal(LEADS_AT_ONCE), domains=domains)
        if chosen < LEADS_AT_ONCE:
            self._execute(sql.SQL(FORGET), [[pk for pk, _ in noted]])
        return True

    def _join(
        self, source: str, created: sql.Composable, *, most: sql.Composable, **more: sql.Composable
    ) -> int:
        """How many were found to have another account than they should."""
        fill = self.statements.fill
        judged = fill(JUDGED, source=fill(source, **more), created=created)
        self._execute(sql.SQL("DROP TABLE IF EXISTS pg_temp.joining"))
        chosen = self._execute(fill(CHOOSE, judged=judged, most=most))
        if chosen:
            self._execute(sql.SQL(LOCK_PEOPLE))
            self._execute(sql.SQL(LOCK_ACCOUNTS))
            self._execute(fill(JOIN, origin=sql.Literal(ORIGIN)))
        return chosen

    def _execute(self, statement: sql.Composable, parameters: list[list[int]] | None = None) -> int:
        with database.cursor() as cursor:
            cursor.execute(statement, parameters)
            return int(cursor.rowcount)


def note_all_domains() -> None:
    """The rule was turned on: the next pull looks at all leads whose domain has an account."""
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute(
            "INSERT INTO integrations_domaintomatch (domain) SELECT DISTINCT domain FROM crm_account"
            " WHERE domain <> '' AND merged_into_id IS NULL"
        )
