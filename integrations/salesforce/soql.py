"""SOQL text from Python values, quoted so that no value can leave its place."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeAlias

Scalar: TypeAlias = str | int | float | Decimal | bool | date | datetime | None
Value: TypeAlias = Scalar | Sequence[Scalar]

_ESCAPES = str.maketrans(
    {"\\": "\\\\", "'": "\\'", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*){0,5}", re.ASCII)
_AGGREGATE = re.compile(r"(?i:count)\(\s*\)|[A-Za-z_]+\([A-Za-z0-9_.]+\)", re.ASCII)


def quote(value: Value) -> str:
    """The value as a SOQL literal; a list becomes `('a', 'b')` for IN.

    Raises ValueError for an empty list (SOQL has none), a naive datetime and NaN; TypeError for other types.
    """
    if isinstance(value, str):
        return f"'{value.translate(_ESCAPES)}'"
    if isinstance(value, list | tuple):
        if not value:
            raise ValueError("SOQL has no empty list; leave the condition out or ask nothing")
        return "(" + ", ".join(quote(item) for item in value) + ")"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, date):
        return _moment(value)
    if isinstance(value, int | float | Decimal):
        return _number(value)
    raise TypeError(f"SOQL can't hold a {type(value).__name__}")


def quote_containing(text: str) -> str:
    """The literal that LIKE matches wherever `text` stands."""
    return f"'%{_likeable(text)}%'"


def quote_starting(text: str) -> str:
    """The literal that LIKE matches where a value starts with `text`."""
    return f"'{_likeable(text)}%'"


def _likeable(text: str) -> str:
    return text.translate(_ESCAPES).replace("%", "\\%").replace("_", "\\_")


def name(text: str) -> str:
    """The text itself if it is a field, object or path such as `Account.Owner.Name`; else ValueError."""
    if not _NAME.fullmatch(text):
        raise ValueError(f"Not a name of a Salesforce field or object: {text[:80]!r}")
    return text


def select(
    fields: Iterable[str],
    sobject: str,
    *,
    where: str = "",
    group_by: Sequence[str] = (),
    order_by: Sequence[str] = (),
    limit: int | None = None,
) -> str:
    """A SELECT over checked names. `where` is SOQL, its values put through `quote`; `order_by` takes DESC."""
    columns = ", ".join(text if _AGGREGATE.fullmatch(text) else name(text) for text in fields)
    if not columns:
        raise ValueError(f"A query of {sobject} needs at least one field")
    parts = [f"SELECT {columns} FROM {name(sobject)}"]
    if where:
        parts.append(f"WHERE {where}")
    if group_by:
        parts.append("GROUP BY " + ", ".join(name(text) for text in group_by))
    if order_by:
        parts.append("ORDER BY " + ", ".join(_ordering(text) for text in order_by))
    if limit is not None:
        parts.append(f"LIMIT {int(limit)}")
    return " ".join(parts)


def _ordering(text: str) -> str:
    field, _, direction = text.partition(" ")
    if direction.upper() not in ("", "ASC", "DESC"):
        raise ValueError(f"Not an ordering: {text[:80]!r}")
    return f"{name(field)} {direction.upper()}".rstrip()


def _moment(value: date) -> str:
    if not isinstance(value, datetime):
        return value.isoformat()
    if value.utcoffset() is None:
        raise ValueError("A datetime without time zone can't be compared with Salesforce's")
    # Salesforce keeps whole seconds in most stamps, but accepts and compares milliseconds.
    text = value.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z").replace(".000Z", "Z")


def _number(value: int | float | Decimal) -> str:
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        raise ValueError("SOQL has no NaN and no infinity")
    return f"{number:f}"
