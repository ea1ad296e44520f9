"""The org as one application, apart from any socket: who asks, may they, what goes wrong, who answers.

Order of a call, as a client meets it: faults, then the session, then the limits, then the handler.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlencode

from sandbox.bulk.jobs import object_of
from sandbox.clock import Clock
from sandbox.control.routes import PREFIX, Control
from sandbox.deferred import Deferred
from sandbox.errors import ApiError, not_found
from sandbox.faced import NO_EFFECT, FacedRequest
from sandbox.fault_table import Cut, Effect
from sandbox.faults import Call, Faults
from sandbox.ledger import Ledger
from sandbox.oauth.endpoints import Bearer, oauth_routes
from sandbox.oauth.grants import TokenServer
from sandbox.oauth.people import Person
from sandbox.operations import operation_of
from sandbox.org import Org
from sandbox.pages.routes import page_routes
from sandbox.traffic import DEFAULT_CONCURRENT_LIMIT, DEFAULT_DAILY_LIMIT, Allowance, Entry, RequestLog
from sandbox.web import Headers, Request, Response, Router, SessionUser, error_response, json_response

VERSIONS_PATH = "/services/data"


@dataclass(frozen=True)
class Answer:
    """A response and the fault to be applied while it is sent; no response: the connection is cut."""

    response: Response | None
    effect: Effect = NO_EFFECT


@dataclass
class Front:
    org: Org
    ledger: Ledger
    clock: Clock
    tokens: TokenServer
    system_user: str
    faults: Faults = field(default_factory=Faults)
    log: RequestLog = field(default_factory=RequestLog)
    allowance: Allowance = field(default_factory=Allowance)
    routes: Router = field(default_factory=Router)
    last_page: list[Any] = field(default_factory=list)
    reset: Callable[[str], None] = lambda seed: None

    def __post_init__(self) -> None:
        self.bearer = Bearer(self.tokens, self.clock)
        self.routes.include(oauth_routes(self.tokens, self.clock))
        self.routes.include(page_routes(self))
        self.control = Control(self)
        self.deferred = Deferred(self.org.store, self.clock, self.routes.dispatch)
        self.apply_limits()

    @property
    def cookie_name(self) -> str:
        """Cookies don't mind ports, so that two orgs on one host need two names."""
        return f"sandbox_sid_{self.tokens.org_id[:15]}"

    def person(self, username: str) -> Person:
        """Raises ValueError for a username nobody has."""
        found = self.tokens.people.by_username(username)
        if not found:
            raise ValueError(f"There is no user {username}.")
        return found

    def apply_limits(self) -> None:
        self.allowance.daily = self.ledger.option("daily_limit", DEFAULT_DAILY_LIMIT)
        self.allowance.concurrent = self.ledger.option("concurrent_limit", DEFAULT_CONCURRENT_LIMIT)

    def close(self) -> None:
        self.org.close()
        self.ledger.close()

    def handle(self, request: Request) -> Answer:
        self.deferred.run_due()
        if request.path.startswith(PREFIX):
            return Answer(self.control.handle(request))
        started = time.perf_counter()
        request = _with_real_method(request)
        refused = self._identify(request)
        effect = self._meet_fault(request)
        if effect.delay:
            time.sleep(effect.delay)
        if effect.revoke and request.user:
            self.tokens.tokens.end_user(request.user.id)
            refused = self._identify(request)
        response = self._answer(request, effect, refused)
        self._log(request, response, started)
        return Answer(None if effect.cut else response, effect)

    def _answer(self, request: Request, effect: Effect, refused: ApiError | None) -> Response | None:
        """None for a connection that breaks before the call is handled."""
        if effect.cut is Cut.BEFORE:
            return None
        if effect.status and not effect.handled:
            return _fault_response(effect)
        if refused:
            return error_response(refused)
        if effect.cut is Cut.LATER and is_data_call(request.path):
            self._put_off(request, effect)
            return None
        response = self._serve(FacedRequest(**vars(request), effect=effect))
        return _fault_response(effect) if effect.status else response

    def _put_off(self, request: Request, effect: Effect) -> None:
        """The call has come in and counts, its commit takes its time. What only reads needs none."""
        now = self.clock.now()
        reads = request.method in ("GET", "HEAD") or operation_of(request.method, request.path) == "retrieve"
        if self.allowance.spend(now) and not reads:
            self.deferred.put(request, now + timedelta(seconds=effect.commit_after))

    def _identify(self, request: Request) -> ApiError | None:
        """Set the request's user: by token on data calls, by cookie elsewhere."""
        if not is_data_call(request.path):
            request.user = self._cookie_user(request)
            return None
        try:
            request.user = self.bearer.user(request)
        except ApiError as error:
            return error
        return None

    def _cookie_user(self, request: Request) -> SessionUser | None:
        try:
            morsel = SimpleCookie(str(request.headers.get("Cookie", ""))).get(self.cookie_name)
        except CookieError:
            return None
        grant = self.tokens.tokens.session(morsel.value, now=self.clock.now()) if morsel else None
        person = self.tokens.people.by_id(grant.user_id) if grant else None
        if not morsel or not person or not person.active:
            return None
        return SessionUser(person.id, person.username, session_id=morsel.value)

    def _meet_fault(self, request: Request) -> Effect:
        if not self.faults.live:
            return NO_EFFECT
        target = request.path + ("?" + urlencode(request.query, doseq=True) if request.query else "")
        body = request.body.decode("utf-8", "replace")
        user = request.user.username if request.user else ""
        call = Call(request.method, target, body, user, self._objects(request))
        return self.faults.meet(call) or NO_EFFECT

    def _objects(self, request: Request) -> frozenset[str]:
        """The objects that a call concerns without naming them: by its job, or by its ids."""
        ids = (request.arg("ids") or "").split(",")
        kinds = [self.org.registry.with_prefix(id) for id in ids if id]
        job = object_of(self.ledger, request.path)
        return frozenset([kind.name for kind in kinds if kind] + [job] * bool(job))

    def _serve(self, request: FacedRequest) -> Response:
        if not is_data_call(request.path):
            return self.routes.dispatch(request) or _page_not_found()
        now = self.clock.now()
        with self.allowance.running() as within:
            if not within:
                return _limit("ConcurrentPerOrgLongTxn Limit exceeded.")
            if not self.allowance.spend(now):
                return _limit("TotalRequests Limit exceeded.")
            _shrink_batches(request, self.ledger.option("batch_size"))
            response = self.routes.dispatch(request) or error_response(not_found())
        used = self.allowance.used(now)
        response.headers["Sforce-Limit-Info"] = f"api-usage={used}/{self.allowance.daily}"
        return self._repeat_rows(request, response)

    def _repeat_rows(self, request: FacedRequest, response: Response) -> Response:
        """Put rows of the JSON page before, of the same object, (or else the last of its own) in front."""
        count = request.effect.repeat_rows
        if not count or not response.body.startswith(b"{") or b'"records":' not in response.body:
            return response
        page = json.loads(response.body)
        own = page["records"]
        kinds = {row.get("attributes", {}).get("type") for row in own}
        before = [row for row in self.last_page or () if row.get("attributes", {}).get("type") in kinds]
        page["records"] = (before or own)[-count:] + own
        self.last_page = own
        return json_response(page, response.status, response.headers, rows=len(page["records"]))

    def _log(self, request: Request, response: Response | None, started: float) -> None:
        self.log.add(
            Entry(
                at=self.clock.now().isoformat(timespec="milliseconds"),
                method=request.method,
                path=request.path,
                query=urlencode({k: v for k, v in request.query.items() if k != "token"}, doseq=True),
                user=request.user.username if request.user else "",
                status=response.status if response else 0,
                ms=round((time.perf_counter() - started) * 1000, 2),
                api_call=is_data_call(request.path),
                operation=operation_of(request.method, request.path),
                rows=response.rows if response else 0,
                headers=_telling(request.headers),
            )
        )


def is_data_call(path: str) -> bool:
    """Whether a path needs a session and counts as an API call; the list of versions doesn't."""
    return path.startswith(VERSIONS_PATH + "/") and path.rstrip("/") != VERSIONS_PATH


def _with_real_method(request: Request) -> Request:
    """`POST …?_HTTP_METHOD=PATCH` is a PATCH, for clients that can't send one."""
    override = request.arg("_HTTP_METHOD")
    if request.method != "POST" or not override:
        return request
    query = {name: values for name, values in request.query.items() if name != "_HTTP_METHOD"}
    return replace(request, method=override.upper(), query=query)


def _telling(headers: Headers) -> dict[str, str]:
    """The headers that change what a call does; never those that say who calls."""
    return {
        name: value
        for name, value in headers.items()
        if name.lower().startswith(("sforce-", "if-", "content-encoding"))
    }


def _fault_response(effect: Effect) -> Response:
    status = effect.status or 500
    if isinstance(effect.body, str):
        headers = Headers({"Content-Type": "text/html;charset=UTF-8", **effect.headers})
        return Response(status, headers, effect.body.encode())
    return json_response(effect.body, status, effect.headers)


def _shrink_batches(request: FacedRequest, everywhere: int | None) -> None:
    size = request.effect.batch_size or everywhere
    if size:
        request.headers["Sforce-Query-Options"] = f"rows={size}"


def _limit(message: str) -> Response:
    return error_response(ApiError(403, "REQUEST_LIMIT_EXCEEDED", message))


def _page_not_found() -> Response:
    headers = Headers({"Content-Type": "text/html;charset=UTF-8"})
    return Response(
        404, headers, b"<!doctype html><title>Not found</title><p>URL no longer exists. <a href=/>Home</a>"
    )
