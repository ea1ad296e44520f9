"""Connect a running sandbox org and pull from it, over real HTTP and headless, until the run has ended."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.db import transaction

from integrations.configuration.agreements import drop_outdated_agreements, outdate_agreements
from integrations.models import Connection, RecordLink, SyncRun
from integrations.salesforce.door import TIMEOUT
from integrations.salesforce.org import Org
from integrations.sync.connecting import App, connect_client_credentials
from integrations.sync.map_lock import change_maps
from integrations.sync.preparing import keep_prepared, prepare
from integrations.sync.pull.runs import start_first_pull, start_pull
from integrations.sync.pull.slices import work_on
from integrations.sync.push.drain import drain
from integrations.tests.sandbox_process import SandboxOrg
from integrations.tokens import ConnectionTokens

PATIENCE = timedelta(minutes=1)
NAP = 0.02  # seconds; a Bulk job of a test's size takes about one


class Clock:
    """The real time, but for the waits that were skipped; stopped, it goes on by those only."""

    def __init__(self) -> None:
        self.skipped = timedelta()
        self.stopped: datetime | None = None

    def __call__(self) -> datetime:
        return (self.stopped or datetime.now(UTC)) + self.skipped

    def stop(self) -> None:
        self.stopped = datetime.now(UTC)

    def skip_to(self, moment: datetime | None) -> None:
        if moment and moment > self():
            self.skipped += moment - self()


def door(connection: Connection, *, timeout: tuple[float, float] = TIMEOUT) -> Org:
    """The org's door with real tokens, which repeats failed calls without waiting."""
    return Org(ConnectionTokens(connection.pk), timeout=timeout, sleep=lambda seconds: None)


def connect(running: SandboxOrg, *, activated: bool = True) -> Connection:
    """Connected and prepared; the window is over unless `activated` is False."""
    now = datetime.now(UTC)
    app = App(running.url, running.client_id, running.client_secret)
    connection = connect_client_credentials(app, user=None, now=now)
    if activated:
        Connection.objects.filter(pk=connection.pk).update(activated_at=now)
        connection.refresh_from_db()
    org = door(connection)
    prepare(connection, org, now=now)
    org.close()
    SyncRun.objects.filter(connection=connection).delete()
    return connection


def start(
    connection: Connection,
    *,
    trigger: SyncRun.Trigger = SyncRun.Trigger.SCHEDULE,
    objects: Sequence[str] | None = None,
    full: bool = False,
) -> SyncRun:
    """A run that waits to be worked on."""
    now = datetime.now(UTC)
    return start_pull(connection=connection, trigger=trigger, objects=objects, full=full, now=now)


def pull(
    connection: Connection,
    *,
    trigger: SyncRun.Trigger = SyncRun.Trigger.SCHEDULE,
    full: bool = False,
    follow_schema: bool = True,
) -> SyncRun:
    """A whole pull, from its start to its end."""
    return finish(start(connection, trigger=trigger, full=full), follow_schema=follow_schema)


def first_pull(connection: Connection) -> SyncRun:
    """What follows turning syncing on."""
    return finish(start_first_pull(connection=connection, now=datetime.now(UTC)))


def slice_of(run: SyncRun, *, org: Org, clock: Clock | None = None, follow_schema: bool = True) -> bool:
    """One call of a worker; True when the run has ended."""
    clock = clock or Clock()
    prepare = keep_prepared(clock()) if follow_schema else None
    return work_on(run, org=org, clock=clock, seconds=60, prepare=prepare)


def finish(run: SyncRun, *, follow_schema: bool = True, patience: timedelta = PATIENCE) -> SyncRun:
    """Work on a run until it has ended, without waiting where it asks to wait."""
    clock = Clock()
    org = door(run.connection)
    give_up = datetime.now(UTC) + patience
    try:
        while not slice_of(run, org=org, clock=clock, follow_schema=follow_schema):
            run.refresh_from_db()
            if datetime.now(UTC) > give_up:
                raise AssertionError(f"The run doesn't end: {run.error or run.checkpoint}")
            clock.skip_to(run.lease_until)
            time.sleep(NAP)
    finally:
        org.close()
    run.refresh_from_db()
    return run


def counts(run: SyncRun, name: str) -> dict[str, int]:
    """What one object's part of a run counted, the zeros left out."""
    return {key: value for key, value in run.children.get(object=name).counts.items() if value}


def save_map(
    connection: Connection, name: str, field: str, *, reread: bool = True, dropped: bool = False
) -> None:
    """As it was, which drops what was agreed on the field all the same: at once, or when somebody compares next."""
    with transaction.atomic():
        change_maps()
        outdate_agreements(connection, name, [field], reread=reread)
    if dropped:
        drop_outdated_agreements()


def push(connection: Connection) -> None:
    """What is due now, in one worker."""
    org = door(connection)
    drain(connection, org, clock=Clock(), seconds=60)
    org.close()


def link_of(salesforce_id: str) -> RecordLink:
    return RecordLink.objects.get(salesforce_id=salesforce_id)
