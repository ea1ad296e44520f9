"""Pages of large tables by key: no OFFSET, no COUNT over a whole table (design, *Data*)."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import F, Q, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.functions import Lower

from crm.models import Record
from crm.search import matching

R = TypeVar("R", bound=Record)

PAGE_SIZE = 50
COUNT_LIMIT = 10_000


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
    """One page; `after` and `before` are the ids to go on from, empty at an end."""

    rows: list[R]
    count: Count
    after: int | None
    before: int | None


def bounded_count(records: QuerySet[Any]) -> Count:
    return Count(records.order_by().values("pk")[: COUNT_LIMIT + 1].count())


def sort_keys(columns: tuple[str, ...]) -> dict[str, Combinable]:
    """The expressions of the index by name, ties by id."""
    return {f"sort_{column}": Lower(column) for column in columns} | {"sort_id": F("pk")}


def beyond(keys: dict[str, Any], *, forward: bool) -> Q:
    """Rows beyond a row of these sort keys, as an OR of ANDs that an index scan can start from."""
    names, operator = list(keys), "gt" if forward else "lt"
    first = names[0]
    condition = Q()
    for depth, name in enumerate(names):
        equal = Q(**{before: keys[before] for before in names[:depth]})
        condition |= equal & Q(**{f"{name}__{operator}": keys[name]})
    return Q(**{f"{first}__{operator}e": keys[first]}) & condition


def page_of(
    records: QuerySet[R],
    *,
    by: tuple[str, ...],
    text: str = "",
    after: int | None = None,
    before: int | None = None,
    size: int = PAGE_SIZE,
) -> Page[R]:
    """One page of `records`, by the lower-cased columns `by`, that match the search `text`.

    A cursor is the id of the row at the page's edge; where that row is gone, the first page is shown.
    A search of few hits is sorted; one of many walks the index by name, where hits are then dense.
    """
    found, count = search(records, text)
    keys = sort_keys(by)
    forward = before is None
    ordered = found.annotate(**keys).order_by(*(key if forward else f"-{key}" for key in keys))
    edge = edge_of(records.model, keys, after if forward else before)
    if edge:
        ordered = ordered.filter(beyond(edge, forward=forward))
    rows = list(ordered[: size + 1])
    more = len(rows) > size
    rows = rows[:size] if forward else rows[:size][::-1]
    has_next, has_previous = (more, edge is not None) if forward else (edge is not None, more)
    return Page(
        rows=rows,
        count=count,
        after=rows[-1].pk if rows and has_next else None,
        before=rows[0].pk if rows and has_previous else None,
    )


def search(records: QuerySet[R], text: str) -> tuple[QuerySet[R], Count]:
    if not text.strip():
        return records, bounded_count(records)
    hits = matching(records, text)
    ids = list(hits.order_by().values_list("pk", flat=True)[: COUNT_LIMIT + 1])
    count = Count(len(ids))
    return (records.filter(pk__in=ids) if count.is_exact else hits), count


def edge_of(model: type[R], keys: dict[str, Combinable], pk: int | None) -> dict[str, Any] | None:
    if pk is None:
        return None
    edge: dict[str, Any] | None
    edge = model._default_manager.filter(pk=pk).annotate(**keys).values(*keys).first()
    return edge
