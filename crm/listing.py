"""Pages of large tables by key: no OFFSET, no COUNT over a whole table (design, *Data*)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.db import connection, transaction
from django.db.models import BigIntegerField, BooleanField, F, Func, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Lower

from crm.models import Record
from crm.search import matching

R = TypeVar("R", bound=Record)
Gather = Callable[[QuerySet[Any], int, bool, int | None], list[int]]
"""The ids of so many of the given rows that meet a condition of its own, rising or falling, beyond an id."""

PAGE_SIZE = 50
COUNT_LIMIT = 10_000
SORTING = ("enable_bitmapscan", "enable_seqscan")
"""PostgreSQL can't estimate how many words share a prefix, and would sort hundreds of thousands of hits."""
STRETCH = 20_000
"""Ids. Where more than 10,000 hits among 2,000,000 rows are evenly spread, half of it fills a page."""


@dataclass(frozen=True, slots=True)
class Count:
    """Exact to 10,000, then "10,000+"."""

    value: int

    @property
    def is_exact(self) -> bool:
        return self.value <= COUNT_LIMIT

    def __str__(self) -> str:
        return f"{self.value:,}" if self.is_exact else f"{COUNT_LIMIT:,}+"

    def __bool__(self) -> bool:
        return self.value > 0


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """One page; `after` and `before` are the ids to go on from, empty at an end.

    `newest_first` says that there were too many hits to sort them by name.
    """

    rows: list[R]
    count: Count
    after: int | None
    before: int | None
    newest_first: bool = False


def bounded_count(records: QuerySet[Any]) -> Count:
    return Count(records.order_by().values("pk")[: COUNT_LIMIT + 1].count())


def page_of(
    records: QuerySet[R],
    *,
    by: tuple[str, ...],
    text: str = "",
    after: int | None = None,
    before: int | None = None,
    size: int = PAGE_SIZE,
    gather: Gather | None = None,
) -> Page[R]:
    """One page of `records`, by the lower-cased columns `by`, that match the search `text`.

    A cursor is the id of the row at the page's edge; where that row is gone, the first page is shown.
    Up to 10,000 hits of a search are sorted. More come newest first: hits may all lie at the end of the
    alphabet, so that walking the index by name could pass a million rows. So do those of `records` that `gather`
    finds, which knows a quicker way to them than to ask each of `records`.
    """
    found, count = search(records, text, gather)
    too_many = bool(text.strip() or gather) and not count.is_exact
    keys = {"sort_id": F("pk")} if too_many else sort_keys(by)
    forward = before is None
    rising = forward is not too_many
    ordered = found.annotate(**keys).order_by(*(key if rising else f"-{key}" for key in keys))
    edge = edge_of(records.model, keys, after if forward else before)
    if edge:
        ordered = ordered.filter(beyond(edge, rising=rising))
    if too_many and gather:
        ids = gather(found, size + 1, rising, edge["sort_id"] if edge else None)
        rows = list(ordered.filter(IsOneOf(ids)))
    elif too_many:
        rows = nearest(ordered, size + 1, rising=rising, edge=edge)
    else:
        rows = list(ordered[: size + 1])
    more = len(rows) > size
    rows = rows[:size] if forward else rows[:size][::-1]
    has_next, has_previous = (more, edge is not None) if forward else (edge is not None, more)
    return Page(
        rows=rows,
        count=count,
        after=rows[-1].pk if rows and has_next else None,
        before=rows[0].pk if rows and has_previous else None,
        newest_first=too_many,
    )


def nearest(hits: QuerySet[R], number: int, *, rising: bool, edge: dict[str, Any] | None) -> list[R]:
    """The first of very many `hits`, which are in the order of their ids, rising or falling.

    Looking at each row beyond the edge is quick where hits are spread, and endless where they all lie elsewhere, as
    after an import of one company's people. So it is done for a stretch; else the hits are gathered by their own index.
    """
    start = edge["sort_id"] if edge else newest_id(hits.model)
    stretch = Q(pk__lte=start + STRETCH) if rising else Q(pk__gt=start - STRETCH)
    with planning_without(*SORTING):
        rows = list(hits.filter(stretch)[:number])
    if len(rows) == number:
        return rows
    unindexed = F("pk") + 0  # else PostgreSQL would walk all the same
    ids = hits.order_by(unindexed if rising else unindexed.desc()).values_list("pk", flat=True)[:number]
    return list(hits.filter(pk__in=list(ids)))


def newest_id(model: type[R]) -> int:
    return model._default_manager.order_by("-pk").values_list("pk", flat=True).first() or 0


class IsOneOf(Func):
    """Whether the row is one of `ids`, as one parameter: `pk__in` takes one each, and 80 ms for thousands."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field = BooleanField()

    def __init__(self, ids: list[int]) -> None:
        super().__init__(F("pk"), Value(ids, output_field=ArrayField(BigIntegerField())))


def search(records: QuerySet[R], text: str, gather: Gather | None = None) -> tuple[QuerySet[R], Count]:
    if not text.strip() and not gather:
        return records, bounded_count(records)
    hits = matching(records, text) if text.strip() else records
    if gather:
        ids = gather(hits, COUNT_LIMIT + 1, False, None)
    else:
        ids = list(hits.order_by().values_list("pk", flat=True)[: COUNT_LIMIT + 1])
    count = Count(len(ids))
    return (records.filter(IsOneOf(ids)) if count.is_exact else hits), count


def sort_keys(columns: tuple[str, ...]) -> dict[str, Combinable]:
    """The expressions of the index by name, ties by id."""
    return {f"sort_{column}": Lower(column) for column in columns} | {"sort_id": F("pk")}


def beyond(keys: dict[str, Any], *, rising: bool) -> Q:
    """Rows beyond a row of these sort keys, as an OR of ANDs that an index scan can start from."""
    names, operator = list(keys), "gt" if rising else "lt"
    first = names[0]
    condition = Q()
    for depth, name in enumerate(names):
        equal = Q(**{before: keys[before] for before in names[:depth]})
        condition |= equal & Q(**{f"{name}__{operator}": keys[name]})
    return Q(**{f"{first}__{operator}e": keys[first]}) & condition


def edge_of(model: type[R], keys: dict[str, Any], pk: int | None) -> dict[str, Any] | None:
    if pk is None:
        return None
    edge: dict[str, Any] | None
    edge = model._default_manager.filter(pk=pk).annotate(**keys).values(*keys).first()
    return edge


@contextmanager
def planning_without(*ways: str) -> Iterator[None]:
    """Open a transaction in which PostgreSQL plans without these ways, where it can't know that they are detours."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("; ".join(f"SET LOCAL {way} = off" for way in ways))
        yield
        cursor.execute("; ".join(f"SET LOCAL {way} = on" for way in ways))
