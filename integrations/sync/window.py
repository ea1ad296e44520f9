"""The configuration window and the connection's switches (spec A7, A8, B1–B5). All are audited."""

import contextlib
from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from crm.models import User
from integrations.models import AuditEntry, Connection, ConnectionState, SyncRun
from integrations.salesforce import oauth
from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.hosts import HostRefused
from integrations.sync import schedule
from integrations.sync.pull.runs import OPEN
from integrations.sync.refusals import Refused
from integrations.sync.waking import wake_push


def live_connection(now: datetime) -> Connection:
    """The one that is connected. Raises Refused where there is none.

    A window that is over ends here too (B3): whoever makes a move doesn't wait for a tick, which there may be none
    of where only the command line is used.
    """
    end_due_windows(now)
    connection = Connection.objects.live().first()
    if connection is None:
        raise Refused("Salesforce isn't connected.")
    return connection


def activate(connection: Connection, *, user: User | None, now: datetime) -> None:
    """Start syncing now. Raises Refused."""
    _throw(connection, "started syncing", user, now, lambda: connection.activate(now))


def extend(connection: Connection, *, user: User | None, now: datetime) -> None:
    """Six hours more to configure. Raises Refused."""
    _throw(connection, "extended the window", user, now, lambda: connection.extend_window(now))


def pause(connection: Connection, *, user: User | None, now: datetime) -> None:
    """Nothing moves until resumed; the window's clock runs on. Raises Refused."""
    _throw(connection, "paused", user, now, lambda: connection.pause(now))


def resume(connection: Connection, *, user: User | None, now: datetime) -> None:
    """Ends a pause. Raises Refused."""
    _throw(connection, "resumed", user, now, connection.resume)


def set_read_only(connection: Connection, on: bool, *, user: User | None, now: datetime) -> None:
    """Pulls, but never writes to Salesforce. Raises Refused."""
    action = "made read only" if on else "ended read only"
    _throw(connection, action, user, now, lambda: connection.set_read_only(on))


def end_due_windows(now: datetime) -> list[Connection]:
    """Turns syncing on where the window is over, however late it is (B3); returns those turned on."""
    turned_on = []
    for connection in Connection.objects.window_due(now):
        before = connection.state
        with transaction.atomic():
            if connection.end_window_if_due(now):
                _audit(connection, "syncing turned itself on", None, now, before)
                schedule.keep_end_of_window(connection)
                turned_on.append(connection)
    return turned_on


def disconnect(connection: Connection, *, user: User | None, now: datetime) -> None:
    """Stops the schedules and ends the tokens; records, links and history stay. Raises Refused."""
    login_url, token = connection.login_url, connection.refresh_token or connection.access_token
    with transaction.atomic():
        before = connection.state
        connection.disconnect(now)
        # A connection that comes back has a window: what was applied before it must not go on inside it.
        SyncRun.objects.filter(connection=connection, state__in=OPEN).update(
            state=SyncRun.State.CANCELLED, finished_at=now, lease_until=None
        )
        _audit(connection, "disconnected", user, now, before)
        schedule.stop_schedules()
    # After the commit, as a token that Salesforce keeps for a while is better than one kept here for ever.
    if token:
        with contextlib.suppress(SalesforceError, HostRefused):
            oauth.revoke(login_url, token)


def _throw(
    connection: Connection, action: str, user: User | None, now: datetime, move: Callable[[], None]
) -> None:
    with transaction.atomic():
        before, ended = connection.state, connection.window_ends_at
        move()
        _audit(connection, action, user, now, before, ended)
        schedule.keep_end_of_window(connection)
        if connection.state == ConnectionState.ACTIVE:
            wake_push()


def _audit(
    connection: Connection,
    action: str,
    user: User | None,
    now: datetime,
    before: str,
    ended: datetime | None = None,
) -> None:
    """The action says what was done; `changes` holds only what is another value now."""
    changes: list[dict[str, str]] = []
    if before != connection.state:
        changes.append({"path": "connection.state", "from": str(before), "to": str(connection.state)})
    if connection.window_ends_at and ended and connection.window_ends_at != ended:
        moved = {"from": ended.isoformat(), "to": connection.window_ends_at.isoformat()}
        changes.append({"path": "connection.window_ends_at", **moved})
    AuditEntry.objects.create(at=now, actor=user, action=action, changes=changes)
