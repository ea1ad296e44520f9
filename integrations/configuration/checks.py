"""What a setting's value must be. Each check returns the value to store or raises BadValue with a "
"sentence."""

from collections.abc import Callable, Collection
from typing import Any

Check = Callable[[Any], Any]


class BadValue(ValueError):
    """The sentence says what is wrong and what would do."""


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadValue("This must be true or false.")
    return value


def whole_number(least: int, most: int) -> Check:
    def check(value: Any) -> int:
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if not is_number or not least <= value <= most:
            raise BadValue(f"This must be a whole number from {least:,} to {most:,}.")
        return int(value)

    return check


def one_of(choices: Collection[str]) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise BadValue(f"This must be one of: {', '.join(choices)}.")
        return value

    return check


def several_of(choices: Collection[str]) -> Check:
    one = one_of(choices)

    def check(value: Any) -> list[str]:
        if not isinstance(value, list):
            raise BadValue(f"This must be a list with any of: {', '.join(choices)}.")
        chosen = [one(item) for item in value]
        if len(set(chosen)) < len(chosen):
            raise BadValue("An entry stands here twice.")
        return [item for item in choices if item in chosen]

    return check


def stage_names(value: Any) -> list[str | None] | None:
    """Null for any stage; null inside the list means "no stage" (spec D3)."""
    if value is None:
        return None
    if not isinstance(value, list) or not value:
        raise BadValue('This must be null, for any stage, or a list of stage names, null meaning "no stage".')
    if any(item is not None and (not isinstance(item, str) or not item.strip()) for item in value):
        raise BadValue('Each entry must be the name of a stage, or null for "no stage".')
    if len(set(value)) < len(value):
        raise BadValue("An entry stands here twice.")
    return list(value)


def text(value: Any, most: int = 255) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadValue("This must be a text.")
    if len(value) > most:
        raise BadValue(f"This is {len(value):,} characters long; at most {most} fit.")
    if "\x00" in value or not value.isprintable():
        raise BadValue("This has a character that can't be shown, such as a line break. Take it out.")
    return value
