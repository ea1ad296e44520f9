"""Setup: faults, clock, limits, users and apps, each with a button."""

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandbox.control.frame import move_clock, read_app, set_options
from sandbox.control.schema import set_active
from sandbox.errors import ApiError
from sandbox.fault_table import FAULTS
from sandbox.faults import Match
from sandbox.pages.frame import Frame
from sandbox.pages.html import Markup, join, redirect, table, tag
from sandbox.pages.keys import add_key, keys, remove_key
from sandbox.web import Request, Response, Router, SessionUser

if TYPE_CHECKING:
    from sandbox.front import Front

Form = dict[str, str]
_FLAGS = ("any_loopback_callback", "pkce_required", "rotation", "preauthorized")


def setup_routes(front: "Front") -> Router:
    router = Router()
    frame = Frame(front)

    @router.get("/ui/setup")
    @frame.reading
    def show(request: Request, user: SessionUser) -> Response:
        return _page(front, frame, request, user)

    @router.post("/ui/setup/{what}")
    @frame.posting
    def change(request: Request, user: SessionUser, form: Form, what: str) -> Response:
        try:
            _CHANGES[what](front, form)
        except KeyError:
            return _page(front, frame, request, user, problem="There is no such setting.")
        except (ValueError, ApiError) as error:
            return _page(front, frame, request, user, problem=str(error), typed=form)
        return redirect("/ui/setup", 303)

    return router


def _page(
    front: "Front",
    frame: Frame,
    request: Request,
    user: SessionUser,
    *,
    problem: str = "",
    typed: Form | None = None,
) -> Response:
    return frame.page(
        request,
        "Setup",
        tag("h2", "Setup"),
        tag("p", problem, class_="note bad", role="alert") if problem else "",
        _section("Faults", *_faults(front, frame, user)),
        _section("Clock", *_clock(front, frame, user)),
        _section("External-id fields", *keys(front, frame, user, typed or {})),
        _section("Limits", *_limits(front, frame, user)),
        _section("Client apps", *_apps(front, frame, user, typed or {})),
        _section("Users", _users(front, frame, user)),
        tab="Setup",
        status=400 if problem else 200,
    )


def _section(title: str, *body: object) -> Markup:
    return tag("section", tag("h3", title), *body)


def _faults(front: "Front", frame: Frame, user: SessionUser) -> list[object]:
    live: dict[str, int] = {rule.name: rule.applied for rule in front.faults.all() if not rule.spent}
    rows = []
    for name, fault in FAULTS.items():
        state = f"on, met {live[name]}" if name in live else ""
        word = "Off" if name in live else "On"
        what = join([name, tag("br"), tag("span", fault.meaning, class_="hint")])
        rows.append((what, state, frame.button(user, "/ui/setup/fault", word, "quiet", name=name)))
    hint = tag("p", "A fault that is on meets every API call until it is off.", class_="hint")
    return [hint, table(("Fault", "State", ""), rows)]


def _clock(front: "Front", frame: Frame, user: SessionUser) -> list[object]:
    frozen = " (frozen)" if front.clock.frozen else ""
    steps = (("+1 hour", "3600"), ("+1 day", "86400"), ("-1 hour", "-3600"))
    buttons = [frame.button(user, "/ui/setup/clock", label, "quiet", advance=step) for label, step in steps]
    freeze = "false" if front.clock.frozen else "true"
    buttons.append(
        frame.button(
            user, "/ui/setup/clock", "Go on" if front.clock.frozen else "Freeze", "quiet", freeze=freeze
        )
    )
    buttons.append(frame.button(user, "/ui/setup/clock", "Real time", "quiet", reset="true"))
    now = front.clock.now().strftime("%Y-%m-%d %H:%M:%S UTC")
    return [tag("p", f"The org's time: {now}{frozen}"), tag("div", *buttons, class_="row")]


def _limits(front: "Front", frame: Frame, user: SessionUser) -> list[object]:
    used = front.allowance.used(front.clock.now())
    fields = [
        _labelled("Calls in 24 hours", "daily_limit", str(front.allowance.daily)),
        _labelled("Calls at once", "concurrent_limit", str(front.allowance.concurrent)),
        _labelled("Session, seconds", "session_seconds", str(front.ledger.option("session_seconds") or 7200)),
    ]
    form = frame.form(
        user, "/ui/setup/limits", tag("div", *fields, class_="fields"), tag("button", "Save limits")
    )
    return [tag("p", f"{used:,} API calls in the last 24 hours."), form]


def _apps(front: "Front", frame: Frame, user: SessionUser, typed: Form) -> list[object]:
    rows = []
    for app in front.tokens.apps.all():
        policies = [name.replace("_", " ") for name in _FLAGS if getattr(app, name)]
        policies += ["certificate"] if app.certificate else []
        remove = frame.button(user, "/ui/setup/app-remove", "Remove", "quiet", client_id=app.client_id)
        rows.append((app.name, app.client_id, "\n".join(app.callbacks), ", ".join(policies), remove))
    fields = [
        _labelled("Name", "name", typed.get("name", "")),
        _labelled("Consumer key (made when empty)", "client_id", typed.get("client_id", "")),
        _labelled("Consumer secret (made when empty)", "client_secret", ""),
        _labelled("Callback URL", "callback", typed.get("callback", "")),
        _labelled("User for client credentials", "run_as", typed.get("run_as", "")),
    ]
    flags = [
        tag(
            "label",
            tag("input", type="checkbox", name=name, checked=name in typed),
            " ",
            name.replace("_", " "),
        )
        for name in _FLAGS
    ]
    certificate = tag(
        "textarea", Markup("\n"), typed.get("certificate", ""), name="certificate", id="certificate", rows=3
    )
    fields.append(
        tag("div", tag("label", "Certificate or public key (PEM)", for_="certificate"), certificate)
    )
    register = frame.form(
        user,
        "/ui/setup/app",
        tag("div", *fields, class_="fields"),
        tag("div", *flags, class_="row"),
        tag("button", "Register External Client App"),
    )
    return [
        table(("Name", "Consumer key", "Callbacks", "Policies", ""), rows),
        tag("h4", "Register an app"),
        register,
    ]


def _users(front: "Front", frame: Frame, user: SessionUser) -> Markup:
    rows = []
    for person in front.tokens.people.everyone():
        word = "Deactivate" if person.active else "Activate"
        button = frame.button(user, "/ui/setup/user", word, "quiet", username=person.username)
        rows.append((person.name, person.username, "active" if person.active else "inactive", button))
    return table(("Name", "Username", "", ""), rows)


def _labelled(label: str, name: str, value: str) -> Markup:
    return tag(
        "div", tag("label", label, for_=f"s-{name}"), tag("input", name=name, id=f"s-{name}", value=value)
    )


def _switch_fault(front: "Front", form: Form) -> None:
    name = form.get("name", "")
    live = [rule for rule in front.faults.all() if rule.name == name and not rule.spent]
    for rule in live:
        front.faults.remove(rule.id)
    if not live:
        front.faults.add(name, match=Match(times=0))


def _move_clock(front: "Front", form: Form) -> None:
    wanted: dict[str, Any] = {name: form[name] == "true" for name in ("freeze", "reset") if name in form}
    if "advance" in form:
        wanted["advance"] = float(form["advance"])
    move_clock(front, wanted)


def _save_limits(front: "Front", form: Form) -> None:
    for name, value in form.items():
        if not value.isdigit():
            raise ValueError(f"{name.replace('_', ' ')} must be a whole number.")
    set_options(front, {name: int(value) for name, value in form.items()})


def _register(front: "Front", form: Form) -> None:
    callbacks = [form["callback"].strip()] if form.get("callback", "").strip() else []
    app = read_app(
        {
            "name": form.get("name", "").strip() or "Client app",
            "client_id": form.get("client_id", "").strip() or f"3MVG9{secrets.token_urlsafe(30)}",
            "client_secret": form.get("client_secret", "").strip() or secrets.token_hex(32).upper(),
            "callbacks": callbacks,
            "run_as": form.get("run_as", "").strip(),
            "certificate": form.get("certificate", "").strip(),
            **{name: name in form for name in _FLAGS},
        }
    )
    front.tokens.apps.save(app)


def _switch_user(front: "Front", form: Form) -> None:
    person = front.person(form.get("username", ""))
    set_active(front, person.id, not person.active)


_CHANGES: dict[str, Callable[["Front", Form], None]] = {
    "fault": _switch_fault,
    "clock": _move_clock,
    "limits": _save_limits,
    "app": _register,
    "app-remove": lambda front, form: front.tokens.apps.remove(form.get("client_id", "")),
    "user": _switch_user,
    "key": add_key,
    "key-remove": remove_key,
}
