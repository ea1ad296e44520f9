"""Control of the front: faults, clock, request log, tokens, apps, options."""

from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sandbox.control.reading import body_of, flag, text, whole
from sandbox.fault_table import FAULTS
from sandbox.faults import read_match
from sandbox.oauth.apps import App
from sandbox.oauth.rsa import read_public_key
from sandbox.web import Request, Response, Router, json_response

if TYPE_CHECKING:
    from sandbox.front import Front

LEDGER_OPTIONS = ("session_seconds", "batch_size", "bulk_page_rows")
ALLOWANCE_OPTIONS = ("daily_limit", "concurrent_limit")


def frame_routes(front: "Front") -> Router:
    router = Router()
    for routes in (_fault_routes, _clock_routes, _request_routes, _token_routes, _app_routes, _option_routes):
        router.include(routes(front))
    return router


def _fault_routes(front: "Front") -> Router:
    router = Router()

    @router.get("/sandbox/api/faults")
    def listing(request: Request) -> Response:
        return json_response([rule.as_json() for rule in front.faults.all()])

    @router.get("/sandbox/api/fault-table")
    def table(request: Request) -> Response:
        return json_response({name: fault.meaning for name, fault in FAULTS.items()})

    @router.get("/sandbox/api/deferred")
    def deferred(request: Request) -> Response:
        return json_response(front.deferred.waiting())

    @router.post("/sandbox/api/faults")
    def add(request: Request) -> Response:
        raw = body_of(request)
        match = read_match(raw.get("match", {}))
        rule = front.faults.add(text(raw, "name"), match=match, do=raw.get("do"))
        return json_response(rule.as_json(), 201)

    @router.delete("/sandbox/api/faults")
    def clear(request: Request) -> Response:
        front.faults.clear()
        return Response(204)

    @router.delete("/sandbox/api/faults/{rule_id}")
    def remove(request: Request, rule_id: str) -> Response:
        if not rule_id.isdigit() or not front.faults.remove(int(rule_id)):
            raise ValueError(f"There is no fault rule {rule_id}.")
        return Response(204)

    return router


def _clock_routes(front: "Front") -> Router:
    router = Router()

    def answer() -> Response:
        return json_response({"now": front.clock.now().isoformat(), "frozen": front.clock.frozen})

    @router.get("/sandbox/api/clock")
    def show(request: Request) -> Response:
        return answer()

    @router.post("/sandbox/api/clock")
    def change(request: Request) -> Response:
        move_clock(front, body_of(request))
        return answer()

    return router


def move_clock(front: "Front", raw: dict[str, Any]) -> None:
    """Any of `reset`, `set` (ISO 8601), `advance` (seconds), `freeze` (true or false), in this order."""
    clock = front.clock
    if flag(raw, "reset", False):
        clock.reset()
    if "set" in raw:
        instant = datetime.fromisoformat(text(raw, "set"))
        if instant.tzinfo is None:
            raise ValueError("set needs a UTC offset: 2030-01-31T09:00:00+00:00.")
        clock.set(instant)
    if "advance" in raw:
        if not isinstance(raw["advance"], (int, float)):
            raise ValueError("advance must be a number of seconds.")
        clock.advance(raw["advance"])
    if "freeze" in raw:
        clock.freeze() if flag(raw, "freeze", False) else clock.thaw()
    front.ledger.set_option("clock", asdict(clock.state()))


def _request_routes(front: "Front") -> Router:
    router = Router()

    @router.get("/sandbox/api/requests")
    def listing(request: Request) -> Response:
        return json_response(front.log.entries(limit=int(request.arg("limit") or 1000)))

    @router.get("/sandbox/api/requests/counts")
    def counts(request: Request) -> Response:
        return json_response(front.log.counts())

    @router.delete("/sandbox/api/requests")
    def clear(request: Request) -> Response:
        front.log.clear()
        return Response(204)

    return router


def _token_routes(front: "Front") -> Router:
    router = Router()

    @router.post("/sandbox/api/tokens/expire")
    def expire(request: Request) -> Response:
        return json_response({"ended": front.tokens.tokens.expire_sessions()})

    @router.post("/sandbox/api/tokens/revoke")
    def revoke(request: Request) -> Response:
        return json_response({"ended": front.tokens.tokens.revoke_all()})

    return router


def _app_routes(front: "Front") -> Router:
    router = Router()
    apps = front.tokens.apps

    @router.get("/sandbox/api/apps")
    def listing(request: Request) -> Response:
        return json_response([asdict(app) for app in apps.all()])

    @router.post("/sandbox/api/apps")
    def register(request: Request) -> Response:
        app = read_app(body_of(request, "client_id", "client_secret"))
        apps.save(app)
        return json_response(asdict(app), 201)

    @router.patch("/sandbox/api/apps/{client_id}")
    def change(request: Request, client_id: str) -> Response:
        app = read_app(asdict(apps.get(client_id)) | body_of(request))
        apps.save(replace(app, client_id=client_id))
        return json_response(asdict(app))

    @router.delete("/sandbox/api/apps/{client_id}")
    def remove(request: Request, client_id: str) -> Response:
        apps.remove(client_id)
        return Response(204)

    return router


def read_app(raw: dict[str, Any]) -> App:
    """Raises ValueError naming the bad field."""
    plain = App(client_id="", client_secret="")
    if unknown := set(raw) - set(asdict(plain)):
        raise ValueError(f"An app has no {unknown.pop()}. Known: {', '.join(asdict(plain))}.")
    values: dict[str, Any] = {}
    for name, value in raw.items():
        default = getattr(plain, name)
        wanted = list if isinstance(default, tuple) else type(default)
        value = list(value) if isinstance(value, tuple) else value
        if not isinstance(value, wanted):
            raise ValueError(f"{name} must be of type {wanted.__name__}.")
        values[name] = tuple(value) if wanted is list else value
    if values.get("certificate"):
        read_public_key(values["certificate"])
    return App(**values)


def _option_routes(front: "Front") -> Router:
    router = Router()

    def answer() -> Response:
        known = {name: front.ledger.option(name) for name in LEDGER_OPTIONS}
        limits = {"daily_limit": front.allowance.daily, "concurrent_limit": front.allowance.concurrent}
        return json_response({**known, **limits, "api_used": front.allowance.used(front.clock.now())})

    @router.get("/sandbox/api/options")
    def show(request: Request) -> Response:
        return answer()

    @router.patch("/sandbox/api/options")
    def change(request: Request) -> Response:
        set_options(front, body_of(request))
        return answer()

    return router


def set_options(front: "Front", raw: dict[str, Any]) -> None:
    """Options outlast a restart, the calls used don't. Raises ValueError before anything is changed."""
    known = (*LEDGER_OPTIONS, *ALLOWANCE_OPTIONS, "api_used")
    for name in raw:
        if name not in known:
            raise ValueError(f"There is no option {name}. Known: {', '.join(known)}.")
        if raw[name] is not None:
            whole(raw, name, 0)
    for name, value in raw.items():
        if name == "api_used":
            front.allowance.set_used(value, front.clock.now())
        else:
            front.ledger.set_option(name, value)
    front.apply_limits()
