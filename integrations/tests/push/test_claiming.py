"""A claim asks indexes, whatever the planner last knew of the outbox."""

from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone
from psycopg import sql

from integrations.sync.push import settle
from integrations.sync.push.claim import ACCOUNTS, CLAIM
from integrations.sync.push.plan import TABLES

pytestmark = pytest.mark.django_db
FILL = """
INSERT INTO integrations_outboxentry (kind, record_id, state, waits_for_kind, waits_for_id)
SELECT 'contact', n, %s, %s, %s FROM generate_series(%s::int, %s::int) n"""


def explain(statement: sql.Composable, values: Any) -> str:
    with database.cursor() as cursor:
        cursor.execute(sql.SQL("EXPLAIN {}").format(statement), values)
        return "\n".join(line for (line,) in cursor.fetchall())


def fill(state: str, first: int, last: int, *, parent: int | None = None) -> None:
    with database.cursor() as cursor:
        cursor.execute(FILL, [state, "account" if parent else "", parent, first, last])


@pytest.mark.parametrize("kind", ACCOUNTS)
def test_a_claim_doesnt_compare_all_that_is_due_with_all_that_was_sent(kind: str) -> None:
    fill("pending", 1, 20_000)
    with database.cursor() as cursor:
        cursor.execute("ANALYZE integrations_outboxentry")
    fill("in_flight", 20_001, 22_000)
    places = {"account": sql.SQL(ACCOUNTS[kind]), "table": sql.Identifier(TABLES[kind])}
    values = {"kind": kind, "live": True, "now": timezone.now(), "most": 2000, "claim": "x"}
    plan = explain(sql.SQL(CLAIM).format(**places), values)
    assert "hashed SubPlan" in plan
    assert "Anti Join" not in plan


def test_releasing_the_children_of_a_few_doesnt_read_the_outbox() -> None:
    fill("pending", 1, 20_000)
    fill("held", 20_001, 20_100, parent=1)
    with database.cursor() as cursor:
        cursor.execute("ANALYZE integrations_outboxentry")
    plan = explain(sql.SQL(settle.RELEASE_CHILDREN), [timezone.now(), "account", "account", [1, 2]])
    assert "Seq Scan" not in plan
