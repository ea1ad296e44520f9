"""Changes as the pages tell them: names and values in words, never paths and codes."""

from collections.abc import Mapping
from typing import Any

from django.utils import formats, timezone
from django.utils.dateparse import parse_datetime

from integrations.configuration.options import BY_PATH
from integrations.models import ConnectionState
from integrations.pull_filters.conditions import WORDS, Family

_SECTIONS = {
    "maps": "Field map",
    "values": "Picklist values",
    "stages": "Stages",
    "owners": "Owner",
    "custom_fields": "New field",
    "new_stages": "New stage",
}
OPERATOR_WORDS = WORDS[Family.TEXT] | WORDS[Family.NUMBER]
_CONNECTION = {"": "Signed in to", "state": "State", "window_ends_at": "End of the time to set up"}


def change_in_words(change: Mapping[str, Any]) -> dict[str, str]:
    """`name`, `before` and `after` of a change by `path`, `from` and `to` (as the audit keeps it)."""
    words = _connection_words if change["path"].startswith("connection") else value_in_words
    return {
        "name": name_in_words(change["path"]),
        "before": words(change["from"]),
        "after": words(change["to"]),
    }


def name_in_words(path: str) -> str:
    part, _, rest = path.partition(".")
    if part == "connection":
        return _CONNECTION.get(rest, rest.replace("_", " "))
    if part == "settings":
        return _setting(rest)
    of = rest if part == "owners" else " · ".join(rest.split(".")).replace("_", " ")
    return f"{_SECTIONS.get(part, part.replace('_', ' '))}: {of}"


def _setting(path: str) -> str:
    """Its label, with the object's name where several have one switch by that label."""
    option = BY_PATH.get(path)
    if option is None:
        return path.replace("_", " ")
    shared = sum(other.label == option.label for other in BY_PATH.values()) > 1
    return f"{option.label} of {path.split('.')[0]}" if shared else option.label


def value_in_words(value: Any) -> str:
    if isinstance(value, dict):
        return f"mapped to {value['salesforce']}" if "salesforce" in value else _filters_in_words(value)
    if isinstance(value, list):
        return ", ".join("no stage" if item is None else str(item) for item in value) or "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    return "none" if value is None else str(value)


def _filters_in_words(filters: Mapping[str, Any]) -> str:
    """Pull filters, by object."""
    return (
        "; ".join(
            f"{name} where {' and '.join(map(_condition_in_words, rows))}"
            for name, rows in filters.items()
            if rows
        )
        or "none"
    )


def _condition_in_words(condition: Mapping[str, Any]) -> str:
    value = condition.get("value")
    told = "" if value is None else f" {value_in_words(value) if isinstance(value, list) else value}"
    return f"{condition['field']} {OPERATOR_WORDS[condition['operator']]}{told}"


def _connection_words(value: Any) -> str:
    if value in ConnectionState.values:
        return ConnectionState(value).label
    moment = _moment(value) if isinstance(value, str) else None
    return formats.date_format(timezone.localtime(moment), "j M Y, H:i") if moment else value_in_words(value)


def _moment(text: str) -> Any:
    try:
        return parse_datetime(text)
    except ValueError:
        return None
