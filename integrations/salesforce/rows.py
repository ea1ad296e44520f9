"""Records, one or many: retrieve, create, update, upsert, delete, composite.

A single write raises; a collection returns one RowResult per row, in order, whatever became of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote as percent_encoded

from integrations.salesforce.door import Door
from integrations.salesforce.errors import SalesforceError, classify, classify_row, lost_answer
from integrations.salesforce.ids import to18
from integrations.salesforce.soql import name

COLLECTION_SIZE = 200
RETRIEVE_SIZE = 2000
COMPOSITE_SIZE = 25

Values = Mapping[str, Any]


@dataclass(frozen=True)
class WriteOptions:
    """`auto_assign`: assignment rules run and may change the owner. `allow_save`: alerts of duplicate rules
    are passed (never their blocks)."""

    auto_assign: bool = False
    allow_save: bool = False

    def headers(self) -> dict[str, str]:
        """As request headers. Without Sforce-Auto-Assign Salesforce would run the rules."""
        headers = {"Sforce-Auto-Assign": "TRUE" if self.auto_assign else "FALSE"}
        if self.allow_save:
            headers["Sforce-Duplicate-Rule-Header"] = "allowSave=true"
        return headers


@dataclass(frozen=True)
class RowResult:
    """What became of one row. `id` has 18 characters; `created` is told by creates and upserts only."""

    id: str | None
    success: bool
    created: bool | None = None
    error: SalesforceError | None = None


@dataclass(frozen=True)
class SubRequest:
    """One call inside a composite; `path` is below `/services/data/vNN.N/` and may use `@{reference.id}`."""

    reference: str
    method: str
    path: str
    body: Any = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SubAnswer:
    """The answer to a SubRequest; `error` where it was refused. A 304 is an answer without body."""

    reference: str
    status: int
    body: Any = field(default=None, repr=False)
    error: SalesforceError | None = None


_DEFAULT = WriteOptions()


class RowCalls(Door):
    """Reads and writes of records by id."""

    def retrieve(
        self, sobject: str, ids: Sequence[str], fields: Iterable[str]
    ) -> list[dict[str, Any] | None]:
        """The records in the order of `ids` (2,000 at most), None for one that can't be seen."""
        _at_most(RETRIEVE_SIZE, ids)
        if not ids:
            return []
        body = {"ids": list(ids), "fields": [name(item) for item in fields]}
        rows = self._ask(f"composite/sobjects/{name(sobject)}", method="POST", body=body, reads=True) or []
        found = {to18(row["Id"] if "Id" in row else _id_in_url(row)): row for row in rows if row}
        return [found.get(to18(item)) for item in ids]

    def create(self, sobject: str, values: Values, options: WriteOptions = _DEFAULT) -> str:
        """Creates a record and returns its id. Raises OutcomeUnknown if the answer was lost."""
        return _id_of(self._ask(_one(sobject), method="POST", body=dict(values), headers=options.headers()))

    def update(self, sobject: str, record_id: str, values: Values, options: WriteOptions = _DEFAULT) -> None:
        """Changes the given fields; None empties one. Raises Gone if the record was deleted."""
        self._ask(_one(sobject, record_id), method="PATCH", body=dict(values), headers=options.headers())

    def upsert(
        self, sobject: str, key_field: str, key: str, values: Values, options: WriteOptions = _DEFAULT
    ) -> RowResult:
        """Creates or updates by external id; `values` don't hold the key field."""
        path = f"sobjects/{name(sobject)}/{name(key_field)}/{percent_encoded(key, safe='')}"
        raw = self._ask(path, method="PATCH", body=dict(values), headers=options.headers())
        created = self._answer().status_code == 201
        return RowResult(id=_id_of(raw), success=True, created=created)

    def delete(self, sobject: str, record_id: str) -> None:
        """Moves a record to the recycle bin. Raises Gone if it is there already."""
        self._ask(_one(sobject, record_id), method="DELETE")

    def create_many(
        self, sobject: str, rows: Sequence[Values], options: WriteOptions = _DEFAULT
    ) -> list[RowResult]:
        """Creates up to 200 records in one call, each for itself."""
        return self._collection("POST", "composite/sobjects", sobject, rows, options, created=True)

    def update_many(
        self, sobject: str, rows: Sequence[Values], options: WriteOptions = _DEFAULT
    ) -> list[RowResult]:
        """Updates up to 200 records in one call; each row holds its `id`."""
        return self._collection("PATCH", "composite/sobjects", sobject, rows, options, created=None)

    def upsert_many(
        self, sobject: str, key_field: str, rows: Sequence[Values], options: WriteOptions = _DEFAULT
    ) -> list[RowResult]:
        """Upserts up to 200 records in one call; each row holds its `key_field`."""
        path = f"composite/sobjects/{name(sobject)}/{name(key_field)}"
        return self._collection("PATCH", path, sobject, rows, options, created=None)

    def delete_many(self, ids: Sequence[str]) -> list[RowResult]:
        """Deletes up to 200 records in one call."""
        _at_most(COLLECTION_SIZE, ids)
        if not ids:
            return []
        params = {"ids": ",".join(to18(item) for item in ids), "allOrNone": "false"}
        return _results(
            self._ask("composite/sobjects", method="DELETE", params=params), len(ids), created=None
        )

    def composite(self, requests: Sequence[SubRequest], *, all_or_none: bool = False) -> list[SubAnswer]:
        """Up to 25 calls in one, in order; counts as one API call."""
        _at_most(COMPOSITE_SIZE, requests)
        body = {
            "allOrNone": all_or_none,
            "collateSubrequests": False,
            "compositeRequest": [self._sub_request(item) for item in requests],
        }
        reads = all(item.method == "GET" for item in requests)
        answer = self._ask("composite", method="POST", body=body, reads=reads)
        answers = {item["referenceId"]: _sub_answer(item) for item in answer["compositeResponse"]}
        return [answers[item.reference] for item in requests]

    def _sub_request(self, request: SubRequest) -> dict[str, Any]:
        item = {"method": request.method, "url": self._path(request.path), "referenceId": request.reference}
        optional = {"body": request.body, "httpHeaders": dict(request.headers) or None}
        return item | {key: value for key, value in optional.items() if value is not None}

    def _collection(
        self,
        method: str,
        path: str,
        sobject: str,
        rows: Sequence[Values],
        options: WriteOptions,
        *,
        created: bool | None,
    ) -> list[RowResult]:
        _at_most(COLLECTION_SIZE, rows)
        if not rows:
            return []
        records = [{"attributes": {"type": name(sobject)}, **row} for row in rows]
        body = {"allOrNone": False, "records": records}
        return _results(
            self._ask(path, method=method, body=body, headers=options.headers()), len(rows), created
        )


def _results(raw: Any, expected: int, created: bool | None) -> list[RowResult]:
    if not isinstance(raw, list) or len(raw) != expected:
        raise lost_answer("UNREADABLE_ANSWER", "The answer doesn't cover every row", reads=False)
    return [_row_result(row, created) for row in raw]


def _row_result(row: Mapping[str, Any], created: bool | None) -> RowResult:
    record_id = to18(row["id"]) if row.get("id") else None
    if row["success"]:
        return RowResult(id=record_id, success=True, created=row.get("created", created))
    return RowResult(id=record_id, success=False, error=classify_row((row.get("errors") or [{}])[0]))


def _sub_answer(item: Mapping[str, Any]) -> SubAnswer:
    status, body = item["httpStatusCode"], item.get("body")
    refused = status >= 300 and status != 304
    error = classify(status, body, item.get("httpHeaders")) if refused else None
    return SubAnswer(reference=item["referenceId"], status=status, body=body, error=error)


def _one(sobject: str, record_id: str = "") -> str:
    return f"sobjects/{name(sobject)}" + (f"/{to18(record_id)}" if record_id else "")


def _id_of(raw: Any) -> str:
    if not isinstance(raw, dict) or not raw.get("id"):
        raise lost_answer("UNREADABLE_ANSWER", "The answer names no id", reads=False)
    return to18(raw["id"])


def _id_in_url(row: Mapping[str, Any]) -> str:
    return str(row["attributes"]["url"]).rpartition("/")[2]


def _at_most(most: int, items: Sequence[Any]) -> None:
    if len(items) > most:
        raise ValueError(f"Salesforce takes {most} at a time, got {len(items)}")
