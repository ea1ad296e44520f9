"""Where the records of a claim stand: here or deleted, linked or not, and how."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection as database
from psycopg import sql

from integrations.sync.push.claim import Claim, Claimed
from integrations.sync.push.plan import TABLES

STANDS = """
SELECT o.id, r.id IS NOT NULL, l.salesforce_object, l.salesforce_id, l.state, coalesce(l.outside <> '', false),
       {stage}, {hidden}, {merged}
  FROM integrations_outboxentry o
  LEFT JOIN {table} r ON r.id = o.record_id
  {stages}
  LEFT JOIN LATERAL (
    SELECT k.salesforce_object, k.salesforce_id, k.state, k.outside FROM integrations_recordlink k
     WHERE k.connection_id = %s AND k.kind = o.kind AND k.record_id = o.record_id
     ORDER BY k.state = 'linked' DESC, k.id DESC LIMIT 1) l ON true
 WHERE o.id = ANY(%s) ORDER BY o.id"""
STAGES = {"account": "crm_accountstage", "contact": "crm_contactstage", "deal": "crm_dealstage"}


@dataclass(frozen=True, slots=True)
class Stand:
    """One claimed row and its record. `link_state` is None where no link was ever made.

    `outside` the pull filter nothing is pushed, whatever was done here (C12).
    """

    entry: Claimed
    here: bool
    object: str | None
    salesforce_id: str | None
    link_state: str | None
    outside: bool
    stage: str | None
    hidden: bool | None
    merged: bool = False

    @property
    def linked(self) -> bool:
        return self.link_state == "linked"

    @property
    def new(self) -> bool:
        """Here, and never known to Salesforce; what was merged away never will be (spec C9)."""
        return self.here and self.link_state is None and not self.merged


def stands_of(claim: Claim, connection_id: int) -> list[Stand]:
    stages = STAGES.get(claim.kind)
    query = sql.SQL(STANDS).format(
        table=sql.Identifier(TABLES[claim.kind]),
        stage=sql.SQL("g.name" if stages else "NULL"),
        stages=sql.SQL(f"LEFT JOIN {stages} g ON g.id = r.stage_id" if stages else ""),
        hidden=sql.SQL("r.hidden" if stages else "false"),
        merged=sql.SQL("r.merged_into_id IS NOT NULL" if stages else "false"),
    )
    return [Stand(claim.rows[id], *rest) for id, *rest in fetch(query, [connection_id, list(claim.rows)])]


def fetch(
    query: sql.Composable | str, parameters: Sequence[Any] | dict[str, Any] | None = None
) -> list[tuple[Any, ...]]:
    """Without parameters where names of the org stand in the query: with them, a % in a name is one."""
    with database.cursor() as cursor:
        cursor.execute(query, parameters)
        return list(cursor.fetchall())


def run(query: sql.Composable | str, parameters: Sequence[Any] | dict[str, Any] | None = None) -> int:
    """Rows touched. Without parameters as in `fetch`."""
    with database.cursor() as cursor:
        cursor.execute(query, parameters)
        return int(cursor.rowcount)
