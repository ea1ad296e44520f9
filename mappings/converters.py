"""Values between Salesforce and the workspace.

In the middle stands the *normalised text* of a Salesforce value, whichever API it came from: `true` and
`false`, numbers without trailing zeros or exponent, times as `YYYY-MM-DDTHH:MM:SSZ`, dates as `YYYY-MM-DD`,
several picklist values as `a;b`, and None for blank. Links keep it as their base, staging holds it.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from typing import Any

from mappings.field_types import NUMBERS, FieldType

DIGITS = (18, 6)
"""Room for a number of a custom field: digits before the point (Salesforce's most), and after it."""


class CannotConvert(ValueError):
    """`field` has a value that its type doesn't take; `remedy` says what would help."""

    def __init__(self, field: str, value: object, expected: str, remedy: str) -> None:
        shown = repr(value) if len(repr(value)) <= 80 else repr(value)[:79] + "…"
        super().__init__(f"{field}: {shown} is not {expected}. {remedy}")
        self.field = field
        self.remedy = remedy


MEND_THERE = "Correct it in Salesforce, or map the field to one of type text."


def number_text(value: Decimal) -> str:
    """No exponent, no trailing zeros, no minus zero."""
    plain = format(value, "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" if plain in ("-0", "") else plain


def normalise(value: Any, salesforce_type: str, *, field: str) -> str | None:
    """The normalised text of a value as REST (JSON) or Bulk (CSV text) gives it.

    `salesforce_type` is the describe's, such as `currency`. Raises CannotConvert.
    """
    if value is None or value == "":
        return None
    return _NORMALISE.get(salesforce_type, _text)(value, field)


def _text(value: Any, field: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def _boolean(value: Any, field: str) -> str:
    text = str(value).lower()
    if text not in ("true", "false"):
        raise CannotConvert(field, value, "true or false", MEND_THERE)
    return text


def _decimal(value: Any, field: str) -> Decimal:
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise CannotConvert(field, value, "a number", MEND_THERE) from None
    if isinstance(value, bool) or not number.is_finite() or abs(number.adjusted()) > 400:
        raise CannotConvert(field, value, "a number", MEND_THERE)
    return number


def _number(value: Any, field: str) -> str:
    return number_text(_decimal(value, field))


def _date(value: Any, field: str) -> str:
    return _parse_date(value, field).isoformat()


def _datetime(value: Any, field: str) -> str:
    return _stamp(_parse_datetime(value, field))


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def _parse_date(value: Any, field: str) -> date:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        raise CannotConvert(field, value, "a date such as 2025-12-31", MEND_THERE) from None


def _parse_datetime(value: Any, field: str) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise CannotConvert(field, value, "a time such as 2025-12-31T09:30:00Z", MEND_THERE) from None


_NORMALISE: dict[str, Callable[[Any, str], str]] = {
    "boolean": _boolean,
    "int": _number,
    "long": _number,
    "double": _number,
    "currency": _number,
    "percent": _number,
    "date": _date,
    "datetime": _datetime,
}


def to_workspace(
    text: str | None, type: FieldType, *, field: str, digits: tuple[int, int] | None = None
) -> Any:
    """What a workspace field of `type` holds; None for blank, False for a blank checkbox.

    Numbers are rounded to the field's places (`digits`: before and after the point), halves away from zero as
    PostgreSQL does. Users, accounts and stages stay text: they are looked up where the rows are.
    Raises CannotConvert.
    """
    if type == FieldType.CHECKBOX:
        return text is not None and _boolean(text, field) == "true"
    if text is None or text == "":
        return None
    if type in NUMBERS:
        return _fit(_decimal(text, field), digits or DIGITS, field)
    if type == FieldType.DATE:
        return _parse_date(text, field)
    if type == FieldType.DATETIME:
        return _parse_datetime(text, field).replace(microsecond=0)
    return text


def _fit(number: Decimal, digits: tuple[int, int], field: str) -> Decimal:
    before, after = digits
    with localcontext(prec=1000):
        fitted = number.quantize(Decimal(1).scaleb(-after), rounding=ROUND_HALF_UP)
    if abs(fitted) >= Decimal(10) ** before:
        raise CannotConvert(field, number, f"a number of at most {before} digits", MEND_THERE)
    return Decimal(number_text(fitted))


def to_salesforce(value: Any, type: FieldType, *, field: str) -> str | None:
    """The normalised text of a workspace value. Raises CannotConvert."""
    if type == FieldType.CHECKBOX:
        return "true" if value else "false"
    if value is None or value == "":
        return None
    if type in NUMBERS:
        return _number(value, field)
    if type == FieldType.DATE:
        return _date(value, field)
    if type == FieldType.DATETIME:
        return _stamp(value) if isinstance(value, datetime) else _datetime(value, field)
    if type == FieldType.MULTIPICKLIST and isinstance(value, list):
        return ";".join(value) or None
    return str(value)
