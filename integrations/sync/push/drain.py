"""Pushing what is due, until nothing is: what a task, a command or a test calls."""

from dataclasses import replace
from datetime import datetime, timedelta

from django.db import DataError
from django.db.models import Min, Q

from integrations.configuration.agreements import drop_outdated_agreements
from integrations.failpoints import reach
from integrations.models import ApiAllowance, Connection, ConnectionState, OutboxEntry, SyncSettings
from integrations.salesforce.errors import SalesforceError, SignInNeeded
from integrations.salesforce.org import Org
from integrations.sync import push_errors
from integrations.sync.map_lock import MapChanged
from integrations.sync.push import outcomes, settle
from integrations.sync.push.claim import MOST, Claim, claim, reap
from integrations.sync.push.compose import Composer, hold
from integrations.sync.push.outcomes import Blocked
from integrations.sync.push.plan import OBJECTS
from integrations.sync.push.sending import Sender
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
    try:
        while clock() < ends_at and rounds != 0 and _may_go_on(shift):
            # The sweep looks at all that is held, so it keeps no edit waiting.
            if not (_round(shift, most, ends_at) or settle.release_children_of_settled(now=clock())):
                break
            rounds = rounds - 1 if rounds is not None else None
    except Blocked as blocked:
        _stop(shift, blocked.error)
    return shift.tally


def _stop(shift: Shift, error: SalesforceError) -> None:
    """A session that is refused although it was just refreshed won't be cured by asking on (A6)."""
    if isinstance(error, SignInNeeded):
        shift.connection.require_sign_in(error.sentence, shift.clock())
    outcomes.note_limit(shift, error)


def _may_go_on(shift: Shift) -> bool:
    shift.connection.refresh_from_db()
    shift.settings = SyncSettings.current()
    return may_push(shift.connection, shift.clock())


def _round(shift: Shift, most: int, ends_at: datetime) -> bool:
    """Once through the edits, parents before children, then one step of a backfill; True where anything moved."""
    moved = reap(shift.clock()) > 0
    moved = resolve(shift) or moved
    for kind in OBJECTS:
        while _step(shift, kind, most, ends_at, live=True):
            moved = True
    return any(_step(shift, kind, most, ends_at, live=False) for kind in OBJECTS) or moved


def _step(shift: Shift, kind: str, most: int, ends_at: datetime, *, live: bool) -> bool:
    """One claim, pushed; False where there was none, or no more time."""
    left = (ends_at - shift.clock()).total_seconds()
    if left <= 0 or not _may_go_on(shift):
        return False
    taken = claim(kind, live=live, now=shift.clock(), most=most)
    if taken.rows:
        reach("push.claimed")
        try:
            _push(shift, taken)
        except MapChanged:
            drop_outdated_agreements(seconds=left)
    return bool(taken.rows)


def _push(shift: Shift, taken: Claim) -> None:
    """One claim, to its end. Raises Blocked, MapChanged; whatever happens, no row is left behind as ours."""
    try:
        _push_rows(shift, taken)
    except SalesforceError as error:
        _give_back(shift, taken, error)
    except (Blocked, MapChanged):
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
    """The read failed, nothing was sent: these rows wait, all the others only if the org stands in the way."""
    now, blocks = shift.clock(), outcomes.stands_in_the_way(error)
    later = outcomes.when(error, max(row.attempts for row in taken.rows.values()), now)
    settle.give_back_unsent(taken.name, now=now, not_before=later, tried=not blocks)
    if blocks:
        raise Blocked(error) from error
    push_errors.record_all(
        shift.connection,
        kind=taken.kind,
        salesforce_object=OBJECTS[taken.kind][0],
        refusals=[
            push_errors.refusal(
                error,
                record_id=row.record_id,
                state=outcomes.state_after(error),
                attempts=row.attempts + 1,
            )
            for row in taken.rows.values()
        ],
        now=now,
    )


def next_due() -> datetime | None:
    """When the next row that waits for its time is due, or was; None where none waits for that."""
    waits = Q(state__in=[OutboxEntry.State.PENDING, OutboxEntry.State.UNKNOWN])
    found = OutboxEntry.objects.filter(waits).aggregate(soonest=Min("not_before"))["soonest"]
    return found if isinstance(found, datetime) else None
