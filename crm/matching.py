"""Potential duplicates, kept in sets (spec C5): two statements, however many records changed."""

from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

from crm.models import Kind, PotentialDuplicate

MOST = 50
"""Pairs found for one record and reason: 10,000 people of one info@ address don't make 10^8 rows."""

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
        Reason.SAME_NAME: "r.name <> '' AND lower(o.name) = lower(r.name)",
    },
}
"""The first that holds is the reason kept."""

FORGET = """
DELETE FROM crm_potentialduplicate p WHERE p.kind = %(kind)s
   AND (p.record_id = ANY (%(ids)s) OR p.other_id = ANY (%(ids)s))
   AND NOT EXISTS (SELECT 1 FROM {table} r JOIN {table} o ON o.id = p.other_id
                    WHERE r.id = p.record_id AND NOT r.hidden AND NOT o.hidden AND ({holds}))"""
FIND = """
INSERT INTO crm_potentialduplicate AS p (kind, record_id, other_id, reason)
SELECT DISTINCT ON (1, 2, 3) %(kind)s, least(f.id, f.other), greatest(f.id, f.other), f.reason
  FROM ({found}) f ORDER BY 1, 2, 3, f.rank
ON CONFLICT (kind, record_id, other_id) DO UPDATE SET reason = excluded.reason
 WHERE p.reason <> excluded.reason
RETURNING xmax = 0"""
FOUND = """
SELECT r.id, x.id AS other, '{reason}' AS reason, {rank} AS rank FROM {table} r
 CROSS JOIN LATERAL (SELECT o.id FROM {table} o WHERE o.id <> r.id AND NOT o.hidden AND {rule}
                      ORDER BY o.id LIMIT {most}) x
 WHERE r.id = ANY (%(ids)s) AND NOT r.hidden"""


def keep_duplicates(kind: Kind, ids: Sequence[int]) -> int:
    """Bring the pairs of the named people or accounts up to date; returns how many are new.

    Ids that are no longer there lose their pairs. Other kinds have no duplicates.
    """
    if kind not in TABLES or not ids:
        return 0
    table, rules = TABLES[kind], RULES[kind]
    holds = " OR ".join(f"({rule})" for rule in rules.values())
    found = " UNION ALL ".join(
        f"({FOUND.format(reason=reason.value, rank=rank, table=table, rule=rule, most=MOST)})"
        for rank, (reason, rule) in enumerate(rules.items())
    )
    given: dict[str, Any] = {"kind": kind.value, "ids": list(ids)}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FORGET.format(table=table, holds=holds), given)
        cursor.execute(FIND.format(found=found), given)
        return sum(new for (new,) in cursor.fetchall())
