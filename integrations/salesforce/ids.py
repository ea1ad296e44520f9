"""Salesforce ids: 15 characters that differ by case, or 18 with a checksum that makes case irrelevant."""

import re

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHAPE = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?", re.ASCII)


def to18(salesforce_id: str) -> str:
    """The 18-character form, in which ids are stored and compared.

    An 18-character id whose letters lost their case (a spreadsheet did that) gets it back from its
    checksum. Raises ValueError where the text is no id.
    """
    if not _SHAPE.fullmatch(salesforce_id):
        raise ValueError(f"Not a Salesforce id (15 or 18 letters and digits): {salesforce_id[:40]!r}")
    if len(salesforce_id) == 15:
        return salesforce_id + _checksum(salesforce_id)
    restored = _restore_case(salesforce_id[:15], salesforce_id[15:].upper())
    return restored + _checksum(restored)


def same_id(one: str, other: str) -> bool:
    """Whether two spellings name the same record."""
    return to18(one) == to18(other)


def _checksum(id15: str) -> str:
    blocks = (id15[start : start + 5] for start in (0, 5, 10))
    return "".join(
        _ALPHABET[sum(1 << bit for bit, char in enumerate(block) if "A" <= char <= "Z")] for block in blocks
    )


def _restore_case(id15: str, checksum: str) -> str:
    if any(char not in _ALPHABET for char in checksum):
        raise ValueError(f"Not a Salesforce id, its checksum can't be: {id15 + checksum!r}")
    return "".join(
        char.upper() if _ALPHABET.index(checksum[index // 5]) >> index % 5 & 1 else char.lower()
        for index, char in enumerate(id15)
    )
