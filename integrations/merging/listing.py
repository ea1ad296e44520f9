"""Links as pages list them: what pulls skip, what Salesforce no longer shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from crm.admin_rights import record_names
from crm.listing import PAGE_SIZE, Count, bounded_count
from integrations.badges import address_in
from integrations.merging.foretelling import named
from integrations.models import RecordLink


@dataclass(frozen=True, slots=True)
class Row:
    """One link. `here` is the record it names.

    Of one that pulls skip, `survivor` took the record in, `merged` was it here; both are None where it was deleted.
    """

    link: RecordLink
    name: str
    called: str
    url: str
    here: Any
    survivor: Any
    merged: Any

    @property
    def was_merged(self) -> bool:
        return bool(self.link.suppressed_by)


@dataclass(frozen=True, slots=True)
class Page:
    """Newest link first; `after` is the id to go on from, empty at the end."""

    rows: list[Row]
    count: Count
    after: int | None


def page_of_links(links: QuerySet[RecordLink], *, after: int | None = None, size: int = PAGE_SIZE) -> Page:
    """By key; as many queries for fifty rows as for one."""
    here = links.filter(pk__lt=after) if after else links
    found = list(here.select_related("connection").order_by("-pk")[: size + 1])
    return Page(
        rows=rows_of(found[:size]),
        count=bounded_count(links),
        after=found[size - 1].pk if len(found) > size else None,
    )


def rows_of(links: Sequence[RecordLink]) -> list[Row]:
    pairs = [(link.kind, pk) for link in links for pk in (link.record_id, link.merged_record_id)]
    records = record_names(pairs)
    return [
        Row(
            link=link,
            name=name_there(link) or str(records.get((link.kind, link.merged_record_id)) or "(no name)"),
            called=named(link),
            url=address_in(link.connection, link),
            here=records.get((link.kind, link.record_id)),
            survivor=records.get((link.kind, link.record_id)) if link.suppressed_by else None,
            merged=records.get((link.kind, link.merged_record_id)),
        )
        for link in links
    ]


def name_there(link: RecordLink) -> str:
    """What Salesforce last called it, where its name is mapped; else nothing."""
    name = link.base.get("Name") or " ".join(filter(None, map(link.base.get, ("FirstName", "LastName"))))
    return name or link.base.get("Email") or ""
