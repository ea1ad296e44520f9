"""Writing what was decided of a chunk's records, with the journal's word on it, in one statement.

`decided` keeps, beside each new value, what the record held before (`was_…`), so that the journal compares column with
column. To take both rows apart as jsonb, as the triggers' `lockstep_changes` does, costs several times as much a row.

Every mapped column is named, changed or not: an update that names none of those that the search document is made of is
slower than one that makes it anew (PostgreSQL 18 parses its expression again for each row).
"""

from collections.abc import Callable, Sequence

from psycopg import sql

from integrations.sync.pull.fields import PulledField
from integrations.sync.pull.plan import ObjectPlan

COMMA = sql.SQL(", ")
PAIRS_AT_ONCE = 50  # jsonb_build_object takes a hundred arguments at most

DOMAIN = """
CASE WHEN r.website IS DISTINCT FROM {website} THEN coalesce(lockstep_domain({website}), r.domain) ELSE r.domain END"""
CHANGED = """
CASE WHEN {before} IS DISTINCT FROM {after} THEN jsonb_build_object({path}::text, jsonb_build_array({was}, {now}))
     ELSE '{{}}' END"""
FILLED = "coalesce(nullif({}, 'null'), '\"\"')"
"""A blank of any kind is no change to another."""


def decided(field: PulledField) -> sql.Identifier:
    """The column of `decided` that holds what a field becomes."""
    return sql.Identifier(f"v{field.place}")


def custom_values(
    fields: Sequence[PulledField], value: Callable[[PulledField], sql.Composable]
) -> sql.Composable:
    """One jsonb object of the custom fields' values."""
    pairs = [sql.SQL("{}::text, {}").format(sql.Literal(field.custom_name), value(field)) for field in fields]
    parts = [
        sql.SQL("jsonb_build_object({})").format(COMMA.join(pairs[start : start + PAIRS_AT_ONCE]))
        for start in range(0, len(pairs), PAIRS_AT_ONCE)
    ]
    return sql.SQL("({})").format(sql.SQL(" || ").join(parts))


def assignments(plan: ObjectPlan) -> dict[str, sql.Composable]:
    """Each column that a pull of the object writes, with its new value."""
    values: dict[str, sql.Composable] = {
        field.target.column: sql.SQL("d.{}").format(decided(field))
        for field in plan.fields
        if field.target.column is not None
    }
    if custom := [field for field in plan.fields if field.is_custom]:
        merged = custom_values(custom, lambda field: sql.SQL("d.{}").format(decided(field)))
        values["custom"] = sql.SQL("jsonb_strip_nulls(r.custom || {})").format(merged)
    if plan.kind == "account" and "website" in values and "domain" not in values:
        values["domain"] = sql.SQL(DOMAIN).format(website=values["website"])
    return values


def before(plan: ObjectPlan) -> list[sql.Composable]:
    """What `decided` keeps of the record, once it is locked."""
    return [
        sql.SQL("r.{} AS {}").format(sql.Identifier(column), _was(column)) for column in assignments(plan)
    ]


def changes(plan: ObjectPlan) -> sql.Composable:
    """What was written, as the journal tells it: `{"title": [old, new], "custom.tier": [old, new]}`."""
    parts = [_column_change(column) for column in assignments(plan) if column != "custom"]
    parts += [_custom_change(field) for field in plan.fields if field.is_custom]
    return sql.SQL(" || ").join(parts)


def _was(column: str) -> sql.Identifier:
    return sql.Identifier(f"was_{column}")


def _column_change(column: str) -> sql.Composable:
    was, now = sql.SQL("d.{}").format(_was(column)), sql.SQL("r.{}").format(sql.Identifier(column))
    path = sql.Literal(column.removesuffix("_id"))
    return sql.SQL(CHANGED).format(path=path, before=was, after=now, was=was, now=now)


def _custom_change(field: PulledField) -> sql.Composable:
    name = sql.Literal(field.custom_name)
    was, now = sql.SQL("d.was_custom -> {}").format(name), sql.SQL("r.custom -> {}").format(name)
    filled = {"before": sql.SQL(FILLED).format(was), "after": sql.SQL(FILLED).format(now)}
    return sql.SQL(CHANGED).format(path=sql.Literal(field.target.key), was=was, now=now, **filled)
