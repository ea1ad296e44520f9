"""SOQL over REST, and what was updated and deleted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote as percent_encoded

from integrations.salesforce.door import Door
from integrations.salesforce.errors import QueryCursorLost, SalesforceError, TryLater, classify
from integrations.salesforce.ids import to18
from integrations.salesforce.soql import name
from integrations.salesforce.wire import asked_at

# Salesforce refuses URLs of 16,384 bytes with their headers; the token and the host need their part.
LONGEST_URL = 15_000


@dataclass(frozen=True)
class QueryPage:
    """A page of records, each with its `attributes`. A page may be short: only `next_url` tells the end.

    `asked_at` is a moment of the org's clock not after the one it read at (its Date less the call's time).
    """

    records: list[dict[str, Any]] = field(repr=False)
    total: int
    next_url: str | None
    asked_at: datetime


@dataclass(frozen=True)
class DeletedRecord:
    """An id that went, and when."""

    id: str
    deleted_at: datetime


@dataclass(frozen=True)
class Deleted:
    """What getDeleted knows; ask next from `covered_until`, and expect repetitions."""

    records: list[DeletedRecord]
    earliest: datetime
    covered_until: datetime


@dataclass(frozen=True)
class Updated:
    """The ids (18 characters) that changed; ask next from `covered_until`, and expect repetitions."""

    ids: list[str]
    covered_until: datetime


class QueryCalls(Door):
    """Reads of records, page by page."""

    def query_page(self, soql: str, *, include_deleted: bool = False, batch_size: int = 2000) -> QueryPage:
        """The first page. `include_deleted` sees the recycle bin and archived activities (queryAll)."""
        resource = "queryAll" if include_deleted else "query"
        headers = _batches(batch_size)
        url = self._path(f"{resource}?q={percent_encoded(soql, safe='')}")
        if len(self.instance_url) + len(url) > LONGEST_URL:
            return self._page(self._ask_inside_composite(url, headers))
        return self._page(self._ask(resource, params={"q": soql}, headers=headers))

    def next_page(self, next_url: str, *, batch_size: int = 2000) -> QueryPage:
        """The page behind `next_url`. Raises QueryCursorLost once Salesforce has dropped it (2 days)."""
        rest = next_url.removeprefix(self._path(""))
        if rest.startswith("/"):
            raise QueryCursorLost(
                code="INVALID_QUERY_LOCATOR", message="The page belongs to another API version"
            )
        return self._page(self._ask(rest, headers=_batches(batch_size)))

    def query_all(self, soql: str, *, include_deleted: bool = False) -> Iterator[dict[str, Any]]:
        """All records, page after page; for small sets, as nothing is saved in between."""
        page = self.query_page(soql, include_deleted=include_deleted)
        yield from page.records
        while page.next_url:
            page = self.next_page(page.next_url)
            yield from page.records

    def deleted(self, sobject: str, start: datetime, end: datetime) -> Deleted:
        """What went between two aware moments, 15 days back at most, a minute apart at least.

        Raises QueryCursorLost where Salesforce no longer knows that far back.
        """
        raw = self._ask(f"sobjects/{name(sobject)}/deleted/", params=_span(start, end))
        return Deleted(
            records=[
                DeletedRecord(id=to18(row["id"]), deleted_at=moment(row["deletedDate"]))
                for row in raw["deletedRecords"]
            ],
            earliest=moment(raw["earliestDateAvailable"]),
            covered_until=moment(raw["latestDateCovered"]),
        )

    def updated(self, sobject: str, start: datetime, end: datetime) -> Updated:
        """What changed between two aware moments, 30 days back at most."""
        raw = self._ask(f"sobjects/{name(sobject)}/updated/", params=_span(start, end))
        return Updated(
            ids=[to18(item) for item in raw["ids"]], covered_until=moment(raw["latestDateCovered"])
        )

    def _ask_inside_composite(self, url: str, headers: Mapping[str, str]) -> Any:
        request = {"method": "GET", "url": url, "referenceId": "query", "httpHeaders": dict(headers)}
        answer = self._ask("composite", method="POST", body={"compositeRequest": [request]}, reads=True)
        item = answer["compositeResponse"][0]
        if item["httpStatusCode"] >= 300:
            raise classify(item["httpStatusCode"], item["body"], item.get("httpHeaders"))
        return item["body"]

    def _page(self, raw: Any) -> QueryPage:
        when = asked_at(self._answer())
        if not isinstance(raw, dict) or "records" not in raw or when is None:
            raise _unreadable()
        return QueryPage(
            records=raw["records"],
            total=raw["totalSize"],
            next_url=None if raw["done"] else raw["nextRecordsUrl"],
            asked_at=when,
        )


def moment(text: str) -> datetime:
    """Salesforce's `2020-10-22T21:03:23.000+0000` as an aware datetime in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _batches(size: int) -> dict[str, str]:
    """Salesforce takes 200 to 2,000 and may send fewer."""
    return {"Sforce-Query-Options": f"batchSize={max(200, min(size, 2000))}"}


def _span(start: datetime, end: datetime) -> dict[str, str]:
    return {"start": _stamp(start), "end": _stamp(end)}


def _stamp(value: datetime) -> str:
    if value.utcoffset() is None:
        raise ValueError("Salesforce is asked in moments with a time zone")
    return value.astimezone(UTC).isoformat(timespec="seconds")


def _unreadable() -> SalesforceError:
    return TryLater(code="UNREADABLE_ANSWER", message="The answer is no page of a query", scope="network")
