"""Potential duplicates, kept in sets (spec C5).

A trigger notes each record whose e-mail, name, domain or account changed, whoever wrote it (`Uncompared`);
`compare_waiting` works the notes through. A pull compares what it writes by itself, in its own transaction.

Of many records alike not each is paired with each, or 10,000 people of one info@ address would make 10^8 rows:
every one is paired with at least the first `MOST` others. Whether an object is hidden makes no difference to the
pairs, only to who sees them; what was merged away has none.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db import connection, transaction

from crm.models import Kind, PotentialDuplicate, Uncompared

MOST = 20
"""More than a page names; few enough that 400 of one address cost a pull's chunk less than a tenth of a second."""
AT_ONCE = 5_000
"""Notes worked through in one transaction."""
LOCK = 0x7477696E
"""The advisory lock under which pairs are found, until the end of the transaction.

Of two records that become alike at the same time, whoever comes second sees both.
"""

Reason = PotentialDuplicate.Reason

TABLES = {Kind.CONTACT: "crm_contact", Kind.ACCOUNT: "crm_account"}
RULES: dict[Kind, dict[Reason, str]] = {
    Kind.CONTACT: {
        Reason.SAME_EMAIL: "r.email <> '' AND o.email <> '' AND lower(o.email) = lower(r.email)",
        Reason.SAME_NAME_AND_ACCOUNT: (
            "o.account_id = r.account_id AND r.last_name <> ''"
            " AND lower(o.last_name) = lower(r.last_name) AND lower(o.first_name) = lower(r.first_name)"
        ),
    },
    Kind.ACCOUNT: {
        Reason.SAME_DOMAIN: "r.domain <> '' AND o.domain <> '' AND o.domain = r.domain",
        Reason.SAME_NAME: "lockstep_company(o.name) = lockstep_company(r.name)",
    },
}
"""The first that holds is the reason kept. Each has an index that ends with the id."""

REASON = """
CASE WHEN r.merged_into_id IS NOT NULL OR o.merged_into_id IS NOT NULL THEN NULL {rules} END"""
FORGET = """
WITH given AS (SELECT unnest(%(ids)s::bigint[]) AS id), touched AS (
  SELECT p.* FROM given g JOIN crm_potentialduplicate p ON p.kind = %(kind)s AND p.record_id = g.id
  UNION
  SELECT p.* FROM given g JOIN crm_potentialduplicate p ON p.kind = %(kind)s AND p.other_id = g.id
), judged AS (
  SELECT p.id, p.reason AS was, {reason} AS reason,
         r.id IS NOT NULL AND o.id IS NOT NULL AND r.merged_into_id IS NULL AND o.merged_into_id IS NULL AS tells
    FROM touched p LEFT JOIN {table} r ON r.id = p.record_id LEFT JOIN {table} o ON o.id = p.other_id
), renamed AS (
  UPDATE crm_potentialduplicate p SET reason = j.reason FROM judged j WHERE j.id = p.id AND j.reason <> j.was
), gone AS (
  DELETE FROM crm_potentialduplicate p USING judged j WHERE j.id = p.id AND j.reason IS NULL
  RETURNING p.*, j.tells
), kept AS (
  INSERT INTO crm_pastduplicate (kind, record_id, other_id, reason, found_at)
  SELECT kind, record_id, other_id, reason, found_at FROM gone WHERE tells
)
SELECT record_id FROM gone UNION SELECT other_id FROM gone"""
FOUND = """
SELECT r.id, x.id AS other
  FROM given g
 CROSS JOIN LATERAL (SELECT * FROM {table} WHERE id = g.id AND merged_into_id IS NULL OFFSET 0) r
 CROSS JOIN LATERAL ({alike}) x"""
ALIKE = """
(SELECT o.id FROM {table} o
  WHERE o.id <> r.id AND o.merged_into_id IS NULL AND {rule} ORDER BY o.id LIMIT {most})"""
FIND = """
WITH named AS MATERIALIZED (
  SELECT unnest(%(ids)s::bigint[]) AS id UNION ALL {created}
), given AS (
  SELECT id FROM named UNION ALL SELECT unnest(%(parted)s::bigint[])
), found AS (
  SELECT DISTINCT least(f.id, f.other) AS record_id, greatest(f.id, f.other) AS other_id FROM ({found}) f
), added AS (
  INSERT INTO crm_potentialduplicate (kind, record_id, other_id, reason)
  SELECT %(kind)s, f.record_id, f.other_id, x.reason
    FROM found f CROSS JOIN LATERAL (
      SELECT {reason} AS reason FROM {table} r, {table} o
       WHERE r.id = f.record_id AND o.id = f.other_id OFFSET 0) x
  ON CONFLICT DO NOTHING RETURNING record_id, other_id)
SELECT count(DISTINCT CASE WHEN a.other_id IN (SELECT id FROM named) THEN a.other_id
                           WHEN a.record_id IN (SELECT id FROM named) THEN a.record_id END) FROM added a"""
"""OFFSET 0, here and above, has records looked up by their ids: a planner that takes every row to have `MOST` others,
where next to none has any, reads the whole table for them, in each chunk of a first pull."""
NONE_CREATED = "SELECT NULL WHERE false"

WAIT, TRY = "SELECT pg_advisory_xact_lock(%s)", "SELECT pg_try_advisory_xact_lock(%s)"
NOTED = """
DELETE FROM crm_uncompared
 WHERE id IN (SELECT id FROM crm_uncompared ORDER BY id LIMIT %s) RETURNING kind, record_id"""
NOTED_JUST_NOW = """
DELETE FROM crm_uncompared WHERE transaction = txid_current() AND kind = %s RETURNING record_id"""


def keep_duplicates(kind: Kind, ids: Sequence[int], *, created: str = "") -> int:
    """Bring the pairs of the named people or accounts up to date.

    `created` is a query of the ids of further ones, which have no pairs yet. Returns how many of them all look like
    another now that didn't before: of two that were named, the later one. Ids that are no longer there lose their
    pairs. Other kinds have no duplicates.
    """
    if kind not in TABLES or not (ids or created):
        return 0
    rules = RULES[kind]
    alike = " UNION ALL ".join(
        ALIKE.format(table=TABLES[kind], rule=rule, most=MOST) for rule in rules.values()
    )
    parts = {
        "table": TABLES[kind],
        "found": FOUND.format(table=TABLES[kind], alike=alike),
        "reason": REASON.format(rules=" ".join(f"WHEN {rule} THEN '{name}'" for name, rule in rules.items())),
        "created": created or NONE_CREATED,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(WAIT, [LOCK])
        parted: list[int] = []
        if ids:
            cursor.execute(FORGET.format(**parts), {"kind": kind.value, "ids": _array(ids)})
            parted = [pk for (pk,) in cursor.fetchall()]
        wanted = {"kind": kind.value, "ids": _array(ids), "parted": _array(parted)}
        cursor.execute(FIND.format(**parts), wanted)
        return int((cursor.fetchone() or (0,))[0])


def _array(ids: Iterable[int]) -> str:
    """As one text, since thousands of numbers as parameters take a third as long as the search itself."""
    return f"{{{','.join(map(str, ids))}}}"


def compare_waiting() -> int:
    """Work through the oldest notes; returns how many they were, fewer than `AT_ONCE` where none is left."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(WAIT, [LOCK])
        cursor.execute(NOTED, [AT_ONCE])
        noted = cursor.fetchall()
        ids: defaultdict[str, set[int]] = defaultdict(set)
        for kind, record_id in noted:
            ids[kind].add(record_id)
        for kind in sorted(ids):
            keep_duplicates(Kind(kind), sorted(ids[kind]))
    return len(noted)


def is_anything_waiting() -> bool:
    return Uncompared.objects.exists()


def compare_written(kind: Kind, *, created: str = "") -> int:
    """Compare what this very transaction wrote, for one that inserts unnoticed: the query `created` names these.

    Returns the count of `keep_duplicates`.
    """
    with connection.cursor() as cursor:
        cursor.execute(NOTED_JUST_NOW, [kind.value])
        changed = {pk for (pk,) in cursor.fetchall()}
    return keep_duplicates(kind, sorted(changed), created=created)


def compare_now(kind: Kind, record_id: int) -> None:
    """For whoever saved one record and looks at it next. Left to its note where somebody else compares."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(TRY, [LOCK])
        if (cursor.fetchone() or (False,))[0]:
            keep_duplicates(kind, [record_id])
