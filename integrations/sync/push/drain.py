"""Pushing what is due, until nothing is: what a task, a command or a test calls."""

from dataclasses import replace
from datetime import datetime, timedelta

from django.db import DataError
from django.db.models import Min, Q

from integrations.failpoints import reach
from integrations.models import ApiAllowance, Connection, ConnectionState, OutboxEntry
from integrations.salesforce.errors import SalesforceError, SignInNeeded, TryLater
from integrations.salesforce.org import Org
from integrations.sync.push import settle
from integrations.sync.push.claim import MOST, Claim, claim, reap
from integrations.sync.push.compose import Composer, hold
from integrations.sync.push.plan import OBJECTS
from integrations.sync.push.sending import Blocked, Sender
from integrations.sync.push.shift import Clock, Shift, Tally
from integrations.sync.push.standing import stands_of
from integrations.sync.push.unknown import resolve
from integrations.sync.refusals import Refused

UNFORESEEN = timedelta(minutes=1)
"""After a failure that nobody foresaw, its rows rest: the tick would only meet it again."""


def may_push(connection: Connection, now: datetime) -> bool:
    """Not in the window, paused, read only, signed out, or at the org's daily limit (spec B2, A8)."""
    allowance = ApiAllowance.objects.filter(connection=connection).first()
    return connection.state == ConnectionState.ACTIVE and not (allowance and allowance.waiting(now))


WHY_NOT = {
    ConnectionState.CONFIGURING: "Syncing isn't on yet: edits wait until it is.",
    ConnectionState.PAUSED: "Syncing is paused: edits wait until it is resumed.",
    ConnectionState.READ_ONLY: "The connection is read only: edits wait until that is switched off.",
    ConnectionState.NEEDS_SIGN_IN: "An admin has to sign in to Salesforce again first.",
    ConnectionState.DISCONNECTED: "Salesforce isn't connected.",
}


def refuse_push(connection: Connection) -> None:
    """Raises Refused where no push may leave, by hand or not (spec B2, A8)."""
    if reason := WHY_NOT.get(connection.state):
        until = connection.window_ends_at if connection.in_window else None
        raise Refused(reason, until=until)


def drain(
    connection: Connection,
    org: Org,
    *,
    clock: Clock,
    seconds: float,
    most: int = MOST,
    rounds: int | None = None,
) -> Tally:
    """Push until nothing is due, `seconds` are over, or Salesforce stands in the way. What is left stays.

    Any number of workers may do so at once. `rounds` bounds how often the outbox is gone through.
    """
    shift = Shift(connection, org, clock)
    ends_at = clock() + timedelta(seconds=seconds)
    settle.release_children_of_settled(now=clock())
    try:
        while clock() < ends_at and rounds != 0 and _may_go_on(shift) and _round(shift, most, ends_at):
            rounds = rounds - 1 if rounds is not None else None
    except Blocked:
        pass
    return shift.tally


def _may_go_on(shift: Shift) -> bool:
    shift.connection.refresh_from_db()
    return may_push(shift.connection, shift.clock())


def _round(shift: Shift, most: int, ends_at: datetime) -> bool:
    """Once through the outbox, parents before children; True where anything moved."""
    moved = reap(shift.clock()) > 0
    try:
        moved = resolve(shift) or moved
    except (TryLater, SignInNeeded) as error:
        raise Blocked(error) from error
    except SalesforceError:
        moved = False  # looked at again later; what waits goes out meanwhile
    for kind in OBJECTS:
        while shift.clock() < ends_at:
            taken = claim(kind, now=shift.clock(), most=most)
            if not taken.rows:
                break
            moved = True
            reach("push.claimed")
            _push(shift, taken)
            if not _may_go_on(shift):
                return False
    return moved


def _push(shift: Shift, taken: Claim) -> None:
    """One claim, to its end. Raises Blocked; whatever happens, no row is left behind as ours."""
    try:
        _push_rows(shift, taken)
    except SalesforceError as error:
        _give_back(shift, taken, error)
    except Blocked:
        raise
    except BaseException:
        settle.give_back_unsent(taken.name, now=shift.clock(), not_before=shift.clock() + UNFORESEEN)
        raise
    finally:
        settle.give_back_unsent(taken.name, now=shift.clock())


def _push_rows(shift: Shift, taken: Claim) -> None:
    """A value that PostgreSQL can't convert stops its own row only: it is found by halves."""
    try:
        ready = Composer(shift, taken).compose()
    except DataError as problem:
        rows = list(taken.rows.items())
        if len(rows) == 1:
            _hold_unusable(shift, taken, problem)
            return
        for half in (rows[: len(rows) // 2], rows[len(rows) // 2 :]):
            _push_rows(shift, replace(taken, rows=dict(half)))
        return
    reach("push.composed")
    Sender(shift, taken).send(ready)


def _hold_unusable(shift: Shift, taken: Claim, problem: DataError) -> None:
    what = str(problem).partition("\n")[0]
    message = f"{what}. Was a field's type changed in Salesforce? Check its map."
    stands = stands_of(taken, shift.connection.pk)
    for stand in stands:
        name = stand.object or OBJECTS[taken.kind][0]
        hold(shift, taken, name, [stand], "UNUSABLE_VALUE", message)


def _give_back(shift: Shift, taken: Claim, error: SalesforceError) -> None:
    """The read failed, nothing was sent."""
    now = shift.clock()
    later = (
        now + timedelta(seconds=error.after or 5)
        if isinstance(error, TryLater)
        else now + timedelta(minutes=1)
    )
    settle.give_back_unsent(taken.name, now=now, not_before=later)
    raise Blocked(error) from error


def next_due() -> datetime | None:
    """When the next row that waits for its time is due, or was; None where none waits for that."""
    waits = Q(state__in=[OutboxEntry.State.PENDING, OutboxEntry.State.UNKNOWN])
    found = OutboxEntry.objects.filter(waits).aggregate(soonest=Min("not_before"))["soonest"]
    return found if isinstance(found, datetime) else None
