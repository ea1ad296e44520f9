"""Bulk API 2.0 queries: start, watch, stream the CSV, throw away."""

from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Literal, TypeAlias

import requests

from integrations.salesforce.door import Door
from integrations.salesforce.errors import SalesforceError, TryLater
from integrations.salesforce.queries import moment
from integrations.salesforce.wire import network_error

JobState: TypeAlias = Literal["UploadComplete", "InProgress", "JobComplete", "Failed", "Aborted"]

_CHUNK = 1 << 20


@dataclass(frozen=True)
class QueryJob:
    """A query job. `created_at` is the org's clock: what the job reads is at least as new.

    `records` are those done so far; `error` is Salesforce's text once the state is Failed.
    """

    id: str
    sobject: str
    state: JobState
    records: int
    created_at: datetime
    error: str | None = None

    @property
    def finished(self) -> bool:
        """It won't change any more; only JobComplete has results."""
        return self.state in ("JobComplete", "Failed", "Aborted")


@dataclass(frozen=True)
class BulkPage:
    """One page of a job's CSV, as written: header line first, `rows` records as Salesforce counts them."""

    rows: int
    next_locator: str | None
    bytes: int


class BulkCalls(Door):
    """Query jobs. A job's pages are stable: any of them can be read again for 7 days."""

    def start_query_job(self, soql: str, *, include_deleted: bool = False) -> str:
        """Starts a job and returns its id. No aggregates, OFFSET, subqueries, compound fields.

        TryLater after a lost answer may leave an orphan job behind, which costs nothing but a slot.
        """
        operation = "queryAll" if include_deleted else "query"
        body = {"operation": operation, "query": soql, "contentType": "CSV", "lineEnding": "LF"}
        return str(self._ask("jobs/query", method="POST", body=body, reads=True)["id"])

    def query_job(self, job_id: str) -> QueryJob:
        """How the job stands. Raises Gone for a job that was deleted."""
        raw = self._ask(f"jobs/query/{job_id}")
        return QueryJob(
            id=raw["id"],
            sobject=raw.get("object") or "",
            state=raw["state"],
            records=int(raw.get("numberRecordsProcessed") or 0),
            created_at=moment(raw["createdDate"]),
            error=raw.get("errorMessage"),
        )

    def download_query_page(
        self, job_id: str, *, locator: str | None = None, max_records: int | None = None, into: BinaryIO
    ) -> BulkPage:
        """Streams one page into a file object, with flat memory.

        Raises TryLater when the body breaks off, and then `into` holds a part of it: throw that away and
        ask again with the same locator. Whether the rows written are as many as `rows` is for the caller to
        check, who parses them.
        """
        params = {"locator": locator, "maxRecords": max_records}
        answer = self._wire.request(
            "GET",
            self._path(f"jobs/query/{job_id}/results"),
            params={key: value for key, value in params.items() if value is not None},
            headers={"Accept": "text/csv"},
            stream=True,
        )
        with answer:
            rows = answer.headers.get("Sforce-NumberOfRecords", "")
            if not rows.isdigit():
                raise _broken("The answer is no page of results")
            written = _pour(answer, into)
        following = answer.headers.get("Sforce-Locator", "null")
        return BulkPage(
            rows=int(rows), next_locator=None if following == "null" else following, bytes=written
        )

    def delete_query_job(self, job_id: str) -> None:
        """Frees the job's storage. Raises Gone if it is gone already."""
        self._ask(f"jobs/query/{job_id}", method="DELETE")


def _pour(answer: requests.Response, into: BinaryIO) -> int:
    """Copies the body; a length that falls short and an unfinished chunk raise."""
    written, last = 0, b"\n"
    try:
        for chunk in answer.iter_content(_CHUNK):
            into.write(chunk)
            written += len(chunk)
            last = chunk[-1:] or last
    except requests.RequestException as error:
        raise network_error(error, reads=True) from error
    if last != b"\n":
        raise _broken("The results break off in the middle of a line")
    return written


def _broken(message: str) -> SalesforceError:
    return TryLater(code="UNREADABLE_ANSWER", message=message, scope="network")
