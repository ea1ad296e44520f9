"""Merging records of one kind into others, in sets (spec C9).

The record merged away stays, hidden, and names the survivor; what refers to it refers to the survivor from then
on. Neither is an edit that anyone syncs: the outbox hears nothing, and the journal rows are written here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection as database
from django.db import models

from crm.journal import uncaptured
from crm.models import Account, Contact, Deal, Kind

MODELS: dict[str, type[models.Model]] = {Kind.ACCOUNT: Account, Kind.CONTACT: Contact, Kind.DEAL: Deal}

PAIRS = "unnest(%(losers)s::bigint[], %(survivors)s::bigint[]) AS m (loser, survivor)"
JOURNAL = """
INSERT INTO crm_journalentry (kind, record_id, action, changes, actor_id, origin, run)
SELECT {kind}, id, {action}, {changes}, lockstep_setting('actor')::bigint,
       coalesce(lockstep_setting('origin'), 'unknown (SQL)'), lockstep_setting('run')::bigint FROM changed"""

LOCK = "SELECT id FROM {table} WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
MOVE = f"""
WITH changed AS (
  UPDATE {{table}} r SET {{column}}_id = m.survivor FROM {PAIRS} WHERE r.{{column}}_id = m.loser
  RETURNING r.id, m.loser, m.survivor)
""" + JOURNAL.format(
    kind="'{kind}'",
    action="'updated'",
    changes="jsonb_build_object('{column}', jsonb_build_array(loser, survivor))",
)

DROP_DOUBLE_ROLES = f"""
WITH claims AS (
  SELECT r.id, rank() OVER (
           PARTITION BY {{deal}}, {{contact}} ORDER BY m.loser IS NOT NULL, m.loser) AS place
    FROM crm_contactrole r LEFT JOIN {PAIRS} ON r.{{column}}_id = m.loser
   WHERE r.{{column}}_id = ANY(%(losers)s || %(survivors)s)
), changed AS (
  DELETE FROM crm_contactrole r USING claims c WHERE c.id = r.id AND c.place > 1
  RETURNING r.id, to_jsonb(r) AS before)
""" + JOURNAL.format(kind="'contact_role'", action="'deleted'", changes="lockstep_changes(before, '{{}}')")
"""Who is in a deal by both after the merge is in it as the survivor was, be it in several roles."""
ONE_PRIMARY = f"""
WITH claims AS (
  SELECT r.id, row_number() OVER (
           PARTITION BY coalesce(m.survivor, r.deal_id) ORDER BY m.loser IS NOT NULL, r.id) AS place
    FROM crm_contactrole r LEFT JOIN {PAIRS} ON r.deal_id = m.loser
   WHERE r.deal_id = ANY(%(losers)s || %(survivors)s) AND r.is_primary
), changed AS (
  UPDATE crm_contactrole r SET is_primary = false FROM claims c WHERE c.id = r.id AND c.place > 1 RETURNING r.id)
""" + JOURNAL.format(kind="'contact_role'", action="'updated'", changes="'{{\"is_primary\": [true, false]}}'")

FORGET_PAIRS = """
WITH gone AS (
  DELETE FROM crm_potentialduplicate
   WHERE kind = '{kind}' AND (record_id = ANY(%(losers)s) OR other_id = ANY(%(losers)s)) RETURNING *)
INSERT INTO crm_uncompared (kind, record_id)
SELECT kind, record_id FROM gone UNION SELECT kind, other_id FROM gone"""
"""Those who are left in a crowd may need another to be paired with (`crm.matching`)."""
POINT = f"""
WITH changed AS (
  UPDATE {{table}} r SET merged_into_id = m.survivor, hidden = true FROM {PAIRS}
   WHERE r.id = m.loser OR r.merged_into_id = m.loser
  RETURNING r.id, m.survivor)
""" + JOURNAL.format(
    kind="'{kind}'",
    action="'updated'",
    changes="jsonb_build_object('merged_into', jsonb_build_array(NULL, survivor))",
)
"""What was merged into the loser before is the survivor's too: nobody follows a chain."""


@dataclass(frozen=True, slots=True)
class Move:
    """Records of `table`, of `kind`, that refer to the merged ones by `column`."""

    table: str
    kind: Kind
    column: str


MOVES: dict[str, tuple[Move, ...]] = {
    Kind.ACCOUNT: (
        Move("crm_contact", Kind.CONTACT, "account"),
        Move("crm_deal", Kind.DEAL, "account"),
    ),
    Kind.CONTACT: (Move("crm_contactrole", Kind.CONTACT_ROLE, "contact"),),
    Kind.DEAL: (Move("crm_contactrole", Kind.CONTACT_ROLE, "deal"),),
}


def fold(kind: str, pairs: Sequence[tuple[int, int]]) -> None:
    """Merge each pair's first record into its second; no record is both, nor merged twice.

    Call it inside `journal.acting`. Field values stay as they are: what else the survivor is to hold is an edit.
    """
    if not pairs:
        return
    losers, survivors = map(list, zip(*pairs, strict=True))
    if set(losers) & set(survivors) or len(set(losers)) < len(losers):
        raise ValueError("A record can't be merged twice, nor into one that is merged away.")
    parameters = {"losers": losers, "survivors": survivors}
    table = MODELS[kind]._meta.db_table
    with uncaptured(), database.cursor() as cursor:
        lock(kind, [*losers, *survivors])
        for statement in _statements(kind, table):
            cursor.execute(statement, parameters)


def lock(kind: str, ids: Sequence[int]) -> None:
    """In the order of their ids, as everybody does."""
    with database.cursor() as cursor:
        cursor.execute(LOCK.format(table=MODELS[kind]._meta.db_table), [list(ids)])


def what_moves(kind: str, losers: Sequence[int]) -> dict[Kind, int]:
    """How many records of each kind will refer to the survivor."""
    parameters = {"losers": list(losers)}
    counts: dict[Kind, int] = {}
    with database.cursor() as cursor:
        for move in MOVES[kind]:
            cursor.execute(
                f"SELECT count(*) FROM {move.table} WHERE {move.column}_id = ANY(%(losers)s)",  # noqa: S608
                parameters,
            )
            counts[move.kind] = int((cursor.fetchone() or (0,))[0])
    return counts


def _statements(kind: str, table: str) -> list[str]:
    statements = []
    if kind in (Kind.CONTACT, Kind.DEAL):
        columns = {"contact": "r.contact_id", "deal": "r.deal_id"} | {
            kind: f"coalesce(m.survivor, r.{kind}_id)"
        }
        statements.append(DROP_DOUBLE_ROLES.format(column=str(kind), **columns))
    if kind == Kind.DEAL:
        statements.append(ONE_PRIMARY.format())
    statements += [MOVE.format(table=move.table, kind=move.kind, column=move.column) for move in MOVES[kind]]
    return [*statements, FORGET_PAIRS.format(kind=kind), POINT.format(table=table, kind=kind)]
