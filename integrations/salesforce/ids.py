"""Salesforce ids: 15 characters that differ by case, or 18 with a checksum that makes case irrelevant."""

import re

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHAPE = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?", re.ASCII)


def to18(salesforce_id: str) -> str:
    """The 18-character form, in which ids are stored and compared. Raises ValueError for what is no id."""
    if not _SHAPE.fullmatch(salesforce_id):
        raise ValueError(f"Not a Salesforce id (15 or 18 letters and digits): {salesforce_id[:40]!r}")
    return salesforce_id if len(salesforce_id) == 18 else salesforce_id + _checksum(salesforce_id)


def same_id(one: str, other: str) -> bool:
    """Whether two spellings name the same record."""
    return to18(one) == to18(other)


def _checksum(id15: str) -> str:
    blocks = (id15[start : start + 5] for start in (0, 5, 10))
    return "".join(
        _ALPHABET[sum(1 << bit for bit, char in enumerate(block) if "A" <= char <= "Z")] for block in blocks
    )
