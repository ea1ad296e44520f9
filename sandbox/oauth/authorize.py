"""The consent page: which user, allow or deny (api.md, section 1, Authorize)."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode, urlsplit

from sandbox.oauth.apps import App
from sandbox.oauth.errors import OAuthError
from sandbox.oauth.grants import TokenServer
from sandbox.oauth.people import Person
from sandbox.oauth.tokens import Grant
from sandbox.pages.html import hidden, options, page, redirect, tag
from sandbox.web import Response

_KEPT = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "prompt",
    "code_challenge",
    "code_challenge_method",
)

_SCOPES = {
    "api": "read and change the org's data (api)",
    "refresh_token": "stay connected while you are away (refresh_token)",
    "offline_access": "stay connected while you are away (offline_access)",
    "id": "know who you are (id)",
    "full": "do all that you may do (full)",
}


@dataclass(frozen=True)
class Asked:
    """A request for authorization whose app and callback are known to be good."""

    app: App
    form: dict[str, str]

    @property
    def callback(self) -> str:
        return self.form["redirect_uri"]

    def back(self, **answer: str) -> Response:
        """Send the browser to the callback with the answer and the state as it came."""
        if "state" in self.form:
            answer["state"] = self.form["state"]
        joint = "&" if urlsplit(self.callback).query else "?"
        return redirect(f"{self.callback}{joint}{urlencode(answer)}")

    def refuse(self, error: OAuthError) -> Response:
        return self.back(error=error.error, error_description=error.description)


def ask(server: TokenServer, form: dict[str, str], *, signed_in: str | None) -> Response:
    """The consent page. `signed_in` is the id of the user whose browser this is, if known."""
    try:
        asked = _read(server, form)
    except OAuthError as error:
        return _dead_end(error)
    try:
        scope = _check(asked)
    except OAuthError as error:
        return asked.refuse(error)
    if form.get("prompt") == "none":
        return asked.back(error="login_required", error_description="user is not signed in")
    return _consent_page(server, asked, scope=scope, signed_in=signed_in)


def decide(server: TokenServer, form: dict[str, str], *, now: datetime) -> Response:
    """What the consent page's form leads to: back to the app with a code or an error."""
    try:
        asked = _read(server, form)
    except OAuthError as error:
        return _dead_end(error)
    try:
        scope = _check(asked)
        if form.get("decision") != "allow":
            raise OAuthError("access_denied", "end-user denied authorization")
        person = server.people.by_id(form.get("user", ""))
        if not person or not person.active:
            raise OAuthError("inactive_user", "user is inactive")
    except OAuthError as error:
        return asked.refuse(error)
    grant = Grant(asked.app.client_id, person.id, scope)
    server.tokens.approve(grant)
    challenge = form.get("code_challenge") or None
    return asked.back(
        code=server.tokens.new_code(grant, redirect_uri=asked.callback, challenge=challenge, now=now)
    )


def _read(server: TokenServer, form: dict[str, str]) -> Asked:
    """Without a known app and one of its callbacks nobody may be sent anywhere."""
    app = server.apps.get(form.get("client_id", ""))
    if not app.accepts_callback(form.get("redirect_uri", "")):
        raise OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration")
    return Asked(app, form)


def _check(asked: Asked) -> str:
    """The scope to grant. Raises OAuthError, to be told to the app."""
    form = asked.form
    if form.get("response_type") != "code":
        raise OAuthError("unsupported_response_type", "response type not supported")
    if form.get("code_challenge_method", "S256") != "S256":
        raise OAuthError("invalid_request", "code challenge method must be S256")
    if asked.app.pkce_required and not form.get("code_challenge"):
        raise OAuthError("invalid_request", "missing required code challenge")
    return asked.app.grantable(form.get("scope", ""))


def _dead_end(error: OAuthError) -> Response:
    words = tag("p", f"error={error.error}&error_description={error.description}", class_="note bad")
    return page("OAuth error", tag("h2", "OAuth error"), words, status=error.status)


def _consent_page(server: TokenServer, asked: Asked, *, scope: str, signed_in: str | None) -> Response:
    people = [person for person in server.people.everyone() if person.active]
    chosen = _preselected(people, asked.form.get("login_hint", ""), signed_in)
    chooser = tag(
        "select",
        options([(p.id, f"{p.name} ({p.username})") for p in people], chosen),
        name="user",
        id="user",
    )
    form = tag(
        "form",
        hidden({name: asked.form[name] for name in _KEPT if name in asked.form}),
        tag("p", tag("label", "Sign in as ", for_="user"), chooser),
        tag("p", "It asks to:"),
        tag("ul", *(tag("li", _SCOPES.get(item, item)) for item in scope.split())),
        tag(
            "p",
            tag("button", "Allow", name="decision", value="allow", id="allow"),
            " ",
            tag("button", "Deny", name="decision", value="deny", id="deny", class_="quiet"),
        ),
        method="post",
        action="/services/oauth2/authorize",
    )
    return page("Allow access?", tag("h2", f"Allow {asked.app.name} access?"), form)


def _preselected(people: list[Person], hint: str, signed_in: str | None) -> str:
    for person in people:
        if hint and hint.lower() in (person.username.lower(), person.email.lower()):
            return person.id
    return signed_in or ""
