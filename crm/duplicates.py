"""Potential duplicates as pages tell them: only of records that are shown themselves, and only such (spec C5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL

from crm.history import MODELS, Event, Teller
from crm.listing import COUNT_LIMIT, Count, Gather, planning_without
from crm.matching import MOST, TABLES
from crm.models import Kind, PastDuplicate, PotentialDuplicate, Record, User

Pair = PotentialDuplicate | PastDuplicate
NAMED = 5
MOST_TOLD = 200
MINE_SHOWN = 5
FEW = 20_000
BEYOND_ALL = 2**63 - 1

MET = """
SELECT DISTINCT u.id FROM (
  (SELECT DISTINCT record_id AS id FROM crm_potentialduplicate WHERE kind = %s AND record_id {past} %s
    ORDER BY record_id {direction} OFFSET 0)
   UNION ALL
  (SELECT DISTINCT other_id FROM crm_potentialduplicate WHERE kind = %s AND other_id {past} %s
    ORDER BY other_id {direction} OFFSET 0)) u
 ORDER BY u.id {direction}"""
OF_THESE = "SELECT u.id FROM unnest(%s::bigint[]) AS u (id) WHERE u.id {past} %s ORDER BY u.id {direction}"
LOOKS_ALIKE = """
(EXISTS (SELECT 1 FROM crm_potentialduplicate p JOIN {0} o ON o.id = p.record_id AND NOT o.hidden
          WHERE p.kind = '{1}' AND p.other_id = {0}.id OFFSET 0)
 OR EXISTS (SELECT 1 FROM crm_potentialduplicate p JOIN {0} o ON o.id = p.other_id AND NOT o.hidden
             WHERE p.kind = '{1}' AND p.record_id = {0}.id OFFSET 0))"""
DETOURS = ("enable_hashagg", "enable_sort", "enable_seqscan", "enable_bitmapscan", "enable_gathermerge")
"""PostgreSQL doesn't see that the first pairs will do, and would sort all of them before it looks at one."""
GATHER = """
SELECT met.id FROM ({met}) met CROSS JOIN LATERAL ({look} OFFSET 0) looked ORDER BY met.id {direction} LIMIT %s"""


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


def other_in(pair: Pair, record: Record) -> int:
    return pair.other_id if pair.record_id == record.pk else pair.record_id


def those_with_twins(kind: str) -> Gather:
    """Those of given rows, shown ones of `kind`, that look like another that is shown.

    Pairs are read in the order of their ids and each record is looked at when it is met, so that a page, or 10,001
    to count, need no more of them than that. Where pairs are many and the rows few, each row is asked instead.
    """

    def gather(rows: QuerySet[Any], number: int, rising: bool, beyond: int | None) -> list[int]:
        edge = (0 if rising else BEYOND_ALL) if beyond is None else beyond
        past, direction = (">", "ASC") if rising else ("<", "DESC")
        rows = rows.order_by()
        met, given = to_meet(kind, rows, edge)
        one = rows.filter(looks_alike(kind), pk=RawSQL("met.id", []))
        look, params = one.values("pk").query.sql_with_params()
        met = met.format(past=past, direction=direction)
        query = GATHER.format(met=met, look=look, direction=direction)
        with planning_without(*DETOURS), connection.cursor() as cursor:
            cursor.execute(query, [*given, *params, number])
            return [pk for (pk,) in cursor.fetchall()]

    return gather


def to_meet(kind: str, rows: QuerySet[Any], edge: int) -> tuple[str, list[Any]]:
    """A query of the ids to look at, beyond one, and its parameters."""
    if not are_few(kind):
        ids = list(rows.values_list("pk", flat=True)[: FEW + 1])
        if len(ids) <= FEW:
            return OF_THESE, [ids, edge]
    return MET, [kind, edge, kind, edge]


def are_few(kind: str) -> bool:
    """Whether to look at each of the records that look like another is quick."""
    return PotentialDuplicate.objects.filter(kind=kind)[: FEW + 1].count() <= FEW


def looks_alike(kind: str) -> RawSQL:
    """Asked last of a row, as it costs most: of the table that `rows` are from, by its own name."""
    condition = LOOKS_ALIKE.format(TABLES[Kind(kind)], Kind(kind).value)
    return RawSQL(condition, [], output_field=BooleanField())  # noqa: S611  names from our own tables


def twins_of_mine(user: User) -> list[Mine]:
    """What sales home warns of; kinds without any are left out."""
    found = []
    for kind, list_name in ((Kind.CONTACT, "people"), (Kind.ACCOUNT, "accounts")):
        mine = shown(kind).filter(owner=user).defer("search", "custom")
        if ids := those_with_twins(kind)(mine, COUNT_LIMIT + 1, False, None):
            some = list(mine.filter(pk__in=ids[:MINE_SHOWN]).order_by("-pk"))
            found.append(Mine(list_name, some, Count(len(ids))))
    return found


def events(record: Record, since: datetime | None, until: datetime | None) -> list[Event]:
    """When pairs were found, also those that ended: one event for those of one moment and reason."""
    if not has_duplicates(record.kind):
        return []
    both = (PotentialDuplicate, PastDuplicate)
    pairs = [pair for model in both for pair in pairs_found(model, record, since, until)]
    found = sorted(pairs, key=lambda pair: (-pair.found_at.timestamp(), words_of(pair)))[:MOST_TOLD]
    if not found:
        return []
    others = shown(record.kind).defer("search", "custom").in_bulk([other_in(pair, record) for pair in found])
    groups = groupby(found, key=lambda pair: (pair.found_at, words_of(pair)))
    told = [
        (at, reason, [others.get(other_in(pair, record)) for pair in alike]) for (at, reason), alike in groups
    ]
    return [
        event_of(at, reason, [other for other in alike if other]) for at, reason, alike in told if any(alike)
    ]


def pairs_found(
    model: type[Pair], record: Record, since: datetime | None, until: datetime | None
) -> list[Pair]:
    """The newest of a record's pairs, in order."""
    either = Q(record_id=record.pk) | Q(other_id=record.pk)
    pairs = model._default_manager.filter(either, kind=record.kind)
    pairs = pairs.filter(found_at__gte=since) if since else pairs
    pairs = pairs.filter(found_at__lt=until) if until else pairs
    return list(pairs.order_by("-found_at", "reason", "record_id", "other_id")[:MOST_TOLD])


def words_of(pair: Pair) -> str:
    reason = str(pair.get_reason_display())
    return f"{reason}, no longer" if isinstance(pair, PastDuplicate) else reason


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
