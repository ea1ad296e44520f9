"""One HTTP session to one org: token, time-outs, bounded retries, one refresh, metering, typed errors.

simple-salesforce writes paths and bodies and takes this for its requests session. It would force https,
wait for ever and refresh nothing, so scheme, host, waiting and refreshing are decided here, per request,
from the token of the moment.
"""

import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
import urllib3

from integrations.salesforce.errors import (
    NeedsPerson,
    SalesforceError,
    SignInNeeded,
    TryLater,
    classify,
    is_structured,
    lost_answer,
)
from integrations.salesforce.hosts import refuse_plain_http
from integrations.salesforce.tokens import Token, TokenSource

CLIENT_NAME = "Lockstep"
_TRIES = 4
_LONGEST_WAIT = 20.0
_USAGE = re.compile(r"(?<!per-app-)api-usage=(\d+)/(\d+)")


@dataclass(frozen=True)
class Usage:
    """What the whole org has used of its calls in 24 hours, as Sforce-Limit-Info tells it."""

    used: int
    limit: int


class Meter(Protocol):
    """Counts what we use (spec O2)."""

    def count(self, calls: int, usage: Usage | None) -> None:
        """Called once per data call, also for failed ones; `usage` where Salesforce told it."""


class NotModified(Exception):
    """304: what was asked for hasn't changed since the date given."""


class _Bearer(requests.auth.AuthBase):
    """Set as auth, so that a .netrc of the machine can't replace it."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token.access_token}"
        return request


class Wire:
    """What simple-salesforce takes for a requests.Session. Not thread-safe: one per worker."""

    def __init__(
        self,
        tokens: TokenSource,
        *,
        meter: Meter | None,
        timeout: tuple[float, float],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._tokens = tokens
        self._meter = meter
        self.calls = 0
        self._timeout = timeout
        self._sleep = sleep
        self._http = requests.Session()
        self._random = random.Random()
        self.proxies: dict[str, str] = {}
        self.last: requests.Response | None = None
        self._last_at = 0.0

    def org_now(self) -> datetime | None:
        """The org's clock: its last answer's, and what has passed since; None before any answer."""
        told = org_time(self.last) if self.last is not None else None
        return told + timedelta(seconds=time.monotonic() - self._last_at) if told else None

    def close(self) -> None:
        """Drops the connections."""
        self._http.close()

    def request(
        self, method: str, url: str, *, reads: bool | None = None, anonymous: bool = False, **options: Any
    ) -> requests.Response:
        """Answers of 2xx come back, all others are raised as a SalesforceError (304 as NotModified).

        Of `url` only path and query count. `reads`: the call changes nothing, though it may be a POST.
        Only GETs are repeated, since a POST that failed on the way may have arrived.
        """
        reading = method == "GET" if reads is None else reads
        tries = _TRIES if method == "GET" else 1
        for attempt in range(1, tries + 1):
            try:
                return self._authorized(method, url, reading, anonymous, options)
            except TryLater as error:
                wait = self._wait(error, attempt)
                if attempt == tries or wait is None:
                    raise
            self._sleep(wait)
        raise AssertionError("unreachable")

    def _wait(self, error: TryLater, attempt: int) -> float | None:
        """Seconds until the next try, or None where trying on is the caller's decision."""
        if error.scope == "daily limit" or (error.after or 0) > _LONGEST_WAIT:
            return None
        return (error.after or 0.0) + self._random.uniform(0.2, 0.6) * float(1 << attempt - 1)

    def _authorized(
        self, method: str, url: str, reading: bool, anonymous: bool, options: Mapping[str, Any]
    ) -> requests.Response:
        token = self._tokens.current()
        try:
            return self._send(token, method, url, reading, anonymous, options)
        except SignInNeeded as error:
            if not error.refreshable or anonymous:
                raise
        # Refused before anything was done, so even a write may be sent again; once, never in a loop.
        return self._send(self._tokens.refreshed(token), method, url, reading, anonymous, options)

    def _send(
        self,
        token: Token,
        method: str,
        url: str,
        reading: bool,
        anonymous: bool,
        options: Mapping[str, Any],
    ) -> requests.Response:
        sending = dict(options)
        sending["headers"] = _headers(options.get("headers"))
        sending.setdefault("timeout", self._timeout)
        if not anonymous:
            sending["auth"] = _Bearer(token)
        answer: requests.Response | None = None
        try:
            answer = self._http.request(
                method, resolve(token.instance_url, url), allow_redirects=False, **sending
            )
        except requests.RequestException as error:
            raise network_error(error, reads=reading) from error
        finally:
            if not anonymous:
                self._count(answer)
        self.last, self._last_at = answer, time.monotonic()
        if answer.status_code >= 300:
            with answer:
                raise_for(answer, reads=reading)
        if "html" in answer.headers.get("Content-Type", ""):
            answer.close()
            raise lost_answer("UNREADABLE_ANSWER", "A page came in place of an answer", reads=reading)
        return answer

    def _count(self, answer: requests.Response | None) -> None:
        self.calls += 1
        if self._meter is None:
            return
        # A Response is falsy when it is a refusal; that one was counted by Salesforce all the same.
        header = "" if answer is None else answer.headers.get("Sforce-Limit-Info", "")
        self._meter.count(1, parse_usage(header))


def resolve(instance_url: str, url: str) -> str:
    """The path and query of `url` at the instance. Raises HostRefused for http beyond loopback."""
    parts = urlsplit(url)
    base = refuse_plain_http(instance_url)
    return f"{base}{parts.path}" + (f"?{parts.query}" if parts.query else "")


def parse_usage(header: str) -> Usage | None:
    """`api-usage=18/5000; per-app-api-usage=17/250(appName=x)` as 18 of 5000."""
    found = _USAGE.search(header)
    return Usage(used=int(found[1]), limit=int(found[2])) if found else None


def org_time(answer: requests.Response, header: str = "Date") -> datetime | None:
    """The org's clock when it answered (whole seconds, rounded down), or another header's moment."""
    try:
        return parsedate_to_datetime(answer.headers[header]).astimezone(UTC)
    except (KeyError, ValueError, TypeError):
        return None


def asked_at(answer: requests.Response) -> datetime | None:
    """A moment of the org's clock surely not after the one at which it read: Date less what the call took."""
    answered = org_time(answer)
    return answered - timedelta(seconds=answer.elapsed.total_seconds()) if answered else None


def raise_for(answer: requests.Response, *, reads: bool) -> None:
    """Raises what an answer of 300 and above means."""
    status = answer.status_code
    if status == 304:
        raise NotModified
    if status in (301, 302, 303, 307, 308):
        # A moved org: its new address comes with a new token.
        raise SignInNeeded(code="REDIRECTED", status=status, refreshable=True)
    try:
        body = answer.content
    except requests.RequestException as error:
        raise network_error(error, reads=reads) from error
    if not reads and status in (408, 500, 502, 503, 504) and not is_structured(body):
        raise lost_answer(f"HTTP_{status}", _plain(body), reads=False, status=status)
    raise classify(status, body, answer.headers)


def network_error(error: requests.RequestException, *, reads: bool) -> SalesforceError:
    """What a failure below HTTP means. A write is known not to have happened only if nothing was sent."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(reason):
        return NeedsPerson(code="NETWORK_TLS", message="The certificate isn't trusted")
    if isinstance(error, requests.exceptions.InvalidJSONError):
        return NeedsPerson(code="UNUSABLE_VALUE", message="A value can't be written as JSON, such as NaN")
    unsent = isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.ProxyError)
    unsent = unsent or isinstance(reason, urllib3.exceptions.NewConnectionError)
    code = "TIMEOUT" if isinstance(error, requests.exceptions.Timeout) else "NETWORK"
    return lost_answer(code, f"No answer ({type(error).__name__})", reads=reads or unsent)


def _headers(given: Mapping[str, str] | None) -> dict[str, str | None]:
    headers: dict[str, str | None] = {**(given or {}), "Sforce-Call-Options": f"client={CLIENT_NAME}"}
    # simple-salesforce's own: a token that may be old, and line breaks that only cost bytes.
    for unwanted in ("Authorization", "X-PrettyPrint"):
        headers.pop(unwanted, None)
    return headers


def _plain(body: bytes) -> str:
    text = re.sub(r"<[^>]*>", " ", body[:4000].decode("utf-8", "replace"))
    return " ".join(text.split())[:200]
