"""What all calls of `Org` share: simple-salesforce for paths and bodies, the wire under it."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import requests
from simple_salesforce.api import Salesforce

from integrations.salesforce.errors import lost_answer
from integrations.salesforce.tokens import TokenSource
from integrations.salesforce.wire import Meter, Wire, org_time

API_VERSION = "62.0"
# Salesforce ends a request after 10 minutes; what is silent for 2 is looked at again rather than waited for.
TIMEOUT = (10.0, 120.0)


class Door:
    """One connection to one org. Not thread-safe: one instance per thread or worker."""

    def __init__(
        self,
        tokens: TokenSource,
        *,
        api_version: str = API_VERSION,
        meter: Meter | None = None,
        timeout: tuple[float, float] = TIMEOUT,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.api_version = api_version
        self._tokens = tokens
        self._wire = Wire(tokens, meter=meter, timeout=timeout, sleep=sleep)
        # Host and session are placeholders: the wire puts in the token's, which may change at a refresh.
        self._salesforce = Salesforce(
            instance_url="https://instance.invalid",
            session_id="unused",
            version=api_version,
            session=cast(requests.Session, self._wire),
            object_pairs_hook=dict,
        )

    def close(self) -> None:
        """Drops the connections to the org."""
        self._wire.close()

    @property
    def instance_url(self) -> str:
        """The org's address as of the current token."""
        return self._tokens.current().instance_url

    @property
    def calls(self) -> int:
        """Data calls made through this door so far, refused ones included."""
        return self._wire.calls

    @property
    def answered_at(self) -> datetime | None:
        """The org's clock at its last answer (`Date`, rounded down to the second), in UTC."""
        return org_time(self._wire.last) if self._wire.last is not None else None

    def time(self) -> datetime:
        """The org's clock now, as its last answer tells it; asked once where there was none (no data call).

        At most as late as the real one, since Date is rounded down. Raises SalesforceError.
        """
        if self._wire.org_now() is None:
            self._wire.request("GET", "/services/data/", anonymous=True)
        return self._wire.org_now() or datetime.now(UTC)

    def _path(self, rest: str) -> str:
        return f"/services/data/v{self.api_version}/{rest}"

    def _ask(
        self,
        rest: str,
        *,
        method: str = "GET",
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        reads: bool | None = None,
    ) -> Any:
        """The parsed JSON of a call below `/services/data/vNN.N/`; None for an empty answer.

        Raises SalesforceError. A write whose answer can't be read is an OutcomeUnknown.
        """
        options: dict[str, Any] = {"headers": dict(headers or {})}
        if body is not None:
            options["json"] = body
        reading = method == "GET" if reads is None else reads
        try:
            return self._salesforce.restful(rest, dict(params or {}), method=method, reads=reading, **options)
        except requests.exceptions.JSONDecodeError as error:
            raise lost_answer("UNREADABLE_ANSWER", "The answer isn't JSON", reads=reading) from error

    def _answer(self) -> requests.Response:
        """The last answer's headers, for what simple-salesforce drops of them."""
        if self._wire.last is None:
            raise AssertionError("nothing was asked yet")
        return self._wire.last
