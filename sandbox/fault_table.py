"""The named faults: what each does to the answer of the call it meets."""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sandbox.errors import ApiError


class Cut(StrEnum):
    """Where the connection breaks: before the call is handled, or after, its answer lost.

    `later` breaks it before, too, and handles the call `commit_after` seconds of the org's time later.
    """

    BEFORE = "before"
    AFTER = "after"
    LATER = "later"


class Truncation(StrEnum):
    """Half the body: `broken` still announces the whole length, `silent` announces the half."""

    BROKEN = "broken"
    SILENT = "silent"


@dataclass(frozen=True)
class Effect:
    """What a fault does. With a `status` the call isn't handled, unless `handled`; `body` is JSON unless it
    is a string (HTML).

    `fail_job_at` and `slow_job` concern a Bulk job when it is made: the share of its rows after which it
    fails, and seconds it stays in progress. `repeat_rows` and `batch_size` concern pages. `refuse` is the
    code with which rows of a write are refused: those at the positions `refuse_rows` (from 0) or with one
    of `refuse_values` among their values; every second one, the first included, when neither is given.
    `revoke` ends all tokens of the user who calls.
    """

    status: int | None = None
    handled: bool = False
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: Cut | None = None
    truncate: Truncation | None = None
    batch_size: int | None = None
    repeat_rows: int = 0
    fail_job_at: float | None = None
    slow_job: float = 0.0
    commit_after: float = 0.0
    refuse: str = ""
    refuse_message: str = ""
    refuse_rows: Collection[int] = ()
    refuse_values: Collection[str] = ()
    revoke: bool = False

    def refusal(self, position: int, values: Collection[str]) -> ApiError | None:
        """The error for one row of a write, by its position in the call and the texts in it."""
        if not self.refuse or not self._refuses(position, values):
            return None
        return ApiError(400, self.refuse, self.refuse_message or "refused by a fault", [])

    def _refuses(self, position: int, values: Collection[str]) -> bool:
        if not self.refuse_rows and not self.refuse_values:
            return position % 2 == 0
        return position in self.refuse_rows or any(value in values for value in self.refuse_values)


@dataclass(frozen=True)
class NamedFault:
    effect: Effect
    meaning: str


def _error(status: int, code: str, message: str, **headers: str) -> Effect:
    body = [{"message": message, "errorCode": code}]
    return Effect(status=status, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})


def _page(status: int, words: str, *, handled: bool = False) -> Effect:
    html = f"<html><head><title>{words}</title></head><body><h1>{words}</h1></body></html>"
    return Effect(status=status, body=html, handled=handled)


_LOCKED = "unable to obtain exclusive access to this record or 1 records: unknown"


FAULTS: dict[str, NamedFault] = {
    "session_expired": NamedFault(
        _error(401, "INVALID_SESSION_ID", "Session expired or invalid"), "The access token ran out"
    ),
    "session_not_for_rest": NamedFault(
        _error(401, "INVALID_SESSION_ID", "This session is not valid for use with the REST API"),
        "A 401 that a refresh doesn't cure",
    ),
    "access_revoked": NamedFault(
        Effect(revoke=True), "The user's tokens are revoked: 401, and no refresh cures it"
    ),
    "daily_limit": NamedFault(
        _error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), "The daily calls are used up"
    ),
    "concurrent_limit": NamedFault(
        _error(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."),
        "Too many long calls at once",
    ),
    "api_disabled": NamedFault(
        _error(403, "API_DISABLED_FOR_ORG", "The REST API is not enabled for this Organization."),
        "No API in this edition",
    ),
    "no_access": NamedFault(
        _error(403, "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id"),
        "The user lost a right",
    ),
    "too_many_requests": NamedFault(
        Effect(status=429, body="", headers={"Retry-After": "2"}), "The edge asks to slow down"
    ),
    "row_locked": NamedFault(
        _error(400, "UNABLE_TO_LOCK_ROW", _LOCKED), "Another transaction holds the record"
    ),
    "rows_locked": NamedFault(
        Effect(refuse="UNABLE_TO_LOCK_ROW", refuse_message=_LOCKED),
        "Every second row of a write is held by another transaction, the others are saved",
    ),
    "rows_refused": NamedFault(
        Effect(refuse="FIELD_CUSTOM_VALIDATION_EXCEPTION", refuse_message="Refused by a rule of the org."),
        "Every second row of a write is refused for its values, the others are saved",
    ),
    "query_timeout": NamedFault(
        _error(400, "QUERY_TIMEOUT", "Your query request was running for too long."), "A query too slow"
    ),
    "cursor_lost": NamedFault(
        _error(400, "INVALID_QUERY_LOCATOR", "invalid query locator"), "A cursor that ran out"
    ),
    "storage_full": NamedFault(
        _error(400, "STORAGE_LIMIT_EXCEEDED", "storage limit exceeded"), "The org has no room"
    ),
    "server_error": NamedFault(
        _error(
            500,
            "UNKNOWN_EXCEPTION",
            "An unexpected error occurred. Please include this ErrorId if you contact support: 1-1 (-1)",
        ),
        "Something broke over there",
    ),
    "unavailable": NamedFault(
        _error(503, "SERVER_UNAVAILABLE", "Server Unavailable", Retry_After="1"), "Down for a moment"
    ),
    "maintenance": NamedFault(
        _error(
            400,
            "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE",
            "Inserts, updates and deletes are not allowed during maintenance.",
        ),
        "The org can be read, not written",
    ),
    "edge_406": NamedFault(_page(406, "Not Acceptable"), "The edge doesn't take the request"),
    "edge_420": NamedFault(_page(420, "Enhance your calm"), "The edge answers with an HTML page"),
    "bad_gateway": NamedFault(_page(502, "Bad Gateway"), "The edge can't reach the instance"),
    "gateway_timeout": NamedFault(_page(504, "Gateway Timeout"), "The instance took too long"),
    "html_page": NamedFault(_page(200, "We are down for maintenance"), "HTML with status 200, not JSON"),
    "gateway_timeout_after": NamedFault(
        _page(504, "Gateway Timeout", handled=True), "The call is carried out, the edge answers 504"
    ),
    "html_after": NamedFault(
        _page(200, "We are down for maintenance", handled=True), "The call is carried out, the answer is HTML"
    ),
    "cut_before": NamedFault(Effect(cut=Cut.BEFORE), "The connection breaks before the call is handled"),
    "cut_after": NamedFault(Effect(cut=Cut.AFTER), "The call is carried out, its answer is lost"),
    "commit_later": NamedFault(
        Effect(cut=Cut.LATER, commit_after=60.0),
        "The connection breaks, the call is carried out a minute of the org's time later",
    ),
    "truncated": NamedFault(Effect(truncate=Truncation.BROKEN), "The body breaks off half-way"),
    "truncated_csv": NamedFault(
        Effect(truncate=Truncation.SILENT), "Half the body, with a length that says it is whole"
    ),
    "slow": NamedFault(Effect(delay=2.0), "The answer takes two seconds longer"),
    "small_batches": NamedFault(Effect(batch_size=250), "Query pages hold 250 rows, whatever was asked"),
    "repeated_rows": NamedFault(Effect(repeat_rows=3), "A page begins with rows of the page before"),
    "bulk_job_fails": NamedFault(Effect(fail_job_at=0.5), "A Bulk job fails half-way"),
    "bulk_job_slow": NamedFault(Effect(slow_job=5.0), "A Bulk job stays in progress for five seconds"),
}
