"""Connecting a Salesforce org: in the browser, or headless (spec A1, A2, A6, A7).

The browser goes to Salesforce between `begin` and `finish`; what must be remembered meanwhile is a
`PendingSignIn`, which the caller keeps on the server. All refusals are `Refused`, in words.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crm.models import User
from integrations.models import Connection
from integrations.salesforce import oauth
from integrations.salesforce.errors import NeedsPerson, SalesforceError, TryLater
from integrations.salesforce.hosts import HostRefused, login_host
from integrations.sync.arrivals import Arrival, arrive, look_around
from integrations.sync.refusals import Refused

SIGN_IN_TAKES = timedelta(minutes=10)
BEGIN_AGAIN = "Begin again from the Salesforce page."


@dataclass(frozen=True)
class App:
    """The registered External Client App, and the host at which to sign in, as an admin typed it."""

    login_url: str
    client_id: str
    client_secret: str = field(default="", repr=False)

    @property
    def credentials(self) -> oauth.AppCredentials:
        return oauth.AppCredentials(self.client_id, self.client_secret)


@dataclass(frozen=True)
class PendingSignIn:
    """A browser that is away at Salesforce. Works once, and not after `expires_at`."""

    app: App
    state: str
    verifier: str = field(repr=False)
    redirect_uri: str
    expires_at: datetime


def checked_app(*, login_url: str, client_id: str, client_secret: str) -> App:
    """What an admin typed, with the login host made out. Raises Refused (a plain http host, say)."""
    if not client_id.strip():
        raise Refused("Type the consumer key of the External Client App.")
    try:
        host = login_host(login_url)
    except HostRefused as error:
        raise Refused(str(error)) from None
    return App(login_url=host, client_id=client_id.strip(), client_secret=client_secret.strip())


def check_key_and_secret(app: App, *, redirect_uri: str) -> None:
    """Ask Salesforce whether it knows the key and takes the secret (A1). Raises Refused.

    A code that can't be right is exchanged: Salesforce looks at key and secret before the code.
    """
    try:
        oauth.exchange_code(
            app.login_url, app.credentials, code="test", verifier="test" * 12, redirect_uri=redirect_uri
        )
    except SalesforceError as error:
        if error.code == "invalid_grant":
            return
        raise refusal_of(error, app) from error


def begin(app: App, *, redirect_uri: str, now: datetime) -> tuple[str, PendingSignIn]:
    """The address to send the browser to, and what to remember until it comes back."""
    asked = oauth.authorization_url(app.login_url, app.credentials, redirect_uri=redirect_uri)
    pending = PendingSignIn(
        app=app,
        state=asked.state,
        verifier=asked.verifier,
        redirect_uri=redirect_uri,
        expires_at=now + SIGN_IN_TAKES,
    )
    return asked.url, pending


def finish(
    pending: PendingSignIn | None, returned: Mapping[str, str], *, user: User | None, now: datetime
) -> Connection:
    """The browser came back with `returned`, the callback's query. Raises Refused, also OtherOrg."""
    code = _code(pending, returned, now)
    if pending is None:
        raise AssertionError("_code refuses")
    app = pending.app
    try:
        grant = oauth.exchange_code(
            app.login_url,
            app.credentials,
            code=code,
            verifier=pending.verifier,
            redirect_uri=pending.redirect_uri,
        )
    except SalesforceError as error:
        raise refusal_of(error, app) from error
    if not grant.refresh_token:
        raise Refused(
            "Salesforce gave no refresh token. Add the scope refresh_token to the External Client App, then "
            "sign in again."
        )
    return arrive(_arrival(app, grant, Connection.Flow.WEB), user=user, now=now)


def connect_client_credentials(
    app: App, *, user: User | None, now: datetime, confirmed_org: str = ""
) -> Connection:
    """Signs in as the app's run-as user. Raises Refused."""
    try:
        grant = oauth.client_credentials(app.login_url, app.credentials)
    except SalesforceError as error:
        raise refusal_of(error, app) from error
    arrival = _arrival(app, grant, Connection.Flow.CLIENT_CREDENTIALS)
    return arrive(arrival, user=user, now=now, confirmed_org=confirmed_org)


def connect_jwt(
    app: App, *, username: str, private_key: str, user: User | None, now: datetime, confirmed_org: str = ""
) -> Connection:
    """Signs in `username` with the app's RSA key (PEM). Raises Refused."""
    try:
        grant = oauth.jwt_bearer(
            app.login_url, app.client_id, username=username, private_key=private_key, now=now
        )
    except SalesforceError as error:
        raise refusal_of(error, app) from error
    arrival = _arrival(app, grant, Connection.Flow.JWT, jwt_key=private_key, username=username)
    return arrive(arrival, user=user, now=now, confirmed_org=confirmed_org)


def refusal_of(error: SalesforceError, app: App) -> Refused:
    """A failed sign-in in words that name the remedy."""
    if isinstance(error, TryLater):
        return Refused(
            f"{app.login_url} doesn't answer as Salesforce does ({error.code}). Check the address."
        )
    # What the door itself found wrong, before asking, says more than the code it borrows.
    words = None if isinstance(error, NeedsPerson) and error.status is None else _WORDS.get(error.code)
    return Refused(words or f"{error.sentence} Salesforce said: {error}")


_WORDS = {
    "invalid_client_id": "Salesforce doesn't know this consumer key. Copy it again from the External Client "
    "App; a new app takes up to 10 minutes to be known.",
    "invalid_client": "Salesforce doesn't take this consumer secret for this key. Copy the secret again from "
    "the External Client App.",
    "redirect_uri_mismatch": "The callback address isn't registered in the External Client App. Copy it "
    "there exactly as shown here.",
    "invalid_grant": "Salesforce didn't accept the sign-in: the code was used already or is too old, or the "
    f"user may not use the app. {BEGIN_AGAIN}",
    "inactive_user": "This Salesforce user is inactive. Activate them in Salesforce, or use another user.",
    "API_DISABLED_FOR_ORG": "This Salesforce user may not use the API. Give them the permission “API "
    "Enabled” in their profile or a permission set, then sign in again.",
    "access_denied": "Access was denied in Salesforce, so nothing was connected. Sign in again and choose "
    "Allow.",
}


def _code(pending: PendingSignIn | None, returned: Mapping[str, str], now: datetime) -> str:
    """The authorization code of a browser that we sent away ourselves, not long ago."""
    if pending is None or not returned.get("state"):
        raise Refused(f"This sign-in wasn't begun here, or was finished already. {BEGIN_AGAIN}")
    if not hmac.compare_digest(pending.state.encode(), returned["state"].encode()):
        raise Refused(
            "The answer doesn't belong to the sign-in that was begun here (its state differs), so nothing "
            f"was connected. {BEGIN_AGAIN}"
        )
    if pending.expires_at < now:
        raise Refused(f"The sign-in took longer than 10 minutes. {BEGIN_AGAIN}")
    if error := returned.get("error"):
        said = returned.get("error_description") or error
        raise Refused(_WORDS.get(error) or f"Salesforce refused the sign-in: {said[:300]}")
    if not returned.get("code"):
        raise Refused(f"Salesforce sent no code. {BEGIN_AGAIN}")
    return returned["code"]


def _arrival(app: App, grant: oauth.Grant, flow: str, **facts: str) -> Arrival:
    try:
        org, who = look_around(grant)
    except SalesforceError as error:
        raise refusal_of(error, app) from error
    return Arrival(
        org=org,
        who=who,
        grant=grant,
        flow=flow,
        login_url=app.login_url,
        client_id=app.client_id,
        client_secret=app.client_secret,
        jwt_key=facts.get("jwt_key", ""),
        username=facts.get("username", ""),
    )


def sign_in_again(connection: Connection, *, user: User | None, now: datetime) -> Connection:
    """Headless, with what the connection was made with. Raises Refused."""
    app = App(connection.login_url, connection.client_id, connection.client_secret)
    if connection.flow == Connection.Flow.JWT:
        return connect_jwt(
            app, username=connection.username, private_key=connection.jwt_key, user=user, now=now
        )
    return connect_client_credentials(app, user=user, now=now)
