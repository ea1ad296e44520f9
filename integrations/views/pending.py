"""What a sign-in needs while the browser is away, kept in the session on the server, encrypted, used once."""

import hmac
import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.contrib.sessions.backends.base import SessionBase

from integrations.encryption import decrypt, encrypt
from integrations.salesforce.oauth import Grant
from integrations.salesforce.schema import Identity, OrgInfo
from integrations.sync.arrivals import Arrival
from integrations.sync.connecting import App, PendingSignIn

_SIGN_IN = "salesforce_sign_in"
_ARRIVAL = "salesforce_arrival"


def keep_sign_in(session: SessionBase, pending: PendingSignIn) -> None:
    _keep(session, _SIGN_IN, asdict(pending))


def take_sign_in(session: SessionBase, state: str) -> PendingSignIn | None:
    """The sign-in that was begun; a second call with its `state` finds none.

    An answer to another one (a second tab's, a forged link's) leaves it in place, so that it can be finished.
    """
    raw = _look(session, _SIGN_IN)
    if raw is None:
        return None
    if hmac.compare_digest(raw["state"].encode(), state.encode()):
        del session[_SIGN_IN]
    moment = datetime.fromisoformat(raw.pop("expires_at"))
    return PendingSignIn(**(raw | {"app": App(**raw["app"]), "expires_at": moment}))


def keep_arrival(session: SessionBase, arrival: Arrival) -> None:
    """Signed in to another org: until its name is typed (A7)."""
    _keep(session, _ARRIVAL, asdict(arrival))


def take_arrival(session: SessionBase) -> Arrival | None:
    raw = _look(session, _ARRIVAL)
    if raw is None:
        return None
    del session[_ARRIVAL]
    grant = raw["grant"] | {"issued_at": datetime.fromisoformat(raw["grant"]["issued_at"])}
    parts = {"org": OrgInfo(**raw["org"]), "who": Identity(**raw["who"]), "grant": Grant(**grant)}
    return Arrival(**(raw | parts))


def _keep(session: SessionBase, key: str, value: dict[str, Any]) -> None:
    session[key] = encrypt(json.dumps(value, default=_iso))


def _look(session: SessionBase, key: str) -> dict[str, Any] | None:
    kept = session.get(key)
    return None if kept is None else dict(json.loads(decrypt(kept)))


def _iso(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} isn't kept in a session")
