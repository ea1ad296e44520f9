"""What is due now, asked by every tick: nothing depends on a message having arrived."""

from datetime import datetime

from django.db.models import Q, QuerySet

from integrations.models import ApiAllowance, Connection, ConnectionState, OutboxEntry, SyncRun
from integrations.sync import schedule, visibility
from integrations.sync.pull.runs import OPEN, start_check, start_first_pull, start_pull
from integrations.sync.push.claim import LEASE
from integrations.sync.push.drain import may_push
from integrations.sync.push.settle import release_children_of_settled
from integrations.sync.refusals import Refused

MOVING = (ConnectionState.CONFIGURING, ConnectionState.READ_ONLY, ConnectionState.ACTIVE)

LONGEST_WAIT = 60
"""Seconds; what waits longer is the tick's."""


def to_prepare() -> list[Connection]:
    """Connected, but the workspace isn't prepared: its task was lost, or failed."""
    unprepared = Connection.objects.live().filter(prepared_at=None)
    return [connection for connection in unprepared if connection.state in MOVING]


def to_show_or_hide() -> list[Connection]:
    """Connections with records that are not as visible as the settings say."""
    return [connection for connection in Connection.objects.live() if visibility.to_show_or_hide(connection)]


def start_first_pulls(now: datetime) -> list[SyncRun]:
    """Where syncing was turned on and nothing was pulled since, apply what the window staged (A4, B3)."""
    started = []
    for connection in Connection.objects.live().filter(
        activated_at__isnull=False, prepared_at__isnull=False, paused_at=None, needs_sign_in_since=None
    ):
        if _pulled_since_activation(connection):
            continue
        try:
            started.append(start_first_pull(connection=connection, now=now))
        except Refused:
            continue  # a run ended or began between the two looks: the next tick sees it
    return started


def start_scheduled_pull(now: datetime) -> SyncRun | None:
    """None where nothing may move, the workspace isn't prepared, or a run is open, which then goes on.

    A check that is due goes first: between pulls that fill their interval it would find no room.
    """
    connection = _prepared()
    if connection is None:
        return None
    try:
        return start_nightly_check(now) or start_pull(
            connection=connection, trigger=SyncRun.Trigger.SCHEDULE, now=now
        )
    except Refused:
        return None


def start_nightly_check(now: datetime) -> SyncRun | None:
    """Compare both sides and repair (C3), once for each time in the schedule, however late.

    None where it was done, nothing may move, or a run is open: then the next tick asks again.
    """
    connection = _prepared()
    if connection is None or connection.activated_at is None:
        return None
    checks = SyncRun.objects.filter(
        connection=connection, parent=None, kind=SyncRun.Kind.RECONCILE, repairs=True
    )
    last = checks.order_by("-pk").values_list("created_at", flat=True).first()
    since = max(last or connection.activated_at, connection.activated_at)
    if not schedule.is_check_due(since=since, now=now):
        return None
    try:
        return start_check(connection=connection, trigger=SyncRun.Trigger.SCHEDULE, repairs=True, now=now)
    except Refused:
        return None


def _prepared() -> Connection | None:
    return Connection.objects.live().exclude(prepared_at=None).first()


def to_push(now: datetime) -> list[Connection]:
    """Connections whose outbox has something due, rows of a worker that died, or children left behind: the sweep."""
    release_children_of_settled(now=now)
    state = OutboxEntry.State
    due = Q(state__in=[state.PENDING, state.UNKNOWN], not_before__lte=now) | Q(
        state=state.IN_FLIGHT, claimed_at__lt=now - LEASE
    )
    if not OutboxEntry.objects.filter(due).exists():
        return []
    return [connection for connection in Connection.objects.live() if may_push(connection, now)]


def to_work_on(now: datetime) -> list[SyncRun]:
    """Open runs that nobody holds, of connections that may move."""
    runs = _takeable(now).select_related("connection")
    return [run for run in runs if may_work(run.connection, now)]


def may_work(connection: Connection, now: datetime) -> bool:
    """Not while paused, signed out, or at the org's daily limit."""
    allowance = ApiAllowance.objects.filter(connection=connection).first()
    return connection.state in MOVING and not (allowance and allowance.waiting(now))


def next_slice(run: SyncRun, *, fence: int, used_up: bool, now: datetime) -> float | None:
    """In how many seconds whoever worked on the run, whose fence was `fence` before, goes on with it.

    None leaves it to the tick, or to the worker that holds it: two chains of messages for one run would
    wake each other for ever, and a slice that stopped early without a reason to wait may meet the same wall.
    """
    now_stored = SyncRun.objects.select_related("connection").get(pk=run.pk)
    worked = now_stored.fence > fence and now_stored.fence == run.fence
    if not worked or now_stored.state not in OPEN or not may_work(now_stored.connection, now):
        return None
    if now_stored.lease_until is None:
        return 0 if used_up else None
    wait = max((now_stored.lease_until - now).total_seconds(), 0)
    return wait if wait < LONGEST_WAIT else None


def _takeable(now: datetime) -> QuerySet[SyncRun]:
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    return SyncRun.objects.filter(free, parent=None, state__in=OPEN)


def _pulled_since_activation(connection: Connection) -> bool:
    return SyncRun.objects.filter(
        connection=connection,
        parent=None,
        kind=SyncRun.Kind.PULL,
        created_at__gte=connection.connected_at,
    ).exists()
