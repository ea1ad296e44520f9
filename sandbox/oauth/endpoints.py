"""Where the OAuth endpoints live, and how a Bearer token becomes a user."""

from dataclasses import dataclass
from typing import Any

from sandbox.clock import Clock
from sandbox.errors import ApiError
from sandbox.ids import is_id, to18
from sandbox.oauth import authorize
from sandbox.oauth.errors import OAuthError
from sandbox.oauth.grants import TokenServer
from sandbox.oauth.people import Person
from sandbox.oauth.tokens import Grant
from sandbox.pages.forms import from_elsewhere, read_form
from sandbox.pages.html import page, tag
from sandbox.web import Headers, Request, Response, Router, SessionUser, json_response


@dataclass(frozen=True)
class Bearer:
    """Turns the Authorization header into a user, or raises the ApiError a data call is refused with."""

    server: TokenServer
    clock: Clock

    def user(self, request: Request) -> SessionUser:
        grant, person, token = self.holder(request)
        if not grant.may_call_api:
            message = "This session is not valid for use with the REST API"
            raise ApiError(401, "INVALID_SESSION_ID", message)
        if not person.api_enabled:
            raise ApiError(403, "API_CURRENTLY_DISABLED", "API is currently disabled for this User")
        app = self.server.apps.get(grant.client_id)
        return SessionUser(person.id, person.username, client=app.name, session_id=token)

    def holder(self, request: Request) -> tuple[Grant, Person, str]:
        scheme, _, token = str(request.headers.get("Authorization", "")).partition(" ")
        if token and scheme.lower() not in ("bearer", "oauth"):
            raise ApiError(401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE")
        grant = self.server.tokens.session(token.strip(), now=self.clock.now()) if token else None
        person = self.server.people.by_id(grant.user_id) if grant else None
        if not grant or not person or not person.active:
            raise ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")
        return grant, person, token.strip()


def oauth_routes(server: TokenServer, clock: Clock) -> Router:
    router = Router()

    @router.get("/services/oauth2/authorize")
    def ask(request: Request) -> Response:
        return authorize.ask(server, read_form(request), signed_in=request.user.id if request.user else None)

    @router.post("/services/oauth2/authorize")
    def decide(request: Request) -> Response:
        if from_elsewhere(request):
            return page(
                "Refused", tag("p", "This form came from another site.", class_="note bad"), status=403
            )
        return authorize.decide(server, read_form(request), now=clock.now())

    router.include(_token_routes(server, clock))
    router.include(_holder_routes(Bearer(server, clock)))
    return router


def _token_routes(server: TokenServer, clock: Clock) -> Router:
    router = Router()

    @router.post("/services/oauth2/token")
    def token(request: Request) -> Response:
        return _plainly(lambda: _token(server, request, clock))

    @router.get("/services/oauth2/token")
    def token_by_get(request: Request) -> Response:
        return _plainly(lambda: _raise(OAuthError("invalid_request", "must use HTTP POST")))

    @router.post("/services/oauth2/revoke")
    def revoke(request: Request) -> Response:
        return _plainly(lambda: _revoke(server, read_form(request)))

    router.get("/services/oauth2/revoke")(revoke)

    @router.post("/services/oauth2/introspect")
    def introspect(request: Request) -> Response:
        return _plainly(lambda: _introspect(server, request, clock))

    return router


def _holder_routes(bearer: Bearer) -> Router:
    router = Router()

    @router.get("/services/oauth2/userinfo")
    def userinfo(request: Request) -> Response:
        return _to_holder(bearer, request, _userinfo)

    @router.get("/id/{org_id}/{user_id}")
    def identity(request: Request, org_id: str, user_id: str) -> Response:
        if not _same(org_id, bearer.server.org_id):
            return Response(404, Headers({"Content-Type": "text/html"}), b"Bad_Id")
        return _to_holder(bearer, request, _identity, user_id)

    return router


def _token(server: TokenServer, request: Request, clock: Clock) -> Response:
    host = str(request.headers.get("Host", "")).lower()
    answer = server.grant(
        read_form(request),
        basic=request.headers.get("Authorization"),
        login_host=host.startswith(("login.", "test.")),
        now=clock.now(),
    )
    return json_response(answer, headers={"Cache-Control": "no-cache, no-store", "Pragma": "no-cache"})


def _revoke(server: TokenServer, form: dict[str, str]) -> Response:
    if form.get("token_type_hint", "access_token") not in ("access_token", "refresh_token"):
        raise OAuthError("unsupported_token_type", "this token type is not supported")
    if not server.tokens.revoke(form.get("token", "")):
        raise OAuthError("invalid_token", "invalid token: " + form.get("token", "")[:4])
    return Response(200)


def _introspect(server: TokenServer, request: Request, clock: Clock) -> Response:
    """RFC 7662, for the app that got the token."""
    form = read_form(request)
    app = server.apps.get(form.get("client_id", ""))
    app.check_secret(form.get("client_secret"), always=True)
    token = form.get("token", "")
    grant = server.tokens.session(token, now=clock.now()) or server.tokens.live_refresh(token)
    if not grant or grant.client_id != app.client_id:
        return json_response({"active": False})
    person = server.people.by_id(grant.user_id)
    known = {"active": True, "scope": grant.scope, "client_id": grant.client_id, "token_type": "Bearer"}
    return json_response(
        {**known, "username": person.username if person else "", "sub": server.identity_url(grant.user_id)}
    )


def _userinfo(server: TokenServer, person: Person) -> dict[str, Any]:
    return {
        "sub": server.identity_url(person.id),
        "user_id": person.id,
        "organization_id": server.org_id,
        "preferred_username": person.username,
        "nickname": person.username.partition("@")[0],
        "name": person.name,
        "email": person.email,
        "email_verified": True,
        "given_name": person.first_name,
        "family_name": person.last_name,
        "zoneinfo": person.timezone,
        "user_type": person.user_type.upper(),
        "active": person.active,
        "language": person.language,
        "locale": person.locale,
        "utcOffset": 0,
        "updated_at": person.last_modified,
        "urls": _urls(server, person),
        "is_app_installed": True,
    }


def _identity(server: TokenServer, person: Person) -> dict[str, Any]:
    return {
        "id": server.identity_url(person.id),
        "asserted_user": True,
        "user_id": person.id,
        "organization_id": server.org_id,
        "username": person.username,
        "nick_name": person.username.partition("@")[0],
        "display_name": person.name,
        "email": person.email,
        "email_verified": True,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "timezone": person.timezone,
        "photos": {},
        "addr_street": None,
        "mobile_phone": None,
        "mobile_phone_verified": False,
        "is_lightning_login_user": False,
        "status": {"created_date": None, "body": None},
        "urls": _urls(server, person),
        "active": person.active,
        "user_type": person.user_type.upper(),
        "language": person.language,
        "locale": person.locale,
        "utcOffset": 0,
        "last_modified_date": person.last_modified,
        "is_app_installed": True,
    }


def _urls(server: TokenServer, person: Person) -> dict[str, str]:
    data = f"{server.url}/services/data/v{{version}}/"
    return {
        "rest": data,
        "sobjects": f"{data}sobjects/",
        "search": f"{data}search/",
        "query": f"{data}query/",
        "recent": f"{data}recent/",
        "profile": f"{server.url}/{person.id}",
        "custom_domain": server.url,
    }


def _to_holder(bearer: Bearer, request: Request, describe: Any, user_id: str | None = None) -> Response:
    """These two answer a bad token with a bare word and 403, not with a JSON array."""
    try:
        _, person, _ = bearer.holder(request)
    except ApiError:
        return Response(403, Headers({"Content-Type": "text/html;charset=UTF-8"}), b"Bad_OAuth_Token")
    if user_id and not _same(user_id, person.id):
        return Response(403, Headers({"Content-Type": "text/html;charset=UTF-8"}), b"Wrong_Org")
    return json_response(describe(bearer.server, person))


def _plainly(answer: Any) -> Response:
    try:
        response: Response = answer()
    except OAuthError as error:
        return json_response(error.body(), error.status)
    return response


def _raise(error: Exception) -> Response:
    raise error


def _same(one: str, other: str) -> bool:
    return is_id(one) and to18(one) == to18(other)
