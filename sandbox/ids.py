"""Salesforce ids: 15 characters that mind case, or those and 3 that say where the capitals are."""

import re
from functools import lru_cache

_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")

MASTER_RECORD_TYPE = "012000000000000AAA"


def checksum(short: str) -> str:
    """The last three characters of the 18-character form."""
    return "".join(_SUFFIX[_capitals(short[at : at + 5])] for at in (0, 5, 10))


@lru_cache(maxsize=65_536)
def _capitals(block: str) -> int:
    return sum(1 << bit for bit, char in enumerate(block) if "A" <= char <= "Z")


def is_id(value: str) -> bool:
    """Whether the text has the shape of an id; of 18 characters, the checksum must be right (either case)."""
    if not _SHAPE.fullmatch(value):
        return False
    return len(value) == 15 or checksum(value[:15]) == value[15:].upper()


def to18(value: str) -> str:
    """The 18-character form of an id of either length.

    Raises ValueError for anything that is no id.
    """
    if not is_id(value):
        raise ValueError(f"not a Salesforce id: {value!r}")
    return value[:15] + checksum(value[:15])


def to15(value: str) -> str:
    return value[:15]


def make_id(prefix: str, number: int, instance: str = "Lk") -> str:
    """The id of the nth record behind a key prefix, the same every time."""
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    return to18(f"{prefix}{instance}{digits.rjust(15 - len(prefix) - len(instance), '0')}")
