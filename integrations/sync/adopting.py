"""Which records in Salesforce are creates of ours whose answer hasn't come (spec C6, D9). A decision without I/O.

The push asks it of what it looks up, the pull of what it has read.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

SLACK = timedelta(seconds=2)
"""The org's Date is rounded down, and so are its stamps."""
KEY_FIELDS = {
    "Account": ("Name",),
    "Contact": ("Email", "FirstName", "LastName"),
    "Lead": ("Email", "FirstName", "LastName", "Company"),
    "Opportunity": ("Name",),
    "OpportunityContactRole": ("OpportunityId", "ContactId"),
}
"""What must equal what was sent. A person's e-mail stands for the rest, where one was sent."""

Identity = tuple[tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Create:
    """A create that was sent, of the outbox row `id`; `sent_at` by the org's clock."""

    id: int
    sent_at: datetime
    values: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record in Salesforce that no record here is linked with, created by the sync user."""

    id: str
    created_at: datetime
    values: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Pairing:
    """Each create is in one of the three. `pairs`: its record; `ambiguous`: records that could be it."""

    pairs: dict[int, str]
    ambiguous: dict[int, list[str]]
    unmatched: list[int]

    @property
    def undecided(self) -> set[int]:
        return {*self.ambiguous, *self.unmatched}


def pair(object_name: str, creates: Sequence[Create], candidates: Iterable[Candidate]) -> Pairing:
    """Pair each create with its record: created since it was sent, with the key fields sent.

    A pair counts only if it is the only one of both: several hits are never guessed among. Name every create
    of the object that isn't decided, or a record may be taken that another one claims.
    """
    by_identity: defaultdict[Identity, list[Candidate]] = defaultdict(list)
    shapes = {shape for create in creates if (shape := _shape(object_name, create.values))}
    for candidate in candidates:
        for shape in shapes:
            by_identity[_identity(shape, candidate.values)].append(candidate)
    hits: dict[int, list[str]] = {}
    claims: defaultdict[str, int] = defaultdict(int)
    for create in creates:
        alike = by_identity.get(_identity(_shape(object_name, create.values), create.values), [])
        hits[create.id] = [item.id for item in alike if item.created_at >= create.sent_at - SLACK]
        for found in hits[create.id]:
            claims[found] += 1
    pairs = {create: found[0] for create, found in hits.items() if len(found) == 1 and claims[found[0]] == 1}
    return Pairing(
        pairs=pairs,
        ambiguous={create: found for create, found in hits.items() if found and create not in pairs},
        unmatched=[create for create, found in hits.items() if not found],
    )


def _shape(object_name: str, values: Mapping[str, Any]) -> tuple[str, ...]:
    """The fields that tell this one from others; none where none of them was sent."""
    names = KEY_FIELDS[object_name]
    if names[0] == "Email":
        names = names[:1] if _folded(values.get("Email")) else names[1:]
    return names if any(_folded(values.get(name)) for name in names) else ()


def _identity(shape: tuple[str, ...], values: Mapping[str, Any]) -> Identity:
    return shape, tuple(_folded(values.get(name)) for name in shape)


def _folded(value: object) -> str:
    return "" if value is None else str(value).strip().casefold()
