"""Functions of a field, in SQL."""

from dataclasses import dataclass

from sandbox.soql import errors
from sandbox.soql.scope import Resolved, Scope
from sandbox.soql.tree import Call, Path

AGGREGATES = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})
# date parts: (SQL over the stored text, result type)
_DATE_PARTS = {
    "CALENDAR_YEAR": ("CAST(substr({0}, 1, 4) AS INTEGER)", "int"),
    "CALENDAR_MONTH": ("CAST(substr({0}, 6, 2) AS INTEGER)", "int"),
    "CALENDAR_QUARTER": ("((CAST(substr({0}, 6, 2) AS INTEGER) + 2) / 3)", "int"),
    "DAY_IN_MONTH": ("CAST(substr({0}, 9, 2) AS INTEGER)", "int"),
    "DAY_IN_WEEK": ("(CAST(strftime('%w', substr({0}, 1, 10)) AS INTEGER) + 1)", "int"),
    "DAY_IN_YEAR": ("CAST(strftime('%j', substr({0}, 1, 10)) AS INTEGER)", "int"),
    "HOUR_IN_DAY": ("CAST(substr({0}, 12, 2) AS INTEGER)", "int"),
    "DAY_ONLY": ("substr({0}, 1, 10)", "date"),
}
_TRANSPARENT = frozenset({"TOLABEL", "FORMAT", "CONVERTCURRENCY", "CONVERTTIMEZONE"})


@dataclass(frozen=True)
class Operand:
    """Something a condition, a grouping or an order works on."""

    sql: str
    type: str
    name: str
    case_sensitive: bool = False
    filterable: bool = True
    sortable: bool = True
    groupable: bool = True


def operand(scope: Scope, what: Path | Call) -> Operand:
    """The operand's SQL. Raises INVALID_FIELD or MALFORMED_QUERY."""
    if isinstance(what, Path):
        return _of_field(scope.resolve(what))
    if what.name in AGGREGATES:
        return _aggregate(scope, what)
    if what.argument is None or what.name not in _DATE_PARTS.keys() | _TRANSPARENT:
        raise errors.malformed(f"Invalid function: {what.name}")
    inner = _of_field(scope.resolve(what.argument))
    if what.name in _TRANSPARENT:
        return inner
    template, type = _DATE_PARTS[what.name]
    return Operand(template.format(inner.sql), type, str(what))


def _of_field(found: Resolved) -> Operand:
    of = found.of
    if of is None:
        return Operand(found.sql, found.type, found.names[-1])
    return Operand(
        found.sql,
        found.type,
        of.name,
        found.case_sensitive,
        of.says("filterable") and of.stored,
        of.says("sortable") and of.stored,
        of.says("groupable") and of.stored,
    )


def _aggregate(scope: Scope, what: Call) -> Operand:
    if what.argument is None:
        if what.name != "COUNT":
            raise errors.malformed(f"unexpected token: '{what.name}'")
        return Operand("count(*)", "int", "COUNT()")
    inner = scope.resolve(what.argument)
    if what.name in {"COUNT", "COUNT_DISTINCT"}:
        distinct = "DISTINCT " if what.name == "COUNT_DISTINCT" else ""
        return Operand(f"count({distinct}{inner.sql})", "int", str(what))
    if inner.of is not None and not inner.of.says("aggregatable"):
        reason = f"field {inner.names[-1]} does not support aggregate operator {what.name}"
        raise errors.at(scope.text, what.at, "MALFORMED_QUERY", reason)
    if what.name in {"SUM", "AVG"} and inner.type not in {"int", "double", "currency", "percent"}:
        reason = f"field {inner.names[-1]} does not support aggregate operator {what.name}"
        raise errors.at(scope.text, what.at, "MALFORMED_QUERY", reason)
    type = "double" if what.name == "AVG" else inner.type
    return Operand(f"{what.name.lower()}({inner.sql})", type, str(what))
