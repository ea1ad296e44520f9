"""OAuth with Salesforce: web server flow with PKCE, refresh, client credentials, JWT bearer, revoke.

Every failure is a SalesforceError. Secrets go into bodies only, never into an address or a text.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import requests
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from integrations.salesforce.errors import NeedsPerson, SalesforceError, lost_answer
from integrations.salesforce.hosts import PRODUCTION, SANDBOX, jwt_audience, refuse_plain_http
from integrations.salesforce.ids import to18
from integrations.salesforce.org import Org
from integrations.salesforce.schema import Identity
from integrations.salesforce.tokens import StaticTokens
from integrations.salesforce.wire import network_error, raise_for

SCOPES = "api refresh_token"
_TIMEOUT = (10.0, 30.0)
_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(frozen=True)
class AppCredentials:
    """Key and secret of the External Client App; PKCE and JWT do without the secret."""

    client_id: str
    client_secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class Authorization:
    """Where to send the browser, and what must be remembered until it comes back."""

    url: str
    state: str
    verifier: str = field(repr=False)


@dataclass(frozen=True)
class Grant:
    """What a token request yields. `refresh_token` is None where none was given: then the old one stays."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    instance_url: str
    identity_url: str
    scope: str
    issued_at: datetime

    @property
    def org_id(self) -> str:
        """The org's id (18 characters), from the identity address; empty where Salesforce gave none."""
        return _identity_part(self.identity_url, -2)

    @property
    def user_id(self) -> str:
        """The user's id (18 characters), likewise."""
        return _identity_part(self.identity_url, -1)


def authorization_url(
    login_url: str,
    app: AppCredentials,
    *,
    redirect_uri: str,
    scope: str = SCOPES,
    prompt: str = "",
    login_hint: str = "",
) -> Authorization:
    """Begins the web server flow, with a fresh state and verifier. `prompt`: `login`, `consent` or both."""
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
    query = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": redirect_uri,
        "scope": scope,
        "state": state,
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
    }
    query |= {key: value for key, value in (("prompt", prompt), ("login_hint", login_hint)) if value}
    url = f"{refuse_plain_http(login_url)}/services/oauth2/authorize?{urlencode(query)}"
    return Authorization(url=url, state=state, verifier=verifier)


def challenge(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier (RFC 7636)."""
    return _base64url(hashlib.sha256(verifier.encode("ascii")).digest())


def exchange_code(
    login_url: str, app: AppCredentials, *, code: str, verifier: str, redirect_uri: str
) -> Grant:
    """Turns the callback's code (URL-decoded) into tokens. A code works once."""
    return _grant(
        login_url,
        {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": redirect_uri,
            **_app_fields(app),
        },
    )


def refresh(login_url: str, app: AppCredentials, *, refresh_token: str) -> Grant:
    """A new access token; where rotation is on, also a new refresh token, and the old one is dead.

    Refreshes of one token must be serialised and the result stored at once: using a rotated-out token
    kills the current one too. Raises SignInNeeded when refused.
    """
    fields = {"grant_type": "refresh_token", "refresh_token": refresh_token, **_app_fields(app)}
    return _grant(login_url, fields)


def client_credentials(my_domain_url: str, app: AppCredentials) -> Grant:
    """Signs in as the app's run-as user. Salesforce allows it at the org's My Domain only."""
    if my_domain_url.rstrip("/") in (PRODUCTION, SANDBOX):
        raise NeedsPerson(
            code="invalid_request",
            message="Client credentials work at the org's My Domain only, such as https://acme.my.salesforce.com",
        )
    return _grant(my_domain_url, {"grant_type": "client_credentials", **_app_fields(app)})


def jwt_bearer(
    login_url: str, client_id: str, *, username: str, private_key: str, now: datetime, audience: str = ""
) -> Grant:
    """Signs in `username`, who was authorised for the app before, with the app's RSA key (PEM).

    `audience` is production or sandbox, as the login host is, unless given.
    Raises NeedsPerson for a key that can't be used.
    """
    claims = {
        "iss": client_id,
        "sub": username,
        "aud": audience or jwt_audience(login_url),
        "exp": int((now + timedelta(minutes=3)).timestamp()),
    }
    return _grant(login_url, {"grant_type": _JWT_GRANT, "assertion": _signed(claims, private_key)})


def revoke(login_url: str, token: str) -> None:
    """Ends a token; a refresh token takes its access tokens with it. A dead one counts as done."""
    try:
        _post(login_url, "revoke", {"token": token})
    except SalesforceError as error:
        if error.code not in ("invalid_token", "unsupported_token_type"):
            raise


def identity(grant: Grant) -> Identity:
    """Who the tokens belong to. Asked as a record, because the identity service needs a scope more."""
    org = Org(StaticTokens(grant.access_token, grant.instance_url), timeout=_TIMEOUT)
    try:
        return org.user(grant.user_id, org_id=grant.org_id)
    finally:
        org.close()


def _grant(login_url: str, fields: Mapping[str, str]) -> Grant:
    raw = _json(_post(login_url, "token", fields))
    if not raw.get("access_token") or not raw.get("instance_url"):
        raise lost_answer("UNREADABLE_ANSWER", "The answer holds no token", reads=True)
    refuse_plain_http(raw["instance_url"])
    issued = int(raw.get("issued_at") or 0)
    return Grant(
        access_token=raw["access_token"],
        refresh_token=raw.get("refresh_token"),
        instance_url=raw["instance_url"],
        identity_url=raw.get("id") or "",
        scope=raw.get("scope") or "",
        issued_at=datetime.fromtimestamp(issued / 1000, tz=UTC),
    )


def _app_fields(app: AppCredentials) -> dict[str, str]:
    fields = {"client_id": app.client_id, "client_secret": app.client_secret}
    return {key: value for key, value in fields.items() if value}


def _post(login_url: str, endpoint: str, fields: Mapping[str, str]) -> requests.Response:
    url = f"{refuse_plain_http(login_url)}/services/oauth2/{endpoint}"
    return _send("POST", url, data=dict(fields), headers={"Accept": "application/json"})


def _send(method: str, url: str, **options: Any) -> requests.Response:
    # trust_env off would lose proxies; an auth that does nothing keeps a .netrc from replacing ours.
    try:
        answer = requests.request(
            method, url, timeout=_TIMEOUT, allow_redirects=False, auth=_unchanged, **options
        )
    except requests.RequestException as error:
        raise network_error(error, reads=True) from None
    if answer.status_code >= 300:
        raise_for(answer, reads=True)
    return answer


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _json(answer: requests.Response) -> dict[str, Any]:
    try:
        raw = answer.json()
    except requests.exceptions.JSONDecodeError:
        raw = None
    if not isinstance(raw, dict):
        raise lost_answer("UNREADABLE_ANSWER", "The answer isn't JSON", reads=True)
    return raw


def _signed(claims: Mapping[str, Any], private_key: str) -> str:
    try:
        key = serialization.load_pem_private_key(private_key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise NeedsPerson(
            code="invalid_client", message="The key is no unencrypted RSA private key in PEM form"
        )
    parts = [_base64url(json.dumps(part).encode()) for part in ({"alg": "RS256", "typ": "JWT"}, claims)]
    signature = key.sign(".".join(parts).encode(), padding.PKCS1v15(), hashes.SHA256())
    return ".".join([*parts, _base64url(signature)])


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _identity_part(identity_url: str, index: int) -> str:
    parts = identity_url.rstrip("/").split("/")
    try:
        return to18(parts[index])
    except (ValueError, IndexError):
        return ""
