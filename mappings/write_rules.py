"""Who wins when a value differs (spec C11): the decision, without a database.

The pull's SQL decides the same way; a property test holds the two equal.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

from mappings.models import Conflict


class Sentinel(Enum):
    NO_BASE = "no value was agreed yet"
    NO_LOSER = "no value was lost"


NO_BASE: Final = Sentinel.NO_BASE
NO_LOSER: Final = Sentinel.NO_LOSER


class Outcome(Enum):
    AGREE = "agree"  # both sides hold the same: nothing to write
    THEIRS = "theirs"  # write Salesforce's value here
    OURS = "ours"  # keep ours; it is to be pushed
    ASK = "ask"  # a person decides; until then both stay


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with one field.

    `base` is the Salesforce value to note as agreed: theirs, for whoever won, what Salesforce holds has been
    dealt with; only an open question leaves the base as it was. `loser` is what a conflict discards, in the
    workspace's form, to be kept in the history.
    """

    outcome: Outcome
    base: Any
    loser: Any = NO_LOSER

    @property
    def is_conflict(self) -> bool:
        return self.outcome is Outcome.ASK or self.loser is not NO_LOSER


def as_it_is(value: Any) -> Any:
    return value


def is_blank(value: Any) -> bool:
    return value is None or value == ""


def decide(
    base: Any,
    ours: Any,
    theirs: Any,
    conflict: Conflict,
    *,
    here: Callable[[Any], Any] = as_it_is,
    ours_at: datetime | None = None,
    theirs_at: datetime | None = None,
) -> Decision:
    """Merge one field of one record.

    `base` and `theirs` are Salesforce values (`base` may be NO_BASE), `ours` is the workspace's; `here`
    converts the former into the latter's form. The times serve the rule *newest* only: when the journal saw
    ours change, and the record's LastModifiedDate there. Unknown or equal times let Salesforce win.
    """
    incoming = here(theirs)
    if _same(ours, incoming):
        return Decision(Outcome.AGREE, theirs)
    if base is NO_BASE:
        return _first_meeting(ours, theirs, incoming, conflict, ours_at, theirs_at)
    if base == theirs:
        return Decision(Outcome.OURS, theirs)
    if _same(ours, here(base)):
        return Decision(Outcome.THEIRS, theirs)
    return _conflict(base, ours, theirs, incoming, conflict, ours_at, theirs_at)


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) or (is_blank(one) and is_blank(other))


def _first_meeting(
    ours: Any,
    theirs: Any,
    incoming: Any,
    conflict: Conflict,
    ours_at: datetime | None,
    theirs_at: datetime | None,
) -> Decision:
    """Nothing was agreed yet: a blank loses to a value, two values are a conflict.

    An owner or account that isn't known here is a value all the same: it must not be overwritten unasked.
    """
    if is_blank(ours):
        return Decision(Outcome.THEIRS, theirs)
    if is_blank(theirs):
        return Decision(Outcome.OURS, theirs)
    return _conflict(NO_BASE, ours, theirs, incoming, conflict, ours_at, theirs_at)


def _conflict(
    base: Any,
    ours: Any,
    theirs: Any,
    incoming: Any,
    conflict: Conflict,
    ours_at: datetime | None,
    theirs_at: datetime | None,
) -> Decision:
    if conflict is Conflict.ASK:
        return Decision(Outcome.ASK, base)
    if conflict is Conflict.WORKSPACE or (conflict is Conflict.NEWEST and _is_newer(ours_at, theirs_at)):
        return Decision(Outcome.OURS, theirs, loser=incoming)
    return Decision(Outcome.THEIRS, theirs, loser=ours)


def _is_newer(ours_at: datetime | None, theirs_at: datetime | None) -> bool:
    return ours_at is not None and theirs_at is not None and ours_at > theirs_at
