"""Celery's side of the processes: each task loads, makes one call, and rings for what follows.

A message may get lost or come twice: rows are the truth, and the tick finds what nobody works on. Queues
stand in CELERY_TASK_ROUTES.
"""

import logging
from datetime import timedelta
from typing import Any

from celery import Task, shared_task
from django.db import transaction
from django.utils import timezone

from crm.matching import is_anything_waiting
from crm.tasks import compare_records
from integrations.models import Connection, SyncRun
from integrations.salesforce.errors import SalesforceError
from integrations.sync import due, notices, waiting, window
from integrations.sync.preparing import keep_prepared, prepare
from integrations.sync.pull.slices import work_on
from integrations.sync.push.alarm import set_alarm
from integrations.sync.push.drain import drain, may_push, next_due
from integrations.sync.reassigning import settle_moves
from integrations.sync.visibility import apply_visibility, to_show_or_hide
from integrations.tokens import open_org

SLICE_SECONDS = 100
PUSH_SECONDS = 60
MOVING_SECONDS = 10
SOON = timedelta(seconds=90)
LEAST = timedelta(seconds=1)
"""A row that is due and can't be taken belongs to another worker: no need to look without a pause."""
logger = logging.getLogger(__name__)


def ring(task: Task[Any, Any], *, after: float = 0, **ids: int) -> None:
    """Have a worker do it once the transaction is committed, `after` seconds later at the earliest.

    A broker that is gone costs a minute: the tick.
    """
    transaction.on_commit(lambda: task.apply_async(kwargs=ids, countdown=after), robust=True)


@shared_task(soft_time_limit=50, time_limit=60)
def tick() -> None:
    """The guard, every minute: ends windows, mails notices, starts what is due, wakes what nobody works on."""
    now = timezone.now()
    window.end_due_windows(now)
    notices.send_sign_in_notices(now)
    waiting.count_waiting(now)
    settle_moves(seconds=MOVING_SECONDS)
    for connection in due.to_prepare():
        ring(prepare_workspace, connection_id=connection.pk)
    for connection in due.to_show_or_hide():
        ring(show_or_hide, connection_id=connection.pk)
    due.start_first_pulls(now)
    due.start_nightly_check(now)
    for run in due.to_work_on(now):
        ring(pull_slice, run_id=run.pk)
    for connection in due.to_push(now):
        ring(push_changes, connection_id=connection.pk)
    if is_anything_waiting():
        ring(compare_records)


@shared_task(soft_time_limit=50, time_limit=60)
def end_window(*, connection_id: int) -> None:
    """The clock's end of the window; which window it was doesn't matter, as none ends before its time."""
    tick()


@shared_task(soft_time_limit=240, time_limit=300)
def show_or_hide(*, connection_id: int) -> None:
    """Make records as visible as the settings say (C1); cut off by the time limit, the tick rings again."""
    for connection in Connection.objects.live().filter(pk=connection_id):
        for name in to_show_or_hide(connection):
            apply_visibility(connection, name)


@shared_task(soft_time_limit=240, time_limit=300)
def prepare_workspace(*, connection_id: int) -> None:
    """After connecting (A4). A failure is tried again by the tick."""
    connection = Connection.objects.live().filter(pk=connection_id).first()
    if connection is None:
        return
    org = open_org(connection, feature="prepare")
    try:
        run = prepare(connection, org, now=timezone.now())
    except SalesforceError as error:
        logger.warning("The workspace can't be prepared yet: %s", error)
        return
    finally:
        org.close()
    if run:
        ring(pull_slice, run_id=run.pk)


@shared_task(soft_time_limit=60, time_limit=90)
def scheduled_pull() -> None:
    """Every 30 minutes, or as the setting says (C2)."""
    run = due.start_scheduled_pull(timezone.now())
    if run:
        ring(pull_slice, run_id=run.pk)


@shared_task(soft_time_limit=60, time_limit=90)
def nightly_check() -> None:
    """Compare all of both sides, and repair what differs (C3); where it can't now, the tick does it later."""
    run = due.start_nightly_check(timezone.now())
    if run:
        ring(pull_slice, run_id=run.pk)


@shared_task(soft_time_limit=240, time_limit=300)
def pull_slice(*, run_id: int) -> None:
    """A bounded piece of a run, then a message for the next one."""
    began = timezone.now()
    run = SyncRun.objects.select_related("connection").get(pk=run_id)
    if not due.may_work(run.connection, began):
        return
    fence = run.fence
    org = open_org(run.connection, feature="reconcile" if run.kind == SyncRun.Kind.RECONCILE else "pull")
    try:
        work_on(run, org=org, clock=timezone.now, seconds=SLICE_SECONDS, prepare=keep_prepared(began))
    finally:
        org.close()
    used_up = (timezone.now() - began).total_seconds() >= SLICE_SECONDS
    seconds = due.next_slice(run, fence=fence, used_up=used_up, now=timezone.now())
    if seconds is not None:
        ring(pull_slice, after=seconds, run_id=run_id)


@shared_task(soft_time_limit=240, time_limit=300)
def push_changes(*, connection_id: int) -> None:
    """What `listen` and the tick ring for: send what is due, and have a worker woken for what is due soon."""
    connection = Connection.objects.live().filter(pk=connection_id).first()
    if connection is None:
        return
    if may_push(connection, timezone.now()):
        org = open_org(connection, feature="push")
        try:
            drain(connection, org, clock=timezone.now, seconds=PUSH_SECONDS)
        finally:
            org.close()
        _wake_again(connection)
    waiting.keep_counted(timezone.now())


def _wake_again(connection: Connection) -> None:
    """At once where the time was over first, else when the next row's time comes; later than soon is the tick's."""
    due, now = next_due(), timezone.now()
    connection.refresh_from_db()
    if due is None or due > now + SOON or not may_push(connection, now):
        return
    at = max(due, now + LEAST)
    if set_alarm(connection, at, now=now):
        ring(push_changes, after=(at - now).total_seconds(), connection_id=connection.pk)
