"""Rules that make chosen calls go wrong (README, "Faults"). They live in memory: a restart forgets them."""

import itertools
import re
import threading
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any
from urllib.parse import unquote_plus

from sandbox.fault_table import FAULTS, Cut, Effect, Truncation
from sandbox.operations import KNOWN, operation_of

_DATA = "/services/data/"
_CONTROL = re.compile(r"^/(sandbox/api|ui)(/|$)")


@dataclass(frozen=True)
class Call:
    """A request as rules see it; `target` is path and query, `body` as text.

    `objects` are those it concerns without naming them: the object of a job, or behind the ids in a path.
    """

    method: str
    target: str
    body: str = ""
    user: str = ""
    objects: frozenset[str] = frozenset()

    @property
    def operation(self) -> str:
        return operation_of(self.method, self.target.partition("?")[0])


@dataclass(frozen=True)
class Match:
    """Every condition given must hold. Begins at the `nth` such call, acts `times` times (0: for ever).

    Without a `path` only data calls are met; with one, signing in can go wrong too. `operation` is one or
    several, by comma, of `sandbox.operations`.
    """

    method: str = ""
    operation: str = ""
    path: str = ""
    object: str = ""
    user: str = ""
    nth: int = 1
    times: int = 1

    def meets(self, call: Call) -> bool:
        if _CONTROL.match(call.target) or not (self.path or call.target.startswith(_DATA)):
            return False
        if self.method and call.method not in self.method.upper().split(","):
            return False
        if self.operation and call.operation not in self.operation.split(","):
            return False
        if self.user and self.user.lower() != call.user.lower():
            return False
        if self.path and not re.search(self.path, call.target):
            return False
        return not self.object or _names(call, self.object)


@dataclass
class Rule:
    id: int
    name: str
    match: Match
    effect: Effect
    seen: int = 0
    applied: int = 0

    @property
    def spent(self) -> bool:
        return bool(self.match.times) and self.applied >= self.match.times

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "match": asdict(self.match),
            "do": {key: value for key, value in asdict(self.effect).items() if value},
            "seen": self.seen,
            "applied": self.applied,
            "spent": self.spent,
        }


@dataclass
class Faults:
    _rules: list[Rule] = field(default_factory=list)
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, name: str = "", *, match: Match | None = None, do: dict[str, Any] | None = None) -> Rule:
        """A fault of the table, its effect amended by `do`, or one made of `do` alone. Raises ValueError."""
        if name and name not in FAULTS:
            raise ValueError(f"There is no fault {name!r}. Known: {', '.join(sorted(FAULTS))}.")
        effect = amend(FAULTS[name].effect if name else Effect(), do or {})
        if effect == Effect():
            raise ValueError("Say what the fault does: give a `name`, or a `do` with at least one effect.")
        with self._lock:
            rule = Rule(next(self._ids), name or "custom", match or Match(), effect)
            self._rules.append(rule)
        return rule

    def meet(self, call: Call) -> Effect | None:
        """The effect of the first live rule this call meets; each rule counts the calls it meets."""
        with self._lock:
            for rule in self._rules:
                if rule.spent or not rule.match.meets(call):
                    continue
                rule.seen += 1
                if rule.seen >= rule.match.nth:
                    rule.applied += 1
                    return rule.effect
        return None

    @property
    def live(self) -> bool:
        return bool(self._rules)

    def all(self) -> list[Rule]:
        with self._lock:
            return list(self._rules)

    def remove(self, rule_id: int) -> bool:
        with self._lock:
            kept = [rule for rule in self._rules if rule.id != rule_id]
            removed = len(kept) < len(self._rules)
            self._rules = kept
        return removed

    def clear(self) -> None:
        with self._lock:
            self._rules = []


def read_match(raw: dict[str, Any]) -> Match:
    """Raises ValueError naming the bad field."""
    known = {f.name: f.type for f in fields(Match)}
    for name, value in raw.items():
        if name not in known:
            raise ValueError(f"match.{name} is not known. Known: {', '.join(known)}.")
        wanted = int if name in ("nth", "times") else str
        if not isinstance(value, wanted):
            raise ValueError(f"match.{name} must be {'a whole number' if wanted is int else 'text'}.")
    match = Match(**raw)
    try:
        re.compile(match.path)
    except re.error as error:
        raise ValueError(f"match.path is not a regular expression: {error}.") from error
    if unknown := set(filter(None, match.operation.split(","))) - KNOWN:
        raise ValueError(f"match.operation {unknown.pop()} is not known. Known: {', '.join(sorted(KNOWN))}.")
    return match


def amend(effect: Effect, changes: dict[str, Any]) -> Effect:
    """Raises ValueError naming the bad field."""
    known = {f.name for f in fields(Effect)}
    if unknown := set(changes) - known:
        raise ValueError(f"do.{unknown.pop()} is not known. Known: {', '.join(sorted(known))}.")
    changes = dict(changes)
    for name in {"refuse_rows", "refuse_values"} & set(changes):
        if not isinstance(changes[name], list):
            raise ValueError(f"do.{name} must be a list.")
    for name, kind in (("cut", Cut), ("truncate", Truncation)):
        if changes.get(name):
            try:
                changes[name] = kind(changes[name])
            except ValueError:
                raise ValueError(f"do.{name} must be one of {', '.join(kind)}.") from None
    return replace(effect, **changes)


def _names(call: Call, name: str) -> bool:
    """Whether the call concerns an object: in its path, its SOQL, or the types of its rows."""
    if name.casefold() in {each.casefold() for each in call.objects}:
        return True
    text = f"{unquote_plus(call.target)}\n{call.body}"
    quoted = re.escape(name)
    return bool(
        re.search(rf'/(sobjects|tree|object-info)/{quoted}([/?"]|$)', text, re.I | re.M)
        or re.search(rf"\bFROM\s+{quoted}\b", text, re.I)
        or re.search(rf'"(type|object)"\s*:\s*"{quoted}"', text, re.I)
    )
