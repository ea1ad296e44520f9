"""Conditions as SQL of two truth values: SOQL knows no unknown, so every test is made true or false."""

from collections.abc import Callable
from datetime import UTC, datetime, time
from typing import Any

from sandbox.soql import errors
from sandbox.soql.date_literals import day_range
from sandbox.soql.functions import Operand
from sandbox.soql.operands import check_kind, stored
from sandbox.soql.tree import Comparison, Condition, Literal, Logic, Not, Query
from sandbox.stamps import stamp

_TEXTLESS = frozenset(
    {"boolean", "int", "double", "currency", "percent", "date", "datetime", "id", "reference"}
)
SubQuery = Callable[[Query], tuple[str, list[Any]]]


class Conditions:
    """Builds one WHERE or HAVING; `parameters` fill its question marks in order."""

    def __init__(self, operand: Callable[[Any], Operand], subquery: SubQuery, text: str, today: Any) -> None:
        self._operand = operand
        self._subquery = subquery
        self._text = text
        self._today = today
        self.parameters: list[Any] = []

    def sql(self, condition: Condition) -> str:
        if isinstance(condition, Not):
            return f"NOT coalesce(({self.sql(condition.condition)}), 0)"
        if isinstance(condition, Logic):
            return "(" + f" {condition.word} ".join(self.sql(each) for each in condition.conditions) + ")"
        return self._comparison(condition)

    def _comparison(self, test: Comparison) -> str:
        left = self._operand(test.left)
        if not left.filterable:
            reason = f"field '{left.name}' can not be filtered in a query call"
            raise errors.at(self._text, test.left.at, "INVALID_FIELD", reason)
        if isinstance(test.right, Query):
            return self._semi_join(left, test.operator, test.right)
        literals = test.right if isinstance(test.right, list) else [test.right]
        for literal in literals:
            check_kind(literal, left.type, left.name, self._text, test.left.at)
        if test.operator in {"INCLUDES", "EXCLUDES"}:
            return self._multi(left, test.operator, literals)
        if test.operator in {"IN", "NOT IN"}:
            return self._listed(left, test.operator, literals)
        if test.operator == "LIKE":
            return self._like(left, literals[0])
        if literals[0].kind == "dateliteral":
            return self._day_range(left, test.operator, literals[0])
        return self._plain(left, test.operator, stored(literals[0], left.type))

    def _mark(self, value: Any) -> str:
        self.parameters.append(value)
        return "?"

    def _plain(self, left: Operand, operator: str, value: Any) -> str:
        if value is None:
            return f"{left.sql} IS NOT NULL" if operator == "!=" else f"{left.sql} IS NULL"
        sql, collation = left.sql, ""
        if left.type not in _TEXTLESS and not left.case_sensitive:
            if _plain_text(value):
                collation = " COLLATE NOCASE"
            else:
                sql, value = f"sf_fold({sql})", value.casefold()
        words = {"!=": "IS NOT"}.get(operator, operator)
        return f"({sql} {words} {self._mark(value)}{collation})"

    def _listed(self, left: Operand, operator: str, literals: list[Literal]) -> str:
        values = [stored(literal, left.type) for literal in literals]
        folds = left.type not in _TEXTLESS and not left.case_sensitive
        odd = [value.casefold() for value in values if folds and value is not None and not _plain_text(value)]
        usual = [value for value in values if value is not None and (not folds or _plain_text(value))]
        collation = " COLLATE NOCASE" if folds else ""
        tests = [f"{left.sql} IS NULL"] if None in values else []
        if usual:
            tests.append(f"{left.sql}{collation} IN ({', '.join(self._mark(value) for value in usual)})")
        if odd:
            tests.append(f"sf_fold({left.sql}) IN ({', '.join(self._mark(value) for value in odd)})")
        joined = f"({' OR '.join(tests)})"
        return f"NOT coalesce({joined}, 0)" if operator == "NOT IN" else joined

    def _like(self, left: Operand, literal: Literal) -> str:
        if literal.value is None:
            return f"{left.sql} IS NULL"
        sql, pattern = left.sql, literal.value
        if not _plain_text(pattern):
            sql, pattern = f"sf_fold({sql})", pattern.casefold()
        return f"coalesce({sql} LIKE {self._mark(pattern)} ESCAPE '\\', 0)"

    def _multi(self, left: Operand, operator: str, literals: list[Literal]) -> str:
        """`INCLUDES ('A;B', 'C')`: A and B together, or C."""
        alternatives = []
        for literal in literals:
            wanted = [part for part in str(literal.value or "").split(";") if part]
            each = [
                f"instr(';' || lower({left.sql}) || ';', {self._mark(f';{part.lower()};')})"
                for part in wanted
            ]
            alternatives.append("(" + " AND ".join(f"{one} > 0" for one in each or ["0"]) + ")")
        test = f"coalesce(({' OR '.join(alternatives)}), 0)"
        return f"NOT {test}" if operator == "EXCLUDES" else test

    def _day_range(self, left: Operand, operator: str, literal: Literal) -> str:
        first, after = (self._bound(day, left.type) for day in day_range(literal.value, self._today))
        if operator in {"=", "!="}:
            test = f"coalesce({left.sql} >= {self._mark(first)} AND {left.sql} < {self._mark(after)}, 0)"
            return test if operator == "=" else f"NOT {test}"
        edges = {"<": ("<", first), ">=": (">=", first), ">": (">=", after), "<=": ("<", after)}
        words, edge = edges[operator]
        return f"({left.sql} {words} {self._mark(edge)})"

    @staticmethod
    def _bound(day: Any, type: str) -> str:
        if type == "datetime":
            return stamp(datetime.combine(day, time(), UTC))
        return str(day.isoformat())

    def _semi_join(self, left: Operand, operator: str, inner: Query) -> str:
        sql, parameters = self._subquery(inner)
        self.parameters.extend(parameters)
        if operator == "NOT IN":
            return f"({left.sql} IS NULL OR {left.sql} NOT IN ({sql}))"
        return f"{left.sql} IN ({sql})"


def _plain_text(value: Any) -> bool:
    """Whether SQLite's own case folding, which knows ASCII only, suffices."""
    return not isinstance(value, str) or value.isascii()
