"""One JSON value as a field stores it, or the error Salesforce gives for it."""

import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.errors import ApiError
from sandbox.ids import is_id, to18
from sandbox.schema.fields import NUMBER_TYPES, Field
from sandbox.stamps import parse, parse_date, stamp

_EMAIL = re.compile(r"[^@\s,;<>()\[\]\"\\]+@[^@\s,;<>()\[\]\"\\.]+(\.[^@\s,;<>()\[\]\"\\.]+)+")
_MAX_INT = 2_147_483_647
_SHORT_ID = 15
Reader = Callable[[Field, Any], Any]


def to_stored(field: Field, value: Any) -> Any:
    """The stored form of a JSON value; null and the empty text are null.

    Raises JSON_PARSER_ERROR, STRING_TOO_LONG, INVALID_EMAIL_ADDRESS, NUMBER_OUTSIDE_VALID_RANGE,
    MALFORMED_ID.
    """
    if value is None or value == "":
        if field.type == "boolean":
            raise ApiError(
                400, "INVALID_TYPE_ON_FIELD_IN_RECORD", "value not of required type: ", [field.name]
            )
        return None
    if isinstance(value, dict | list):
        raise _not_a(field, value)
    reader: Reader = _READERS.get(field.type, _text)
    return reader(field, value)


def _not_a(field: Field, value: Any) -> ApiError:
    token, shown = _token(value)
    message = (
        f"Cannot deserialize instance of {field.type} from {token} value {shown} or request may be missing a "
        "required field at [line:1, column:2]"
    )
    return ApiError(400, "JSON_PARSER_ERROR", message)


def _token(value: Any) -> tuple[str, str]:
    if isinstance(value, bool):
        return f"VALUE_{str(value).upper()}", str(value).lower()
    if isinstance(value, dict):
        return "START_OBJECT", "{"
    if isinstance(value, list):
        return "START_ARRAY", "["
    names = {int: "VALUE_NUMBER_INT", float: "VALUE_NUMBER_FLOAT"}
    return names.get(type(value), "VALUE_STRING"), str(value)


def _boolean(field: Field, value: Any) -> int:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return int(value.lower() == "true")
    raise _not_a(field, value)


def _number(field: Field, value: Any) -> int | float:
    if isinstance(value, bool):
        raise _not_a(field, value)
    try:
        exact = Decimal(str(value).strip())
    except ArithmeticError:
        raise _not_a(field, value) from None
    if not exact.is_finite():
        raise _not_a(field, value)
    return _whole(field, exact, value) if field.type == "int" else _decimal(field, exact, value)


def _whole(field: Field, exact: Decimal, value: Any) -> int:
    if exact != exact.to_integral_value():
        raise _not_a(field, value)
    digits = int(field.attributes.get("digits") or 0)
    if abs(exact) > _MAX_INT or (digits and abs(exact) >= Decimal(10) ** digits):
        raise _out_of_range(field, value)
    return int(exact)


def _decimal(field: Field, exact: Decimal, value: Any) -> float:
    precision = int(field.attributes.get("precision") or 18)
    scale = int(field.attributes.get("scale") or 0)
    if abs(exact) >= Decimal(10) ** (precision - scale):
        raise _out_of_range(field, value)
    return float(exact.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP))


def _out_of_range(field: Field, value: Any) -> ApiError:
    message = f"{field.label}: value outside of valid range on numeric field: {value}"
    return ApiError(400, "NUMBER_OUTSIDE_VALID_RANGE", message, [field.name])


def _date(field: Field, value: Any) -> str:
    try:
        return parse_date(str(value)) if isinstance(value, str) else _refuse(field, value)
    except ValueError:
        raise _not_a(field, value) from None


def _datetime(field: Field, value: Any) -> str:
    try:
        return stamp(parse(value)) if isinstance(value, str) and "T" in value else _refuse(field, value)
    except ValueError:
        raise _not_a(field, value) from None


def _refuse(field: Field, value: Any) -> str:
    raise _not_a(field, value)


def _reference(field: Field, value: Any) -> str:
    if not isinstance(value, str) or not is_id(value):
        message = f"{field.label}: id value of incorrect type: {value}"
        raise ApiError(400, "MALFORMED_ID", message, [field.name])
    return to18(value)


def _text(field: Field, value: Any) -> str | None:
    """Salesforce trims what it stores; numbers and booleans are taken as text."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    text = text.replace("\x00", "").strip()
    if field.length and len(text) > field.length:
        message = f"data value too large: {text} (max length={field.length})"
        raise ApiError(400, "STRING_TOO_LONG", message, [field.name])
    return text or None


def _email(field: Field, value: Any) -> str | None:
    """Addresses are kept in lower case."""
    text = _text(field, value)
    if text is not None and not _EMAIL.fullmatch(text):
        message = f"{field.label}: invalid email address: {text}"
        raise ApiError(400, "INVALID_EMAIL_ADDRESS", message, [field.name])
    return text and text.lower()


def _multi(field: Field, value: Any) -> str | None:
    parts = [part.strip() for part in str(value).split(";")]
    return _text(field, ";".join(dict.fromkeys(part for part in parts if part)))


_READERS: dict[str, Reader] = {
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "reference": _reference,
    "id": _reference,
    "email": _email,
    "multipicklist": _multi,
    **dict.fromkeys(NUMBER_TYPES, _number),
}


def load(field: Field, value: Any) -> Any:
    """The stored form of a trusted value: nothing is refused, ids of any shape pass."""
    if value is None or value == "":
        return 0 if field.type == "boolean" else None
    loader = LOADERS.get(field.type)
    return value if loader is None else loader(value)


def _load_boolean(value: Any) -> int:
    return int(str(value).lower() in {"true", "1"})


def _load_datetime(value: Any) -> str:
    if isinstance(value, str):
        return value if value.endswith(".000+0000") else stamp(parse(value))
    return stamp(value)


def _load_date(value: Any) -> str:
    return parse_date(str(value))


def _load_id(value: str) -> str:
    return to18(value) if len(value) == _SHORT_ID and is_id(value) else value


# types whose trusted values are not stored just as they come
LOADERS: dict[str, Callable[[Any], Any]] = {
    "boolean": _load_boolean,
    "datetime": _load_datetime,
    "date": _load_date,
    "id": _load_id,
    "reference": _load_id,
}
