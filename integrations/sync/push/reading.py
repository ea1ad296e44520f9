"""Merging what an update read beforehand, through the very statements of a pull (spec D12, C11)."""

import json
from datetime import datetime
from typing import Any

from psycopg import sql

from integrations.sync.pull.apply import execute, merge, writing_pulled
from integrations.sync.pull.plan import ObjectPlan
from integrations.sync.pull.staging import NUL_IN_JSON
from integrations.sync.pull.statements import Statements

TABLE = sql.Identifier("retrieved")
RETRIEVED = """
CREATE TEMP TABLE retrieved ON COMMIT DROP AS
SELECT row.place AS seq, {asked_at}::timestamptz AS asked_at, {columns}
  FROM jsonb_array_elements({rows}::jsonb) WITH ORDINALITY AS row(value, place)"""
STILL_A_LEAD = "UPDATE chunk SET action = 'update' WHERE action = 'fold'"
"""What else becomes of a lead that a contact stands for is a pull's to decide (C4)."""
MET = "SELECT 1 FROM chunk WHERE action = 'update' LIMIT 1"


def merge_retrieved(plan: ObjectPlan, rows: list[dict[str, Any]], *, asked_at: datetime) -> None:
    """Inside a transaction that has locked the records and links: leaves `chunk` for what comes after."""
    columns = sql.SQL(", ").join(
        sql.SQL("nullif(row.value ->> {}, '') AS {}").format(sql.Literal(name), sql.Identifier(name))
        for name in plan.columns
    )
    text = NUL_IN_JSON.sub(r"\1", json.dumps(rows, ensure_ascii=False)).encode(errors="replace").decode()
    at, literal = sql.Literal(asked_at.isoformat()), sql.Literal(text)
    statements = Statements(plan, TABLE)
    with writing_pulled():
        execute(sql.SQL("DROP TABLE IF EXISTS pg_temp.retrieved"))
        execute(sql.SQL(RETRIEVED).format(asked_at=at, columns=columns, rows=literal))
        execute(statements.chunk(0, len(rows)))
        execute(sql.SQL(STILL_A_LEAD))
        if execute(sql.SQL(MET)):
            merge(statements)
