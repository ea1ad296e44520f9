"""The four ways to a token: code, refresh, client credentials, JWT bearer."""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from sandbox.oauth.apps import App, Apps
from sandbox.oauth.errors import OAuthError
from sandbox.oauth.people import People, Person
from sandbox.oauth.rsa import read_public_key
from sandbox.oauth.tokens import Grant, Tokens

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
JWT_SECONDS = 180
LOGIN_AUDIENCES = ("https://login.salesforce.com", "https://test.salesforce.com")

Form = dict[str, str]


@dataclass(frozen=True)
class TokenServer:
    """`url` is the org's public address: its instance_url, the host of identity URLs, and a JWT audience."""

    apps: Apps
    tokens: Tokens
    people: People
    url: str
    org_id: str

    def grant(self, form: Form, *, basic: str | None, login_host: bool, now: datetime) -> dict[str, str]:
        """Answer a token request. `basic` is the Authorization header's value. Raises OAuthError."""
        handlers = {
            "authorization_code": self._code,
            "refresh_token": self._refresh,
            "client_credentials": self._client_credentials,
            JWT_BEARER: self._jwt,
        }
        handler = handlers.get(form.get("grant_type", ""))
        if not handler:
            raise OAuthError("unsupported_grant_type", "grant type not supported")
        if handler == self._client_credentials and login_host:
            raise OAuthError("invalid_grant", "request not supported on this domain")
        return handler({**form, **read_basic(basic)}, now)

    def identity_url(self, user_id: str) -> str:
        return f"{self.url}/id/{self.org_id}/{user_id}"

    def _code(self, form: Form, now: datetime) -> dict[str, str]:
        app = self.apps.get(form.get("client_id", ""))
        app.check_secret(form.get("client_secret"))
        code = self.tokens.redeem_code(form.get("code", ""), client_id=app.client_id, now=now)
        if form.get("redirect_uri") != code.redirect_uri:
            raise OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration")
        _check_verifier(code.challenge, form.get("code_verifier"))
        person = self._active(code.grant.user_id)
        refresh, family = None, None
        if code.grant.refreshable:
            refresh, family = self.tokens.new_refresh(code.grant, now=now)
        return self._answer(app, code.grant, person, family=family, refresh=refresh, now=now)

    def _refresh(self, form: Form, now: datetime) -> dict[str, str]:
        app = self.apps.get(form.get("client_id", ""))
        app.check_secret(form.get("client_secret"))
        grant, family, successor = self.tokens.use_refresh(
            form.get("refresh_token", ""), client_id=app.client_id, rotate=app.rotation, now=now
        )
        person = self.people.by_id(grant.user_id)
        if not person or not person.active:
            raise OAuthError("invalid_grant", "expired access/refresh token")
        return self._answer(app, grant, person, family=family, refresh=successor, now=now)

    def _client_credentials(self, form: Form, now: datetime) -> dict[str, str]:
        app = self.apps.get(form.get("client_id", ""))
        app.check_secret(form.get("client_secret"), always=True)
        person = self.people.by_username(app.run_as) if app.run_as else None
        if not person:
            raise OAuthError("invalid_grant", "no client credentials user enabled")
        grant = Grant(app.client_id, self._active(person.id).id, _without_refresh(app))
        return self._answer(app, grant, person, family=None, refresh=None, now=now)

    def _jwt(self, form: Form, now: datetime) -> dict[str, str]:
        signed, signature, claims = read_assertion(form.get("assertion", ""))
        app = self.apps.get(str(claims.get("iss", "")))
        if not app.certificate or not read_public_key(app.certificate).verifies(signed, signature):
            raise OAuthError("invalid_grant", "invalid assertion")
        if str(claims.get("aud", "")).rstrip("/") not in (*LOGIN_AUDIENCES, self.url):
            raise OAuthError("invalid_grant", "audience is invalid")
        expires = claims.get("exp")
        if not isinstance(expires, (int, float)) or not 0 < expires - now.timestamp() <= JWT_SECONDS + 60:
            raise OAuthError("invalid_grant", "expired authorization code")
        person = self.people.by_username(str(claims.get("sub", "")))
        if not person or not (app.preauthorized or self.tokens.approved(app.client_id, person.id)):
            raise OAuthError("invalid_grant", "user hasn't approved this consumer")
        grant = Grant(app.client_id, self._active(person.id).id, _without_refresh(app))
        return self._answer(app, grant, person, family=None, refresh=None, now=now)

    def _active(self, user_id: str) -> Person:
        person = self.people.by_id(user_id)
        if not person or not person.active:
            raise OAuthError("inactive_user", "user is inactive")
        return person

    def _answer(
        self,
        app: App,
        grant: Grant,
        person: Person,
        *,
        family: str | None,
        refresh: str | None,
        now: datetime,
    ) -> dict[str, str]:
        """No `expires_in`; `issued_at` in milliseconds, as a string (api.md, twelve things, 8)."""
        identity, issued = self.identity_url(person.id), str(int(now.timestamp() * 1000))
        digest = hmac.digest(app.client_secret.encode(), (identity + issued).encode(), "sha256")
        answer = {
            "access_token": self.tokens.new_session(grant, family=family, now=now),
            "signature": base64.b64encode(digest).decode(),
            "scope": grant.scope,
            "instance_url": self.url,
            "id": identity,
            "token_type": "Bearer",
            "issued_at": issued,
        }
        return answer | ({"refresh_token": refresh} if refresh else {})


def read_basic(header: str | None) -> Form:
    """client_id and client_secret of an `Authorization: Basic` header; {} without one."""
    if not header or not header.startswith("Basic "):
        return {}
    try:
        name, _, secret = base64.b64decode(header[6:], validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise OAuthError("invalid_client", "invalid client credentials") from None
    return {"client_id": unquote(name), "client_secret": unquote(secret)}


def read_assertion(assertion: str) -> tuple[bytes, bytes, dict[str, Any]]:
    """(signed bytes, signature, claims) of a compact RS256 JWT. Raises OAuthError."""
    try:
        head, body, tail = assertion.split(".")
        if json.loads(_unpad(head))["alg"] != "RS256":
            raise ValueError("not RS256")
        claims = json.loads(_unpad(body))
        return f"{head}.{body}".encode(), _unpad(tail), dict(claims)
    except (ValueError, KeyError, TypeError):
        raise OAuthError("invalid_grant", "invalid assertion") from None


def challenge_for(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _check_verifier(challenge: str | None, verifier: str | None) -> None:
    """A missing verifier is invalid_grant, a wrong one invalid_request (api.md, 1)."""
    if not challenge:
        return
    if not verifier:
        raise OAuthError("invalid_grant", "missing required code verifier")
    if not hmac.compare_digest(challenge_for(verifier).encode(), challenge.rstrip("=").encode()):
        raise OAuthError("invalid_request", "invalid code verifier")


def _without_refresh(app: App) -> str:
    """Headless flows never yield a refresh token."""
    return " ".join(scope for scope in app.scopes if scope not in ("refresh_token", "offline_access"))


def _unpad(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
