"""Starting a pull, and how it ends."""

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from crm.models import User
from integrations.models import Connection, ConnectionState, SyncedObject, SyncRun, SyncSettings
from integrations.sync.pull.apply import no_counts
from integrations.sync.pull.role_plan import ROLE
from integrations.sync.refusals import Refused

PULL_ORDER = ("Account", "Contact", "Lead", "Opportunity")
"""Parents first, contacts before leads, so that a lead finds the contact that suppresses it (C4)."""
OPEN = (SyncRun.State.WAITING, SyncRun.State.RUNNING)

STANDSTILL = {
    ConnectionState.DISCONNECTED: "Salesforce is not connected.",
    ConnectionState.NEEDS_SIGN_IN: "Salesforce asks to sign in again before anything can be pulled.",
    ConnectionState.PAUSED: "Syncing is paused. Resume it to pull.",
}


def start_pull(
    *,
    connection: Connection,
    trigger: SyncRun.Trigger,
    now: datetime,
    objects: Sequence[str] | None = None,
    full: bool = False,
    user: User | None = None,
) -> SyncRun:
    """Record a run (a parent with one child an object) for someone to work on; send no message.

    While the window is open, a run only reads into staging (kind `extract`, A4); a manual one is refused.
    Raises Refused (window open, paused, needs sign-in, not connected, another run is open).
    """
    refuse_pull(connection=connection, trigger=trigger)
    wanted = _objects(objects)
    configuring = connection.activated_at is None
    kind = SyncRun.Kind.EXTRACT if configuring else SyncRun.Kind.PULL
    run = SyncRun(
        connection=connection, kind=kind, trigger=trigger, full=full, started_by=user, created_at=now
    )
    return _record(run, wanted)


def _record(run: SyncRun, names: Sequence[str]) -> SyncRun:
    try:
        with transaction.atomic():
            run.save()
            for name in names:
                _add_child(run, name)
    except IntegrityError as error:
        raise Refused(
            "A pull or a comparison is running already. Its progress is on the Salesforce page."
        ) from error
    return run


def start_check(
    *,
    connection: Connection,
    trigger: SyncRun.Trigger,
    now: datetime,
    repairs: bool,
    user: User | None = None,
) -> SyncRun:
    """Record a run that compares all of both sides (C3), and with `repairs` brings what is missing or different.

    Raises Refused like a pull, and while the window is open.
    """
    refuse_pull(connection=connection, trigger=SyncRun.Trigger.MANUAL)
    run = SyncRun(
        connection=connection,
        kind=SyncRun.Kind.RECONCILE,
        trigger=trigger,
        full=True,
        repairs=repairs,
        started_by=user,
        created_at=now,
    )
    return _record(run, _objects(None))


def refuse_pull(*, connection: Connection, trigger: SyncRun.Trigger) -> None:
    """Raise Refused where a pull may not start now (A8, B2)."""
    if reason := STANDSTILL.get(connection.state):
        raise Refused(reason)
    if trigger == SyncRun.Trigger.MANUAL and connection.activated_at is None:
        raise Refused(
            "Syncing is still being set up, so nothing can be pulled by hand. “Start now” ends the time to set"
            " up; otherwise syncing turns itself on when it is over.",
            until=connection.window_ends_at,
        )


def start_first_pull(*, connection: Connection, now: datetime, user: User | None = None) -> SyncRun:
    """Syncing was turned on: apply what is staged. A preparation that still runs becomes that pull.

    Raises Refused like `start_pull`.
    """
    with transaction.atomic():
        run = open_run(connection)
        if run is None:
            return start_pull(connection=connection, trigger=SyncRun.Trigger.FIRST, now=now, user=user)
        run = SyncRun.objects.select_for_update().get(pk=run.pk)
        if run.state not in OPEN:
            return start_pull(connection=connection, trigger=SyncRun.Trigger.FIRST, now=now, user=user)
        first = {"kind": SyncRun.Kind.PULL, "trigger": SyncRun.Trigger.FIRST}
        SyncRun.objects.filter(pk=run.pk).update(**first)
        run.children.update(**first)
        ended = run.children.exclude(state__in=OPEN)
        ended.update(
            state=SyncRun.State.WAITING, phase=SyncRun.Phase.EXTRACTING, checkpoint={}, finished_at=None
        )
    run.refresh_from_db()
    return run


def open_run(connection: Connection) -> SyncRun | None:
    """The parent run that waits or is worked on."""
    return SyncRun.objects.filter(connection=connection, parent=None, state__in=OPEN).first()


def _objects(objects: Sequence[str] | None) -> list[str]:
    """Deals bring their contact roles along."""
    if unknown := set(objects or ()) - set(PULL_ORDER):
        raise Refused(f"“{unknown.pop()}” isn't pulled. Choose among {', '.join(PULL_ORDER)}.")
    if objects is None:
        wanted = [name for name in PULL_ORDER if name != "Opportunity" or SyncSettings.current().pull_deals]
    else:
        wanted = [name for name in PULL_ORDER if name in objects]
    return [*wanted, *([ROLE] if "Opportunity" in wanted else [])]


def _add_child(run: SyncRun, name: str) -> None:
    synced, _ = SyncedObject.objects.get_or_create(connection_id=run.connection_id, name=name)
    SyncRun.objects.create(
        connection_id=run.connection_id,
        parent=run,
        kind=run.kind,
        trigger=run.trigger,
        object=name,
        full=run.full,
        repairs=run.repairs,
        started_by=run.started_by,
        created_at=run.created_at,
        counts=no_counts(),
        watermark_before=watermark(synced),
    )


def watermark(synced: SyncedObject) -> list[str] | None:
    return [synced.watermark.isoformat(), synced.watermark_id] if synced.watermark else None
