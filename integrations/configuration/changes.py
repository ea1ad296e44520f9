"""What an import would change, and what is wrong with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """One value that differs; a row of a map that is new or goes has None on the other side."""

    path: str
    before: Any
    after: Any

    def as_dict(self) -> dict[str, Any]:
        """The shape that `config import --dry-run` promises, and that the audit keeps."""
        return {"path": self.path, "from": self.before, "to": self.after}


@dataclass(frozen=True, slots=True)
class Problem:
    """`path` leads to the value in the file, such as `maps.Contact[3].salesforce`."""

    path: str
    problem: str

    def as_dict(self) -> dict[str, str]:
        return {"path": self.path, "problem": self.problem}


class Report:
    """Collects problems, so that a file is refused with all of them at once."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, path: str, problem: str) -> None:
        self.problems.append(Problem(path, problem))

    def mapping(self, path: str, value: Any) -> dict[str, Any]:
        """`value` if it is an object with text keys, else nothing and a problem."""
        if isinstance(value, dict) and all(isinstance(key, str) for key in value):
            return value
        self.add(path, "This must be an object: {…}.")
        return {}


def below(path: str, key: object) -> str:
    """The path of `key`; one that is no sane name is cut short."""
    shown = str(key) if len(str(key)) <= 80 else str(key)[:79] + "…"
    return f"{path}.{shown}" if path else shown


class InvalidConfiguration(ValueError):
    """Nothing was changed; `problems` has everything that is wrong, in the order of the file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{item.path}: {item.problem}" for item in problems))
        self.problems = list(problems)


class ChangedMeanwhile(Exception):
    """Nothing was changed: since the page was opened somebody else saved `changes`."""

    def __init__(self, changes: Sequence[Change]) -> None:
        super().__init__("These settings were changed since the page was opened.")
        self.changes = list(changes)
