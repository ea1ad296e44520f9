"""A sign-in that succeeded, and which connection it belongs to (spec A6, A7).

To the live connection: the same org signs in again, another is refused. To an ended one of the same org:
it goes on, so that nothing is pulled twice. To none: a new connection, in place of another org only after
that org's name was typed.
"""

import contextlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from crm.models import User
from integrations.models import WINDOW, AuditEntry, Connection
from integrations.salesforce import oauth
from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.org import Org
from integrations.salesforce.schema import Identity, OrgInfo
from integrations.salesforce.tokens import StaticTokens
from integrations.sync import schedule
from integrations.sync.refusals import Refused


@dataclass(frozen=True)
class Arrival:
    """Who signed in to which org, how, and with what tokens."""

    org: OrgInfo
    who: Identity
    grant: oauth.Grant
    flow: str
    login_url: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    jwt_key: str = field(default="", repr=False)
    username: str = ""


class OtherOrg(Refused):
    """The org differs from the one before the disconnect: its name must be typed to go on (A7)."""

    def __init__(self, arrival: Arrival, before: Connection) -> None:
        super().__init__(
            f"Until now this workspace was connected to {before.org_name} ({before.org_id}). You signed in "
            f"to {arrival.org.name} ({arrival.org.id}). To connect that org instead, type its name."
        )
        self.arrival = arrival


def look_around(grant: oauth.Grant) -> tuple[OrgInfo, Identity]:
    """Which org the tokens open, and for whom. Raises SalesforceError."""
    org = Org(StaticTokens(grant.access_token, grant.instance_url))
    try:
        return org.organization(), oauth.identity(grant)
    finally:
        org.close()


def arrive(arrival: Arrival, *, user: User | None, now: datetime, confirmed_org: str = "") -> Connection:
    """Store the sign-in where it belongs. Raises Refused, also OtherOrg."""
    try:
        with transaction.atomic():
            connection = _place(arrival, user=user, now=now, confirmed_org=confirmed_org)
            schedule.keep_schedules(connection)
    except IntegrityError:
        raise Refused("Someone else connected Salesforce just now. Reload the page.") from None
    except OtherOrg:
        raise
    except Refused:
        forget(arrival)
        raise
    return connection


def forget(arrival: Arrival) -> None:
    """Hand back the tokens of a sign-in that isn't used; whether Salesforce hears it doesn't matter."""
    with contextlib.suppress(SalesforceError):
        oauth.revoke(arrival.login_url, arrival.grant.refresh_token or arrival.grant.access_token)


def _place(arrival: Arrival, *, user: User | None, now: datetime, confirmed_org: str) -> Connection:
    live = Connection.objects.live().select_for_update().first()
    if live:
        return _sign_in_again(live, arrival, user, now)
    ended = Connection.objects.order_by("-disconnected_at")
    last = ended.first()
    if last and last.org_id != arrival.org.id and not _same_name(confirmed_org, arrival.org.name):
        raise OtherOrg(arrival, last)
    connection = ended.filter(org_id=arrival.org.id).select_for_update().first()
    action = "connected again" if connection else "connected"
    connection = connection or Connection(connected_at=now)
    _open(connection, user, now)
    return _store(connection, arrival, user, now, action)


def _sign_in_again(live: Connection, arrival: Arrival, user: User | None, now: datetime) -> Connection:
    if live.org_id != arrival.org.id:
        raise Refused(
            f"You signed in to {arrival.org.name} ({arrival.org.id}), but this workspace is connected to "
            f"{live.org_name} ({live.org_id}). Sign in to {live.org_name}, or disconnect it first."
        )
    if live.activated_at is None and live.window_is_over(now):
        live.activated_at = now  # the window ended while nobody was signed in (B3)
    return _store(live, arrival, user, now, "signed in again")


def _open(connection: Connection, user: User | None, now: datetime) -> None:
    """Begin the window (B1); what an ended connection knew of the org's state is asked again."""
    paid = settings.PLAN == "paid"
    connection.connected_by = user
    connection.connected_at = now
    connection.disconnected_at = None
    connection.window_ends_at = now + WINDOW if paid else None
    connection.activated_at = None if paid else now
    connection.prepared_at = None


def _store(
    connection: Connection, arrival: Arrival, user: User | None, now: datetime, action: str
) -> Connection:
    values: dict[str, Any] = {
        "login_url": arrival.login_url,
        "flow": arrival.flow,
        "client_id": arrival.client_id,
        "client_secret": arrival.client_secret,
        "jwt_key": arrival.jwt_key,
        "username": arrival.username,
        "access_token": arrival.grant.access_token,
        "refresh_token": arrival.grant.refresh_token or "",
        "token_version": connection.token_version + 1,
        "refreshing_until": None,
        "instance_url": arrival.grant.instance_url,
        "scope": arrival.grant.scope,
        "org_id": arrival.org.id,
        "org_name": arrival.org.name,
        "is_sandbox": arrival.org.is_sandbox,
        "sync_user_id": arrival.who.user_id,
        "sync_user_name": arrival.who.display_name,
        "sync_user_email": arrival.who.email,
        "needs_sign_in_since": None,
        "needs_sign_in_reason": "",
        "sign_in_notice_at": None,
    }
    for name, value in values.items():
        setattr(connection, name, value)
    connection.save()
    where = f"{arrival.org.name} ({arrival.org.id}) as {arrival.who.username}"
    AuditEntry.objects.create(
        at=now, actor=user, action=action, changes=[{"path": "connection", "from": None, "to": where}]
    )
    return connection


def _same_name(typed: str, name: str) -> bool:
    return typed.strip().casefold() == name.strip().casefold()
