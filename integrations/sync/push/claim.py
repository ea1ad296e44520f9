"""Taking rows out of the outbox to send them: one worker a row, and one request at a time an account (D8).

Claims are made one after the other, in milliseconds; the sending goes on side by side.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import connection as database
from django.db import transaction
from psycopg import sql

from integrations.sync.push.plan import TABLES

MOST = 2000
"""Rows of one claim: what one retrieve can read (D12)."""
LEASE = timedelta(minutes=5)
"""Longer than a call may take; kept up before each. What is older belongs to a worker that died."""
CLAIM_LOCK = 5_301_729

ACCOUNTS = {
    "account": "r.id",
    "contact": "r.account_id",
    "deal": "r.account_id",
    "contact_role": "(SELECT d.account_id FROM crm_deal d WHERE d.id = r.deal_id)",
}
CLAIM = """
WITH due AS (
  SELECT o.id, {account} AS account_id
    FROM integrations_outboxentry o LEFT JOIN {table} r ON r.id = o.record_id
   WHERE o.kind = %(kind)s AND o.state = 'pending' AND o.live = %(live)s AND o.not_before <= %(now)s
     AND NOT EXISTS (SELECT 1 FROM integrations_outboxentry s
                      WHERE s.kind = o.kind AND s.record_id = o.record_id AND s.state IN ('in_flight', 'unknown')
                    OFFSET 0)
     AND ({account} IS NULL OR {account} NOT IN (
       SELECT s.account_id FROM integrations_outboxentry s WHERE s.state = 'in_flight' AND s.account_id IS NOT NULL))
   ORDER BY o.not_before, o.id LIMIT %(most)s FOR UPDATE OF o SKIP LOCKED)
UPDATE integrations_outboxentry o
   SET state = 'in_flight', claimed_at = %(now)s, claimed_by = %(claim)s, account_id = due.account_id, payload = NULL
  FROM due WHERE o.id = due.id
RETURNING o.id, o.record_id, o.manual, o.backfill, o.needed, o.attempts"""
"""Each row asks an index whether its record is on its way (OFFSET 0), and a hash for its account (NOT IN): joined,
a planner that last saw nothing on its way compares every row due with every row sent, while others wait."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row that is ours until it is settled or the lease runs out."""

    id: int
    record_id: int
    manual: bool
    backfill: bool
    needed: bool
    attempts: int


@dataclass(frozen=True, slots=True)
class Claim:
    """Rows of one kind, under one name: who settles a row must still hold it under that name."""

    kind: str
    name: str
    rows: dict[int, Claimed]


def claim(kind: str, *, live: bool, now: datetime, most: int = MOST) -> Claim:
    """What is due of the kind, edits or a backfill (D7), the longest waiting first; may be empty."""
    name = uuid4().hex
    statement = sql.SQL(CLAIM).format(account=sql.SQL(ACCOUNTS[kind]), table=sql.Identifier(TABLES[kind]))
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLAIM_LOCK])
        cursor.execute(statement, {"kind": kind, "live": live, "now": now, "most": most, "claim": name})
        rows = {row[0]: Claimed(*row) for row in cursor.fetchall()}
    return Claim(kind, name, rows)


REAP = """
UPDATE integrations_outboxentry SET state = 'unknown', not_before = %s
 WHERE state = 'in_flight' AND claimed_at < %s"""


def reap(now: datetime) -> int:
    """Rows of workers that died: what became of them is unknown, so they are looked up (design, idea 4)."""
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute(REAP, [now, now - LEASE])
        return int(cursor.rowcount)
