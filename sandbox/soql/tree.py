"""What a parsed query is made of. `at` is a position in the query's text, for error messages."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Path:
    """A field, perhaps through parents: `Account.Owner.Name`."""

    parts: tuple[str, ...]
    at: int

    def __str__(self) -> str:
        return ".".join(self.parts)


@dataclass(frozen=True)
class Call:
    """A function of a field: an aggregate, a date function, toLabel; `COUNT()` has no field."""

    name: str
    argument: Path | None
    at: int

    def __str__(self) -> str:
        return f"{self.name}({self.argument or ''})"


@dataclass(frozen=True)
class Macro:
    """FIELDS(ALL), FIELDS(STANDARD) or FIELDS(CUSTOM)."""

    scope: str
    at: int


@dataclass(frozen=True)
class Literal:
    """A value in a condition. `kind` is string, number, boolean, null, date, datetime or dateliteral."""

    kind: str
    value: Any
    at: int


@dataclass(frozen=True)
class Comparison:
    left: Path | Call
    operator: str
    right: "Literal | list[Literal] | Query"


@dataclass(frozen=True)
class Not:
    condition: "Condition"


@dataclass(frozen=True)
class Logic:
    """`word` is AND or OR."""

    word: str
    conditions: list["Condition"]


Condition = Comparison | Not | Logic


@dataclass(frozen=True)
class Order:
    by: Path | Call
    descending: bool
    nulls_last: bool


@dataclass(frozen=True)
class Selected:
    what: "Path | Call | Macro | Query"
    alias: str | None = None


@dataclass
class Query:
    text: str
    selected: list[Selected]
    object: str
    object_at: int
    alias: str | None = None
    where: Condition | None = None
    group_by: list[Path | Call] = field(default_factory=list)
    having: Condition | None = None
    order_by: list[Order] = field(default_factory=list)
    limit: int | None = None
    offset: int = 0
    all_rows: bool = False
