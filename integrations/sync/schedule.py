"""Rows of django-celery-beat, upserted by name; what an operator changed in them stays.

Tasks are named, not imported: they call the processes, never the other way round.
"""

import json
from datetime import datetime, timedelta
from typing import Any

from django.utils.timezone import get_current_timezone_name
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask

from integrations.models import Connection, SyncSettings

TICK = "Lockstep: guard, every minute"
PULL = "Lockstep: pull from Salesforce"
CHECK = "Lockstep: check both sides, every night"
CHECK_AT = {"hour": "3", "minute": "17"}  # a quiet hour, beside the hour when everybody's jobs begin
END_OF_WINDOW = "Lockstep: end of the configuration window"


def keep_schedules(connection: Connection) -> None:
    """What a live connection needs to run: the tick, the pull, the check, the end of its window (spec B3, C2, C3)."""
    _ensure(TICK, "integrations.tasks.tick", queue="live", interval=_every(1))
    minutes = SyncSettings.current().pull_interval_minutes
    _ensure(PULL, "integrations.tasks.scheduled_pull", queue="pull", interval=_every(minutes))
    _enable(PULL, True)
    night, _ = CrontabSchedule.objects.get_or_create(**CHECK_AT, timezone=get_current_timezone_name())
    _ensure(CHECK, "integrations.tasks.nightly_check", queue="pull", crontab=night)
    _enable(CHECK, True)
    keep_end_of_window(connection)


def keep_end_of_window(connection: Connection) -> None:
    """One clocked task at the window's end, moved when that moves, gone once syncing is on."""
    if connection.window_ends_at is None or not connection.in_window:
        PeriodicTask.objects.filter(name=END_OF_WINDOW).delete()
        ClockedSchedule.objects.filter(periodictask=None).delete()
        return
    at, _ = ClockedSchedule.objects.get_or_create(clocked_time=connection.window_ends_at)
    PeriodicTask.objects.update_or_create(
        name=END_OF_WINDOW,
        defaults={
            "task": "integrations.tasks.end_window",
            "kwargs": json.dumps({"connection_id": connection.pk}),
            "clocked": at,
            "one_off": True,
            "enabled": True,
            "queue": "live",
        },
    )


def set_pull_interval(minutes: int) -> None:
    """The setting was changed: that overrules what stood in the schedule."""
    task = PeriodicTask.objects.filter(name=PULL).first()
    if task:
        task.interval = _every(minutes)
        task.save()


def stop_schedules() -> None:
    """A disconnect stops what moves data (A7); the tick goes on and finds nothing to do."""
    _enable(PULL, False)
    _enable(CHECK, False)
    PeriodicTask.objects.filter(name=END_OF_WINDOW).delete()


def next_pull() -> datetime | None:
    """When beat rings next for a pull; None where an operator has switched it off."""
    task = PeriodicTask.objects.select_related("interval").filter(name=PULL, enabled=True).first()
    if task is None or task.interval is None:
        return None
    began = task.last_run_at or task.date_changed
    return began + task.interval.schedule.run_every  # type: ignore[no-any-return]


def is_check_due(*, since: datetime, now: datetime) -> bool:
    """Whether the schedule has had a time for the check after `since`; never where an operator switched it off."""
    task = PeriodicTask.objects.filter(name=CHECK, enabled=True).first()
    if task is None:
        return False
    times = task.schedule
    times.nowfun = lambda: now
    return bool(times.remaining_estimate(since) <= timedelta())


def _ensure(name: str, task: str, *, queue: str, **when: IntervalSchedule | CrontabSchedule) -> None:
    """`when` is `interval` or `crontab`."""
    PeriodicTask.objects.get_or_create(name=name, defaults={"task": task, "queue": queue, **when})


def _enable(name: str, on: bool) -> None:
    for task in PeriodicTask.objects.filter(name=name).exclude(enabled=on):
        task.enabled = on
        task.save()


def _every(minutes: int) -> Any:
    return IntervalSchedule.objects.get_or_create(every=minutes, period=IntervalSchedule.MINUTES)[0]
