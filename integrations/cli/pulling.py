"""`pull`: in this process, with no worker needed; returns when it is applied."""

import time
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.utils import timezone

from integrations.cli.answers import Answer, Failed
from integrations.models import Connection, SyncRun
from integrations.salesforce.org import Org
from integrations.sync import window
from integrations.sync.preparing import keep_prepared, prepare
from integrations.sync.pull.runs import OPEN, PULL_ORDER, open_run, refuse_pull, start_pull
from integrations.sync.pull.slices import work_on
from integrations.sync.refusals import Refused
from integrations.tokens import open_org

SLICE_SECONDS = 60
LONGEST_NAP = 2.0
GIVE_UP = timedelta(minutes=15)
"""Longer than Salesforce's own longest wait, so that only a run that nobody can work on is given up."""


def add_pull(parser: ArgumentParser) -> None:
    parser.add_argument("--object", choices=PULL_ORDER, help="one object; all unless given")
    parser.add_argument("--full", action="store_true", help="read everything, not what changed")


def pull(options: dict[str, Any]) -> Answer:
    """Raises Refused (in the window, say), Failed, SalesforceError."""
    began = time.monotonic()
    connection = window.live_connection(timezone.now())
    refuse_pull(connection=connection, trigger=SyncRun.Trigger.MANUAL)
    org = open_org(connection, feature="pull")
    try:
        if connection.prepared_at is None:
            prepare(connection, org, now=timezone.now())
        run = _pull(connection, org, [options["object"]] if options["object"] else None, options["full"])
    finally:
        org.close()
    if run.state != SyncRun.State.SUCCEEDED:
        raise Failed(run.error or "The pull was cancelled.", run.error_code or "CANCELLED")
    return _answer(run, time.monotonic() - began)


def _pull(connection: Connection, org: Org, objects: list[str] | None, full: bool) -> SyncRun:
    """Joins an open pull that does what was asked; another is brought to its end first."""
    while True:
        run = open_run(connection)
        joined = run is not None and _does(run, objects, full)
        if run is None:
            try:
                run = start_pull(
                    connection=connection,
                    trigger=SyncRun.Trigger.MANUAL,
                    now=timezone.now(),
                    objects=objects,
                    full=full,
                )
            except Refused:
                if open_run(connection):
                    continue  # a worker began one between the two looks
                raise
            joined = True
        work_to_the_end(run, org)
        if joined:
            return run


def _does(run: SyncRun, objects: list[str] | None, full: bool) -> bool:
    covered = set(run.children.values_list("object", flat=True))
    wanted = set(objects) if objects else covered
    complete = objects is not None or len(covered) >= len(PULL_ORDER) - 1
    return run.kind == SyncRun.Kind.PULL and run.full >= full and wanted <= covered and complete


def work_to_the_end(run: SyncRun, org: Org) -> None:
    """Takes the same lease as a worker; interrupted, it hands the lease on, so that others go on at once."""
    try:
        _work(run, org)
    except KeyboardInterrupt:
        SyncRun.objects.filter(pk=run.pk, fence=run.fence, state__in=OPEN).update(lease_until=None)
        raise


def _work(run: SyncRun, org: Org) -> None:
    """Waits while another worker holds the run or Salesforce asks to wait."""
    waits_since = timezone.now()
    done = -1
    while not work_on(
        run, org=org, clock=timezone.now, seconds=SLICE_SECONDS, prepare=keep_prepared(timezone.now())
    ):
        run.refresh_from_db()
        _refuse_standstill(run)
        moved = run.children.count() and sum(run.children.values_list("done", flat=True))
        if moved != done:
            waits_since, done = timezone.now(), moved
        if timezone.now() - waits_since > GIVE_UP:
            raise Failed(run.error or "Another worker holds the pull and doesn't go on.", "TIMEOUT")
        time.sleep(_nap(run))
    run.refresh_from_db()


def _refuse_standstill(run: SyncRun) -> None:
    connection = Connection.objects.get(pk=run.connection_id)
    if run.state in OPEN:
        refuse_pull(connection=connection, trigger=SyncRun.Trigger.SCHEDULE)


def _nap(run: SyncRun) -> float:
    if run.lease_until is None:
        return 0.0
    return min(max((run.lease_until - timezone.now()).total_seconds(), 0.05), LONGEST_NAP)


def _answer(run: SyncRun, seconds: float) -> Answer:
    counts = {child.object: child.counts for child in run.children.order_by("pk")}
    lines = [
        f"{name}: {c.get('seen', 0)} seen, {c.get('created', 0)} created, {c.get('updated', 0)} updated, "
        f"{c.get('unchanged', 0)} unchanged, {c.get('suppressed', 0)} suppressed, "
        f"{c.get('rejected', 0)} rejected"
        for name, c in counts.items()
    ]
    lines.append(f"{run.api_calls} API calls, {seconds:.1f} s")
    data = {"run": run.pk, "objects": counts, "api_calls": run.api_calls, "seconds": round(seconds, 2)}
    return Answer("\n".join(lines), data)
