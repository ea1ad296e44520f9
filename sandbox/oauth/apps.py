"""Registered client applications (External Client Apps) and their policies."""

import hmac
import json
from dataclasses import asdict, dataclass, field
from urllib.parse import urlsplit

from sandbox.ledger import Ledger
from sandbox.oauth.errors import OAuthError

ALL_SCOPES = ("api", "refresh_token", "offline_access", "id", "openid", "profile", "email", "web", "full")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class App:
    """`run_as` is the username for client credentials; `preauthorized` lets JWT sign anyone in unasked."""

    client_id: str
    client_secret: str = field(repr=False)
    name: str = "Client app"
    callbacks: tuple[str, ...] = ()
    any_loopback_callback: bool = False
    scopes: tuple[str, ...] = ("api", "refresh_token", "id", "openid")
    pkce_required: bool = False
    rotation: bool = False
    secret_required: bool = True
    run_as: str = ""
    certificate: str = ""
    preauthorized: bool = False

    def accepts_callback(self, address: str) -> bool:
        if address in self.callbacks:
            return True
        parts = urlsplit(address)
        return self.any_loopback_callback and parts.scheme == "http" and parts.hostname in _LOOPBACK

    def check_secret(self, secret: str | None, *, always: bool = False) -> None:
        """Raise `invalid_client` unless the secret is right, or absent where the app allows that."""
        if secret is None and not (self.secret_required or always):
            return
        if not hmac.compare_digest((secret or "").encode(), self.client_secret.encode()):
            raise OAuthError("invalid_client", "invalid client credentials")

    def grantable(self, asked: str) -> str:
        """The scopes to grant for the request's `scope`; all of the app's when it names none."""
        wanted = asked.split()
        if not wanted:
            return " ".join(self.scopes)
        allowed = {*self.scopes} | ({"offline_access"} if "refresh_token" in self.scopes else set())
        if "full" not in allowed and not set(wanted) <= allowed:
            raise OAuthError("invalid_scope", "the requested scope is not allowed")
        return " ".join(dict.fromkeys(wanted))


class Apps:
    def __init__(self, store: Ledger) -> None:
        self._store = store

    def get(self, client_id: str) -> App:
        """Raises OAuthError `invalid_client_id`."""
        row = self._store.one("SELECT body FROM oauth_app WHERE client_id = ?", client_id)
        if not row:
            raise OAuthError("invalid_client_id", "client identifier invalid")
        return _load(row["body"])

    def all(self) -> list[App]:
        return [
            _load(row["body"]) for row in self._store.run("SELECT body FROM oauth_app ORDER BY client_id")
        ]

    def save(self, app: App) -> None:
        body = json.dumps(asdict(app))
        self._store.run(
            "INSERT OR REPLACE INTO oauth_app (client_id, body) VALUES (?, ?)", app.client_id, body
        )

    def remove(self, client_id: str) -> None:
        self._store.run("DELETE FROM oauth_app WHERE client_id = ?", client_id)


def _load(body: str) -> App:
    raw = json.loads(body)
    for name in ("callbacks", "scopes"):
        raw[name] = tuple(raw[name])
    return App(**raw)
