"""A literal as the stored value a column of some type is compared with."""

from datetime import date
from typing import Any

from sandbox.errors import ApiError
from sandbox.ids import is_id, to18
from sandbox.soql import errors
from sandbox.soql.tree import Literal
from sandbox.stamps import parse, stamp

_NUMBERS = frozenset({"int", "double", "currency", "percent"})
_ACCEPTED = {
    "boolean": {"boolean"},
    "date": {"date", "dateliteral"},
    "datetime": {"datetime", "dateliteral"},
    **{name: {"number"} for name in _NUMBERS},
}
_SPOKEN = {"datetime": "dateTime", "currency": "double", "percent": "double"}


def check_kind(literal: Literal, type: str, name: str, text: str, at: int) -> None:
    """INVALID_FIELD when the literal's kind does not suit the field's type."""
    accepted = _ACCEPTED.get(type, {"string"})
    if literal.kind in accepted or literal.kind == "null":
        return
    quotes = "should be enclosed in quotes" if accepted == {"string"} else "should not be enclosed in quotes"
    spoken = _SPOKEN.get(type, type if type in _ACCEPTED else "string")
    reason = f"value of filter criterion for field '{name}' must be of type {spoken} and {quotes}"
    raise errors.at(text, at, "INVALID_FIELD", reason)


def stored(literal: Literal, type: str) -> Any:
    """The literal as the column stores it; an empty text is a null, as in Salesforce."""
    if literal.kind == "boolean":
        return int(literal.value)
    if literal.kind == "datetime":
        return stamp(parse(literal.value))
    if literal.kind == "date":
        return _valid_date(literal.value)
    if type in {"id", "reference"} and isinstance(literal.value, str):
        return _id(literal.value)
    return None if literal.value == "" else literal.value


def _valid_date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ApiError(400, "MALFORMED_QUERY", f"line 1: invalid date: {text}") from None


def _id(text: str) -> str | None:
    if not text:
        return None
    if not text.isalnum() or not 15 <= len(text) <= 18:
        raise ApiError(400, "INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {text}")
    return to18(text) if is_id(text) else text
