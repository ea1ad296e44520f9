"""Potential duplicates as pages tell them: only of records that are shown themselves, and only such (spec C5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db.models import Q, QuerySet

from crm.history import MODELS, Event, Teller
from crm.listing import Count, bounded_count
from crm.matching import MOST, TABLES
from crm.models import Kind, PotentialDuplicate, Record, User

NAMED = 5
MOST_TOLD = 200
MINE_SHOWN = 5
FEW = 20_000


@dataclass(frozen=True, slots=True)
class Twin:
    """`reason` is said once, after the last of those it holds for."""

    record: Record
    reason: str


@dataclass(frozen=True, slots=True)
class Twins:
    """Those named, and how many more there are; `at_least`, as not all pairs of a crowd are kept."""

    named: list[Twin]
    more: int
    at_least: bool

    @property
    def is_one(self) -> bool:
        return len(self.named) == 1 and not self.more


@dataclass(frozen=True, slots=True)
class Mine:
    """A user's records of one kind that look like another, the newest first."""

    list_name: str
    rows: list[Any]
    count: Count


def has_duplicates(kind: str) -> bool:
    """Deals have none."""
    return kind in TABLES


def twins_of(record: Record) -> Twins | None:
    """Whom the page of a record warns of; None where there is nobody, or the record itself is hidden."""
    if record.hidden or not has_duplicates(record.kind):
        return None
    others = shown(record.kind).filter(pk__in=others_of(record)).defer("search", "custom").order_by("pk")
    found = list(others[: NAMED + 1])
    if not found:
        return None
    number = others.count() if len(found) > NAMED else len(found)
    named = in_turn(found[:NAMED], reasons_of(record, found[:NAMED]))
    return Twins(named, number - len(named), number >= MOST) if named else None


def in_turn(others: list[Record], reasons: dict[int, str]) -> list[Twin]:
    """By reason, then age; a pair that went meanwhile is left out."""
    alike = sorted((reasons[other.pk], other.pk, other) for other in others if other.pk in reasons)
    following = [*(reason for reason, _, _ in alike[1:]), ""]
    return [
        Twin(other, "" if reason == after else reason)
        for (reason, _, other), after in zip(alike, following, strict=True)
    ]


def shown(kind: str) -> QuerySet[Any]:
    return MODELS[kind]._default_manager.filter(hidden=False)


def others_of(record: Record) -> QuerySet[Any]:
    pairs = PotentialDuplicate.objects.filter(kind=record.kind)
    later = pairs.filter(record_id=record.pk).values_list("other_id")
    return later.union(pairs.filter(other_id=record.pk).values_list("record_id"), all=True)


def reasons_of(record: Record, others: Iterable[Record]) -> dict[int, str]:
    """Each other's reason in words."""
    ids = [other.pk for other in others]
    between = Q(record_id=record.pk, other_id__in=ids) | Q(other_id=record.pk, record_id__in=ids)
    pairs = PotentialDuplicate.objects.filter(between, kind=record.kind)
    return {other_in(pair, record): pair.get_reason_display() for pair in pairs}


def other_in(pair: PotentialDuplicate, record: Record) -> int:
    return pair.other_id if pair.record_id == record.pk else pair.record_id


def with_twins(kind: str, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Those of the `rows`, shown ones of `kind`, that look like another that is shown."""
    pairs, others = PotentialDuplicate.objects.filter(kind=kind), shown(kind).values("pk")
    earlier = pairs.filter(other_id__in=others).values_list("record_id")
    later = pairs.filter(record_id__in=others).values_list("other_id")
    return rows.filter(pk__in=earlier.union(later))


def are_few(kind: str) -> bool:
    """Whether to look at each of the records that look like another is quick."""
    return PotentialDuplicate.objects.filter(kind=kind)[: FEW + 1].count() <= FEW


def twins_of_mine(user: User) -> list[Mine]:
    """What sales home warns of; kinds without any are left out."""
    found = []
    for kind, list_name in ((Kind.CONTACT, "people"), (Kind.ACCOUNT, "accounts")):
        rows = with_twins(kind, shown(kind).filter(owner=user)).defer("search", "custom")
        if some := list(rows.order_by("-pk")[:MINE_SHOWN]):
            found.append(Mine(list_name, some, bounded_count(rows)))
    return found


def events(record: Record, since: datetime | None, until: datetime | None) -> list[Event]:
    """When the pairs that are kept were found: one event for those of one moment and reason."""
    if not has_duplicates(record.kind):
        return []
    either = Q(record_id=record.pk) | Q(other_id=record.pk)
    pairs = PotentialDuplicate.objects.filter(either, kind=record.kind)
    pairs = pairs.filter(found_at__gte=since) if since else pairs
    pairs = pairs.filter(found_at__lt=until) if until else pairs
    found = list(pairs.order_by("-found_at", "reason", "record_id", "other_id")[:MOST_TOLD])
    if not found:
        return []
    others = shown(record.kind).defer("search", "custom").in_bulk([other_in(pair, record) for pair in found])
    groups = groupby(found, key=lambda pair: (pair.found_at, pair.get_reason_display()))
    told = [
        (at, reason, [others.get(other_in(pair, record)) for pair in alike]) for (at, reason), alike in groups
    ]
    return [
        event_of(at, reason, [other for other in alike if other]) for at, reason, alike in told if any(alike)
    ]


def event_of(at: datetime, reason: str, others: list[Record]) -> Event:
    first, *further = others
    more = len(others) - NAMED
    return Event(
        at=at,
        action="duplicate",
        who="",
        how=f"and {more} more ({reason})" if more > 0 else f"({reason})",
        run=None,
        changes=[],
        said="Potential duplicate of",
        about=first,
        further=further[: NAMED - 1],
    )


TELLER = Teller("duplicates", events, lambda record, field: [])
