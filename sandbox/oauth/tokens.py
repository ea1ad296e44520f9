"""Codes, sessions (access tokens) and refresh tokens, and how each of them dies.

A *family* is everything that descends from one consent: the refresh token, those it was rotated
into, and the sessions they yielded. Revoking or re-using one of its refresh tokens ends the family.
"""

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime

from sandbox.ledger import Ledger
from sandbox.oauth.errors import OAuthError

LIVE_REFRESH_TOKENS = 5
CODE_SECONDS = 15 * 60
DEFAULT_SESSION_SECONDS = 7200


@dataclass(frozen=True)
class Grant:
    """Who let which app do what."""

    client_id: str
    user_id: str
    scope: str

    @property
    def scopes(self) -> set[str]:
        return set(self.scope.split())

    @property
    def refreshable(self) -> bool:
        return bool(self.scopes & {"refresh_token", "offline_access"})

    @property
    def may_call_api(self) -> bool:
        return bool(self.scopes & {"api", "full"})


@dataclass(frozen=True)
class Code:
    grant: Grant
    redirect_uri: str
    challenge: str | None


class Tokens:
    def __init__(self, store: Ledger, org_id: str) -> None:
        self._store = store
        self._org_id = org_id

    def new_code(self, grant: Grant, *, redirect_uri: str, challenge: str | None, now: datetime) -> str:
        """A single-use code; it ends in `==`, as Salesforce's do, and so must be URL-encoded."""
        code = "aPrx" + base64.b64encode(secrets.token_bytes(46)).decode().replace("+", "_").replace("/", ".")
        self._store.run(
            "INSERT INTO oauth_code (code, client_id, user_id, redirect_uri, scope, challenge, expires_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(code, grant.client_id, grant.user_id, redirect_uri, grant.scope, challenge),
            now.timestamp() + CODE_SECONDS,
        )
        return code

    def redeem_code(self, code: str, *, client_id: str, now: datetime) -> Code:
        """Use it up, whatever becomes of the request. Raises OAuthError when unknown, used or too old."""
        with self._store.transaction():
            row = self._store.one(
                "SELECT * FROM oauth_code WHERE code = ? AND client_id = ?", code, client_id
            )
            self._store.run("UPDATE oauth_code SET used = 1 WHERE code = ?", code)
        if not row:
            raise OAuthError("invalid_grant", "invalid authorization code")
        if row["used"] or row["expires_at"] <= now.timestamp():
            raise OAuthError("invalid_grant", "expired authorization code")
        grant = Grant(row["client_id"], row["user_id"], row["scope"])
        return Code(grant, row["redirect_uri"], row["challenge"])

    def new_session(self, grant: Grant, *, family: str | None, now: datetime) -> str:
        token = f"{self._org_id[:15]}!AQ{secrets.token_urlsafe(70).replace('-', '.')}"
        lifetime = float(self._store.option("session_seconds", DEFAULT_SESSION_SECONDS))
        self._store.run(
            "INSERT INTO oauth_session (token, family, client_id, user_id, scope, expires_at, lifetime)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(token, family, grant.client_id, grant.user_id, grant.scope),
            *(now.timestamp() + lifetime, lifetime),
        )
        return token

    def session(self, token: str, *, now: datetime) -> Grant | None:
        """The live session's grant. A session used in the second half of its life is prolonged."""
        row = self._store.one("SELECT * FROM oauth_session WHERE token = ?", token)
        at = now.timestamp()
        if not row or row["expires_at"] <= at:
            return None
        if row["expires_at"] - at < row["lifetime"] / 2:
            until = at + row["lifetime"]
            self._store.run("UPDATE oauth_session SET expires_at = ? WHERE token = ?", until, token)
        return Grant(row["client_id"], row["user_id"], row["scope"])

    def new_refresh(self, grant: Grant, *, now: datetime, family: str | None = None) -> tuple[str, str]:
        """(token, family). Beyond five live ones for a user and app, the oldest is dropped."""
        token, family = f"5Aep861{secrets.token_urlsafe(58)}", family or secrets.token_hex(8)
        self._store.run(
            "INSERT INTO oauth_refresh (token, family, client_id, user_id, scope, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            *(token, family, grant.client_id, grant.user_id, grant.scope, now.timestamp()),
        )
        live = self._store.run(
            "SELECT family FROM oauth_refresh WHERE client_id = ? AND user_id = ? AND state = 'live'"
            " ORDER BY created_at DESC, rowid DESC",
            *(grant.client_id, grant.user_id),
        )
        for row in live[LIVE_REFRESH_TOKENS:]:
            self.end_family(row["family"])
        return token, family

    def use_refresh(
        self, token: str, *, client_id: str, rotate: bool, now: datetime
    ) -> tuple[Grant, str, str | None]:
        """(grant, family, new refresh token or None). A rotated-out token ends its whole family."""
        with self._store.transaction():
            row = self._store.one(
                "SELECT * FROM oauth_refresh WHERE token = ? AND client_id = ?", token, client_id
            )
            if row and row["state"] == "live":
                grant = Grant(row["client_id"], row["user_id"], row["scope"])
                successor = None
                if rotate:
                    self._store.run("UPDATE oauth_refresh SET state = 'rotated' WHERE token = ?", token)
                    successor, _ = self.new_refresh(grant, now=now, family=row["family"])
                return grant, row["family"], successor
            if row and row["state"] == "rotated":
                self.end_family(row["family"])
        raise OAuthError("invalid_grant", "expired access/refresh token")

    def revoke(self, token: str) -> bool:
        """End a session, or a refresh token with all its sessions. False when the token is unknown."""
        row = self._store.one("SELECT family FROM oauth_refresh WHERE token = ? AND state = 'live'", token)
        if row:
            self.end_family(row["family"])
            return True
        return bool(self._store.run("DELETE FROM oauth_session WHERE token = ? RETURNING token", token))

    def end_family(self, family: str) -> None:
        self._store.run("UPDATE oauth_refresh SET state = 'revoked' WHERE family = ?", family)
        self._store.run("DELETE FROM oauth_session WHERE family = ?", family)

    def end_user(self, user_id: str) -> None:
        """What deactivating a user does to what was granted in that user's name."""
        self._store.run("UPDATE oauth_refresh SET state = 'revoked' WHERE user_id = ?", user_id)
        self._store.run("DELETE FROM oauth_session WHERE user_id = ?", user_id)

    def expire_sessions(self) -> int:
        """End every access token; refresh tokens go on."""
        return len(self._store.run("DELETE FROM oauth_session RETURNING token"))

    def revoke_all(self) -> int:
        self.expire_sessions()
        return len(
            self._store.run("UPDATE oauth_refresh SET state = 'revoked' WHERE state = 'live' RETURNING 1")
        )

    def live_refresh(self, token: str) -> Grant | None:
        row = self._store.one("SELECT * FROM oauth_refresh WHERE token = ? AND state = 'live'", token)
        return Grant(row["client_id"], row["user_id"], row["scope"]) if row else None

    def approve(self, grant: Grant) -> None:
        self._store.run(
            "INSERT OR IGNORE INTO oauth_approval (client_id, user_id) VALUES (?, ?)",
            *(grant.client_id, grant.user_id),
        )

    def approved(self, client_id: str, user_id: str) -> bool:
        return bool(
            self._store.one(
                "SELECT 1 FROM oauth_approval WHERE client_id = ? AND user_id = ?", client_id, user_id
            )
        )
