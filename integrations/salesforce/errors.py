"""Every failure of Salesforce, classified once, by what is to be done next; unknown ones need a person.

The key is Salesforce's own error code. Where one code stands for two situations (REQUEST_LIMIT_EXCEEDED,
INVALID_SESSION_ID, NOT_FOUND) the documented message tells them apart.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from integrations.salesforce.guidance import guidance_for
from integrations.salesforce.ids import to18

Scope: TypeAlias = Literal["request", "concurrency", "daily limit", "maintenance", "network"]

_MESSAGE_LIMIT = 2000


class SalesforceError(Exception):
    """Base of all that goes wrong at or on the way to Salesforce.

    `code` is Salesforce's (or one of ours: NETWORK, TIMEOUT, HTTP_<status>, UNREADABLE_ANSWER), `fields` the
    API names it blames, `existing_ids` the records it names as already there (18 characters).
    """

    def __init__(
        self,
        *,
        code: str,
        message: str = "",
        fields: tuple[str, ...] = (),
        status: int | None = None,
        existing_ids: tuple[str, ...] = (),
    ) -> None:
        self.code = code
        self.message = message[:_MESSAGE_LIMIT]
        self.fields = fields
        self.status = status
        self.existing_ids = existing_ids
        super().__init__(f"{code}: {self.message}" if self.message else code)

    @property
    def sentence(self) -> str:
        """What happened, for the seller."""
        return guidance_for(self.code).meaning


class TryLater(SalesforceError):
    """Passes by itself. `after`: seconds Salesforce asked for, or None; `scope`: what has to recover."""

    def __init__(self, *, after: float | None = None, scope: Scope = "request", **facts: Any) -> None:
        super().__init__(**facts)
        self.after = after
        self.scope: Scope = scope


class NeedsPerson(SalesforceError):
    """Won't pass until somebody changes the record, the map, the rights or the org."""


class SignInNeeded(SalesforceError):
    """The session or the refresh token is no longer accepted. `refreshable`: a new access token may do."""

    def __init__(self, *, refreshable: bool = False, **facts: Any) -> None:
        super().__init__(**facts)
        self.refreshable = refreshable


class Gone(SalesforceError):
    """The record isn't there any more as it was: deleted, merged, converted, purged or hidden."""


class OutcomeUnknown(SalesforceError):
    """A write whose answer was lost. Salesforce may have done it, or may do it yet (10 minutes long)."""


class QueryCursorLost(SalesforceError):
    """What was being read can't be gone on with: begin again from the saved cursor, or in full."""


_LATER: Mapping[str, tuple[Scope, float | None]] = {
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": ("request", None),
    "PROCESSING_HALTED": ("request", None),
    "UNABLE_TO_LOCK_ROW": ("request", None),
    "TooManyLockFailure": ("request", None),
    "QUERY_TIMEOUT": ("request", None),
    "UNKNOWN_EXCEPTION": ("request", None),
    "INTERNAL_ERROR": ("request", None),
    "TXN_SECURITY_METERING_ERROR": ("request", None),
    "SERVER_UNAVAILABLE": ("maintenance", None),
    "API_CURRENTLY_DISABLED": ("maintenance", None),
    "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE": ("maintenance", None),
    "TOO_MANY_APEX_REQUESTS": ("concurrency", 5),
    "ExceededQuota": ("daily limit", None),
    "rate_limit_exceeded": ("concurrency", None),
    "temporarily_unavailable": ("maintenance", None),
    "server_error": ("request", None),
}
_SIGN_IN = {
    "INVALID_SESSION_ID",
    "INVALID_AUTH_HEADER",
    "InvalidSessionId",
    "Bad_OAuth_Token",
    "Missing_OAuth_Token",
}
_SIGN_IN_AGAIN = {
    "invalid_grant",
    "inactive_user",
    "access_denied",
    "login_required",
    "interaction_required",
}
_GONE = {"ENTITY_IS_DELETED", "CANNOT_UPDATE_CONVERTED_LEAD"}
_CURSOR = {"INVALID_QUERY_LOCATOR", "INVALID_REPLICATION_DATE", "EXCEEDED_ID_LIMIT"}
_STATUS_LATER: Mapping[int, Scope] = {
    406: "request",
    408: "network",
    420: "concurrency",
    429: "concurrency",
    500: "request",
    502: "network",
    503: "maintenance",
    504: "network",
}
_TEXT_ID = re.compile(r"\b[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?\b", re.ASCII)
_WORD = re.compile(r"[A-Za-z][A-Za-z_]{2,60}", re.ASCII)


def classify(status: int | None, body: Any, headers: Mapping[str, str] | None = None) -> SalesforceError:
    """The error an answer means. `body` is text, bytes or parsed JSON; of several errors the first counts."""
    item = _first_error(body, status)
    return _decide(item, status, _retry_after(headers or {}))


def classify_row(item: Mapping[str, Any]) -> SalesforceError:
    """The error of one row of a collection (`statusCode`), a composite item or a Bulk line (`errorCode`)."""
    return _decide(item, None, None)


def lost_answer(code: str, message: str, *, reads: bool, status: int | None = None) -> SalesforceError:
    """The answer never came or can't be read: harmless for a read, unknown for a write."""
    if reads:
        return TryLater(code=code, message=message, scope="network", status=status)
    return OutcomeUnknown(code=code, message=message, status=status)


def is_structured(body: Any) -> bool:
    """Whether Salesforce itself, not something in between, said what is wrong."""
    parsed = _parsed(body)
    if isinstance(parsed, list):
        parsed = parsed[0] if parsed else None
    return isinstance(parsed, dict) and any(key in parsed for key in ("errorCode", "statusCode", "error"))


def _decide(item: Mapping[str, Any], status: int | None, after: float | None) -> SalesforceError:
    code = str(item.get("errorCode") or item.get("statusCode") or item.get("error") or "")
    message = str(item.get("message") or item.get("error_description") or "")
    code = code or f"HTTP_{status}"
    facts: dict[str, Any] = {
        "code": code,
        "message": message,
        "fields": tuple(str(field) for field in item.get("fields") or ()),
        "status": status,
        "existing_ids": _existing_ids(code, message, item),
    }
    if code == "REQUEST_LIMIT_EXCEEDED":
        concurrent = "concurrent" in message.lower()
        scope: Scope = "concurrency" if concurrent else "daily limit"
        return TryLater(scope=scope, after=after or (5 if concurrent else None), **facts)
    if code in _LATER:
        scope, hint = _LATER[code]
        return TryLater(scope=scope, after=after or hint, **facts)
    if code == f"HTTP_{status}" and status is not None and status in _STATUS_LATER:
        return TryLater(scope=_STATUS_LATER[status], after=after, **facts)
    return _decide_lasting(code, message, facts)


def _decide_lasting(code: str, message: str, facts: dict[str, Any]) -> SalesforceError:
    if code in _SIGN_IN and "not valid for use" not in message and "not attached" not in message:
        return SignInNeeded(refreshable=True, **facts)
    if code == "HTTP_401":
        return SignInNeeded(refreshable=True, **facts)
    if code in _SIGN_IN_AGAIN:
        return SignInNeeded(**facts)
    if code in _CURSOR:
        return QueryCursorLost(**facts)
    if code in _GONE or _names_a_missing_record(code, message, facts):
        return Gone(**facts)
    return NeedsPerson(**facts)


def _names_a_missing_record(code: str, message: str, facts: Mapping[str, Any]) -> bool:
    """NOT_FOUND is also said of a field, INVALID_CROSS_REFERENCE_KEY also of another record it points to."""
    if code == "NOT_FOUND":
        return "external ID field" not in message
    return code == "INVALID_CROSS_REFERENCE_KEY" and not facts["fields"]


def _first_error(body: Any, status: int | None) -> Mapping[str, Any]:
    parsed = _parsed(body)
    if status == 300 and isinstance(parsed, list):
        return {"errorCode": "DUPLICATE_EXTERNAL_ID", "message": " ".join(map(str, parsed))}
    if isinstance(parsed, list) and parsed:
        parsed = parsed[0]
    if isinstance(parsed, dict):
        return parsed
    text = parsed.strip() if isinstance(parsed, str) else ""
    # The identity and userinfo endpoints refuse in one bare word, such as Bad_OAuth_Token.
    return {"error": text} if _WORD.fullmatch(text) else {}


def _parsed(body: Any) -> Any:
    if isinstance(body, bytes):
        body = body.decode("utf-8", "replace")
    if not isinstance(body, str):
        return body
    try:
        return json.loads(body)
    except ValueError:
        return body


def _retry_after(headers: Mapping[str, str]) -> float | None:
    text = next((value for key, value in headers.items() if key.lower() == "retry-after"), "")
    return float(text) if text.isdigit() else None


def _existing_ids(code: str, message: str, item: Mapping[str, Any]) -> tuple[str, ...]:
    if code == "DUPLICATES_DETECTED":
        # Misspelt in recordings up to v56, spelt right from about v60.
        found = item.get("duplicateResult") or item.get("duplicateResut") or {}
        return _unique(
            str((match.get("record") or {}).get("Id") or "")
            for result in found.get("matchResults") or ()
            for match in result.get("matchRecords") or ()
        )
    if code == "DUPLICATE_VALUE":
        return _unique(_TEXT_ID.findall(message.partition("with id:")[2]))
    if code == "DUPLICATE_EXTERNAL_ID":
        return _unique(_TEXT_ID.findall(message))
    return ()


def _unique(ids: Any) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for text in ids:
        try:
            found[to18(text)] = None
        except ValueError:
            continue
    return tuple(found)
