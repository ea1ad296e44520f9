"""SOQL's tokens."""

import re
from dataclasses import dataclass

from sandbox.soql.errors import malformed, unexpected

_PATTERN = re.compile(
    r"""(?P<space>\s+)
    |(?P<datetime>\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2}))
    |(?P<date>\d{4}-\d{2}-\d{2}(?![\dT]))
    |(?P<number>[+-]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?(?![A-Za-z_]))
    |(?P<currency>[A-Z]{3}\d+(?:\.\d+)?\b)
    |(?P<literal>(?:LAST|NEXT)_N_[A-Z_]+:\d+|N_[A-Z_]+_AGO:\d+)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<string>'(?:[^'\\]|\\.)*')
    |(?P<operator><=|>=|!=|<>|=|<|>)
    |(?P<mark>[(),.:])""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
MAX_QUERY = 100_000
MAX_STRING = 4_000


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    at: int

    def is_word(self, *words: str) -> bool:
        return self.kind == "name" and self.text.upper() in words


def tokens(text: str) -> list[Token]:
    """The tokens of a query, ended by one of kind `end`. Raises MALFORMED_QUERY."""
    if len(text) > MAX_QUERY:
        raise malformed(f"SOQL statements cannot be longer than {MAX_QUERY:,} characters.")
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _PATTERN.match(text, at)
        if match is None:
            raise _unreadable(text, at)
        if match.lastgroup != "space":
            found.append(Token(str(match.lastgroup), match.group(), at))
        at = match.end()
    found.append(Token("end", "", len(text)))
    return found


def _unreadable(text: str, at: int) -> Exception:
    if text[at] == "'":
        return malformed(f"line 1:{len(text)} mismatched character '<EOF>' expecting '''")
    return unexpected(text[at])


def unescape(quoted_text: str, *, like: bool = False) -> str:
    """The value of a string token. For LIKE, `\\_` and `\\%` keep their backslash."""
    inner = quoted_text[1:-1]

    def put(match: re.Match[str]) -> str:
        if match.group(1) is not None:
            return chr(int(match.group(1), 16))
        char = match.group(2)
        if like and char in "_%\\":
            return "\\" + char
        if char.lower() in _ESCAPES:
            return _ESCAPES[char.lower()]
        if char in "'\"\\_%":
            return str(char)
        raise malformed(
            f"Invalid string literal '{inner}'. Illegal character sequence '\\{char}' in string literal."
        )

    value = re.sub(r"\\(?:u([0-9A-Fa-f]{4})|(.))", put, inner, flags=re.DOTALL)
    if len(value) > MAX_STRING:
        raise malformed(f"string literal is longer than {MAX_STRING:,} characters")
    return value
