"""The conditions of a pull filter: what may be asked of a field of which type, and the SOQL that asks it.

Everything here is pure. Whatever a person typed reaches SOQL as a literal of its field's type and in no other way.
SOQL knows no unknown: a blank field is not less, not alike, and differs from every value.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from integrations.salesforce.describes import FieldDescribe
from integrations.salesforce.ids import to18
from integrations.salesforce.soql import Scalar, name, quote, quote_containing, quote_starting
from mappings.converters import CannotConvert, normalise

COMPARE = ("eq", "ne", "lt", "le", "gt", "ge")
IN_TEXT = ("contains", "starts")
UNARY = ("empty", "filled")
OPERATORS = (*COMPARE, "in", *IN_TEXT, *UNARY)

LARGEST = 10**18
YEARS = range(1700, 4001)
"""The dates that Salesforce takes."""


class Family(Enum):
    """Types of fields that are asked alike."""

    TEXT = "text"
    CHOICE = "choice"
    SEVERAL = "several"
    NUMBER = "number"
    DATE = "date"
    TIME = "time"
    CHECKBOX = "checkbox"
    REFERENCE = "reference"


FAMILIES: dict[str, Family] = {
    **dict.fromkeys(("string", "textarea", "email", "phone", "url", "combobox"), Family.TEXT),
    **dict.fromkeys(("int", "long", "double", "currency", "percent"), Family.NUMBER),
    **dict.fromkeys(("reference", "id"), Family.REFERENCE),
    "picklist": Family.CHOICE,
    "multipicklist": Family.SEVERAL,
    "date": Family.DATE,
    "datetime": Family.TIME,
    "boolean": Family.CHECKBOX,
}

_EQUAL = {"eq": "is", "ne": "is not"}
_LISTED = {"in": "is one of"}
_LIKE = {"contains": "contains", "starts": "starts with"}
_BLANK = {"empty": "is empty", "filled": "is filled"}
_ORDER = {"lt": "is less than", "le": "is at most", "gt": "is more than", "ge": "is at least"}
_ALPHABET = {
    "lt": "sorts before",
    "le": "is, or sorts before",
    "gt": "sorts after",
    "ge": "is, or sorts after",
}
_TIME = {"lt": "is before", "le": "is not after", "gt": "is after", "ge": "is not before"}
WORDS: dict[Family, dict[str, str]] = {
    Family.TEXT: _EQUAL | _LIKE | _LISTED | _BLANK | _ALPHABET,
    Family.CHOICE: _EQUAL | _LISTED | _LIKE | _BLANK,
    Family.SEVERAL: {"in": "has one of", "eq": "is exactly", "ne": "is not exactly"} | _BLANK,
    Family.NUMBER: _EQUAL | _ORDER | _LISTED | _BLANK,
    Family.DATE: _EQUAL | _TIME | _LISTED | _BLANK,
    Family.TIME: _TIME | _EQUAL | _LISTED | _BLANK,
    Family.CHECKBOX: _EQUAL,
    Family.REFERENCE: _EQUAL | _LISTED | _BLANK,
}
"""What may be asked of a field, in words."""
_SIGNS = {"eq": "=", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


_EXPECTED = {
    Family.NUMBER: "a number",
    Family.DATE: "a date such as 2025-12-31",
    Family.TIME: "a time such as 2025-12-31T09:30:00Z",
    Family.CHECKBOX: "true or false",
}


class Unusable(ValueError):
    """The org can't do this. `part` is what is wrong of the condition: field, operator or value."""

    def __init__(self, part: str, problem: str) -> None:
        super().__init__(problem)
        self.part = part


def family(field: FieldDescribe) -> Family | None:
    """None for a field that can't be asked."""
    return FAMILIES.get(field.type) if field.filterable and not field.compound else None


def where(
    conditions: Sequence[Mapping[str, Any]], fields: Mapping[str, FieldDescribe], *, object_name: str
) -> str:
    """All conditions met, as SOQL for WHERE; blank where there are none. Raises Unusable."""
    return " AND ".join(soql(condition, fields, object_name=object_name) for condition in conditions)


def soql(condition: Mapping[str, Any], fields: Mapping[str, FieldDescribe], *, object_name: str) -> str:
    """One condition, as `{"field": …, "operator": …, "value": …}`. Raises Unusable."""
    field = fields.get(condition["field"])
    if field is None:
        asked = condition["field"][:80]
        raise Unusable("field", f"{object_name} has no field “{asked}” that the connected user can read.")
    kind = family(field)
    if kind is None:
        raise Unusable("field", f"Salesforce can't filter by {field.label}.")
    operator = condition["operator"]
    if operator not in WORDS[kind]:
        words = ", ".join(WORDS[kind])
        raise Unusable(
            "operator", f"“{operator}” can't be asked of {field.label}, of type {field.type}: ask {words}."
        )
    return _compiled(name(field.name), operator, condition.get("value"), field, kind)


def _compiled(column: str, operator: str, value: Any, field: FieldDescribe, kind: Family) -> str:
    if operator in UNARY:
        return f"{column} {'=' if operator == 'empty' else '!='} null"
    if operator == "in":
        if not value:
            raise _unsaid(field)
        listed = quote([literal(item, field, kind) for item in value])
        return f"{column} {'INCLUDES' if kind is Family.SEVERAL else 'IN'} {listed}"
    typed = literal(value, field, kind)
    if operator == "contains":
        return f"{column} LIKE {quote_containing(str(typed))}"
    if operator == "starts":
        return f"{column} LIKE {quote_starting(str(typed))}"
    return f"{column} {_SIGNS[operator]} {quote(typed)}"


def literal(value: Any, field: FieldDescribe, kind: Family) -> Scalar:
    """The value as the field's type has it: text, number, date, time or truth. Raises Unusable."""
    try:
        text = normalise(value, field.type, field=field.label)
    except CannotConvert:
        shown = str(value)[:80]
        raise Unusable("value", f"{field.label}: “{shown}” is not {_EXPECTED[kind]}.") from None
    if text is None or not text.strip():
        raise _unsaid(field)
    return _TYPED.get(kind, _as_text)(text, field)


def _unsaid(field: FieldDescribe) -> Unusable:
    return Unusable("value", f"{field.label}: say which value, or ask whether it is empty.")


def _as_text(text: str, field: FieldDescribe) -> str:
    return text


def _as_number(text: str, field: FieldDescribe) -> Decimal:
    number = Decimal(text)
    if abs(number) >= LARGEST:
        raise Unusable("value", f"{field.label}: a number may have at most 18 digits.")
    if field.type in ("int", "long") and number != number.to_integral_value():
        raise Unusable("value", f"{field.label}: this must be a whole number.")
    return number


def _as_date(text: str, field: FieldDescribe) -> date:
    return _in_range(date.fromisoformat(text), field)


def _as_time(text: str, field: FieldDescribe) -> datetime:
    moment = datetime.fromisoformat(text)
    _in_range(moment, field)
    return moment


def _in_range(day: date, field: FieldDescribe) -> date:
    if day.year not in YEARS:
        raise Unusable("value", f"{field.label}: Salesforce knows dates from {YEARS[0]} to {YEARS[-1]}.")
    return day


def _as_truth(text: str, field: FieldDescribe) -> bool:
    return text == "true"


def _as_id(text: str, field: FieldDescribe) -> str:
    try:
        return to18(text)
    except ValueError:
        raise Unusable(
            "value", f"{field.label}: give the Salesforce id of the record, 15 or 18 characters."
        ) from None


_TYPED: dict[Family, Callable[[str, FieldDescribe], Scalar]] = {
    Family.NUMBER: _as_number,
    Family.DATE: _as_date,
    Family.TIME: _as_time,
    Family.CHECKBOX: _as_truth,
    Family.REFERENCE: _as_id,
}
