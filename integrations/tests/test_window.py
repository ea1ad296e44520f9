from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from crm.models import User
from integrations.configuration import import_configuration
from integrations.models import AuditEntry, Connection, ConnectionState, SyncRun
from integrations.sync import due, schedule, window
from integrations.sync.pull.runs import refuse_pull
from integrations.sync.refusals import Refused
from integrations.tests.conftest import NOON, make_connection

SIX = NOON + timedelta(hours=6)


def test_the_window_ends_by_itself(connection: Connection) -> None:
    assert window.end_due_windows(SIX - timedelta(seconds=1)) == []
    assert window.end_due_windows(SIX) == [connection]
    connection.refresh_from_db()
    assert connection.state == ConnectionState.ACTIVE


def test_a_window_that_nobody_looked_at_for_a_day_still_ends(connection: Connection) -> None:
    window.end_due_windows(SIX + timedelta(days=1))
    connection.refresh_from_db()
    assert connection.activated_at == SIX + timedelta(days=1)


def test_a_move_after_the_window_finds_syncing_on_without_a_tick(connection: Connection, ada: User) -> None:
    found = window.live_connection(NOON + timedelta(hours=6))
    assert found.state == ConnectionState.ACTIVE
    with pytest.raises(Refused, match="no configuration window"):
        window.extend(found, user=ada, now=NOON + timedelta(hours=6))


def test_turning_itself_on_during_a_pause_is_audited_without_a_change_of_state(
    connection: Connection,
) -> None:
    window.pause(connection, user=None, now=NOON)
    window.end_due_windows(NOON + timedelta(hours=6))
    turned_on = AuditEntry.objects.get(action="syncing turned itself on")
    assert (connection.state, turned_on.changes) == ("paused", [])


def test_a_window_ends_once(connection: Connection) -> None:
    window.end_due_windows(SIX)
    assert window.end_due_windows(SIX) == []
    assert AuditEntry.objects.filter(action="syncing turned itself on").count() == 1


def test_the_clock_runs_on_during_a_pause_and_nothing_moves(connection: Connection) -> None:
    window.pause(connection, user=None, now=NOON)
    assert window.end_due_windows(SIX) == [connection]
    connection.refresh_from_db()
    assert connection.activated_at == SIX
    assert connection.state == ConnectionState.PAUSED


def test_starting_now_ends_the_window_and_is_audited(connection: Connection, ada: User) -> None:
    window.activate(connection, user=ada, now=NOON)
    entry = AuditEntry.objects.get()
    assert connection.state == ConnectionState.ACTIVE
    assert (entry.actor, entry.at, entry.changes[0]["to"]) == (ada, NOON, "active")


def test_extending_adds_six_hours_and_is_audited(connection: Connection, ada: User) -> None:
    window.extend(connection, user=ada, now=NOON)
    assert connection.window_ends_at == NOON + timedelta(hours=12)
    assert [change["path"] for change in AuditEntry.objects.get().changes] == ["connection.window_ends_at"]


def test_extending_moves_the_clocked_task(connection: Connection) -> None:
    schedule.keep_schedules(connection)
    window.extend(connection, user=None, now=NOON)
    task = PeriodicTask.objects.get(name=schedule.END_OF_WINDOW)
    assert task.one_off
    assert task.clocked.clocked_time == NOON + timedelta(hours=12)


def test_starting_now_takes_the_clocked_task_away(connection: Connection) -> None:
    schedule.keep_schedules(connection)
    window.activate(connection, user=None, now=NOON)
    assert not PeriodicTask.objects.filter(name=schedule.END_OF_WINDOW).exists()


ACTIVE = {"activated_at": NOON}
PAUSED = {"paused_at": NOON}
READ_ONLY = {"read_only": True}
SIGNED_OUT = {"needs_sign_in_since": NOON}


@pytest.mark.parametrize(
    ("state", "move", "said"),
    [
        (ACTIVE, lambda c: window.activate(c, user=None, now=NOON), "on already"),
        (SIGNED_OUT, lambda c: window.activate(c, user=None, now=NOON), "Sign in to Salesforce first"),
        (ACTIVE, lambda c: window.extend(c, user=None, now=NOON), "no configuration window"),
        (PAUSED, lambda c: window.pause(c, user=None, now=NOON), "paused already"),
        (ACTIVE, lambda c: window.resume(c, user=None, now=NOON), "isn't paused"),
        (READ_ONLY, lambda c: window.set_read_only(c, True, user=None, now=NOON), "read only already"),
        (ACTIVE, lambda c: window.set_read_only(c, False, user=None, now=NOON), "isn't read only"),
    ],
)
def test_moves_that_the_state_forbids_are_refused(
    db: None, state: dict[str, object], move: Callable[[Connection], None], said: str
) -> None:
    connection = make_connection(**state)
    with pytest.raises(Refused, match=said):
        move(connection)
    assert not AuditEntry.objects.exists()


def test_a_move_on_a_stale_copy_is_refused(connection: Connection) -> None:
    stale = Connection.objects.get()
    window.pause(connection, user=None, now=NOON)
    with pytest.raises(Refused, match="paused already"):
        window.pause(stale, user=None, now=NOON)


@pytest.mark.parametrize(
    ("state", "trigger", "said"),
    [
        ({}, SyncRun.Trigger.MANUAL, "still being set up"),
        (ACTIVE | PAUSED, SyncRun.Trigger.MANUAL, "paused"),
        (PAUSED, SyncRun.Trigger.SCHEDULE, "paused"),
        (ACTIVE | SIGNED_OUT, SyncRun.Trigger.SCHEDULE, "sign in"),
    ],
)
def test_pulls_that_may_not_start(
    db: None, state: dict[str, object], trigger: SyncRun.Trigger, said: str
) -> None:
    with pytest.raises(Refused, match=said):
        refuse_pull(connection=make_connection(**state), trigger=trigger)


def test_a_disconnect_stops_the_schedule_and_forgets_the_tokens(connection: Connection) -> None:
    schedule.keep_schedules(connection)
    window.disconnect(connection, user=None, now=NOON)
    connection.refresh_from_db()
    assert (connection.access_token, connection.refresh_token) == ("", "")
    assert not PeriodicTask.objects.get(name=schedule.PULL).enabled
    assert not PeriodicTask.objects.filter(name=schedule.END_OF_WINDOW).exists()


def test_a_disconnect_ends_the_runs_under_way(db: None) -> None:
    connection = make_connection(prepared_at=NOON, activated_at=NOON)
    due.start_scheduled_pull(NOON)
    window.disconnect(connection, user=None, now=NOON)
    assert set(SyncRun.objects.values_list("state", flat=True)) == {SyncRun.State.CANCELLED}


def test_an_operators_edit_of_the_schedule_is_kept(connection: Connection) -> None:
    schedule.keep_schedules(connection)
    PeriodicTask.objects.filter(name=schedule.PULL).update(priority=7)
    schedule.keep_schedules(connection)
    assert PeriodicTask.objects.get(name=schedule.PULL).priority == 7


def test_changing_the_setting_changes_the_schedule(connection: Connection) -> None:
    schedule.keep_schedules(connection)
    import_configuration({"settings": {"pull": {"interval_minutes": 5}}}, actor=None, now=NOON)
    assert PeriodicTask.objects.get(name=schedule.PULL).interval.every == 5


def test_the_first_pull_is_due_once_syncing_is_on(db: None) -> None:
    make_connection(prepared_at=NOON)
    assert due.start_first_pulls(NOON) == []
    Connection.objects.update(activated_at=NOON)
    (run,) = due.start_first_pulls(NOON)
    assert (run.kind, run.trigger) == (SyncRun.Kind.PULL, SyncRun.Trigger.FIRST)
    assert due.start_first_pulls(NOON) == []


def test_a_preparation_still_under_way_becomes_the_first_pull(db: None) -> None:
    make_connection(prepared_at=NOON)
    reading = due.start_scheduled_pull(NOON)
    Connection.objects.update(activated_at=NOON)
    (run,) = due.start_first_pulls(NOON)
    assert reading is not None
    assert run.pk == reading.pk
    assert run.kind == SyncRun.Kind.PULL


@pytest.mark.parametrize(
    ("state", "lease", "expected"),
    [
        ({}, None, 1),
        ({}, NOON - timedelta(seconds=1), 1),
        ({}, NOON + timedelta(minutes=1), 0),
        (PAUSED, None, 0),
        (SIGNED_OUT, None, 0),
    ],
)
def test_the_tick_wakes_runs_that_nobody_works_on(
    db: None, state: dict[str, object], lease: object, expected: int
) -> None:
    make_connection(prepared_at=NOON)
    due.start_scheduled_pull(NOON)
    SyncRun.objects.update(lease_until=lease)
    Connection.objects.update(**state)
    assert len(due.to_work_on(NOON)) == expected


@pytest.mark.parametrize(
    ("fence", "lease", "used_up", "expected"),
    [
        (1, None, True, 0),
        (1, None, False, None),
        (1, NOON + timedelta(seconds=2), False, 2),
        (1, NOON + timedelta(minutes=10), False, None),
        (0, NOON + timedelta(seconds=50), False, None),
    ],
    ids=["time used up", "stopped by a wall", "Salesforce works", "a long wait", "another holds it"],
)
def test_when_a_run_goes_on(
    db: None, fence: int, lease: datetime | None, used_up: bool, expected: float | None
) -> None:
    make_connection(prepared_at=NOON)
    run = due.start_scheduled_pull(NOON)
    assert run is not None
    SyncRun.objects.filter(pk=run.pk).update(fence=fence, lease_until=lease)
    run.refresh_from_db()
    assert due.next_slice(run, fence=0, used_up=used_up, now=NOON) == expected


NIGHT = datetime(2026, 3, 3, 3, 17, tzinfo=UTC)
LATER = NIGHT + timedelta(minutes=5)


@pytest.fixture
def syncing(db: None) -> Connection:
    connection = make_connection(prepared_at=NOON, activated_at=NOON)
    schedule.keep_schedules(connection)
    return connection


def close_runs() -> None:
    SyncRun.objects.update(state=SyncRun.State.SUCCEEDED)


def test_a_check_that_found_a_pull_open_at_its_minute_is_made_up_for(syncing: Connection) -> None:
    due.start_scheduled_pull(NIGHT - timedelta(minutes=1))
    assert due.start_nightly_check(NIGHT) is None
    close_runs()
    run = due.start_nightly_check(LATER)
    assert run is not None
    assert (run.kind, run.repairs) == (SyncRun.Kind.RECONCILE, True)


@pytest.mark.parametrize("ended", [SyncRun.State.SUCCEEDED, SyncRun.State.FAILED])
def test_each_night_has_one_check(syncing: Connection, ended: SyncRun.State) -> None:
    assert due.start_nightly_check(NIGHT - timedelta(seconds=1)) is None
    for night in (NIGHT, NIGHT + timedelta(days=1)):
        assert due.start_nightly_check(night)
        SyncRun.objects.update(state=ended)
        assert due.start_nightly_check(night + timedelta(hours=23)) is None


def test_a_check_that_is_due_goes_before_the_scheduled_pull(syncing: Connection) -> None:
    runs = []
    for _ in range(2):
        runs.append(due.start_scheduled_pull(LATER))
        close_runs()
    assert [run.kind for run in runs if run] == [SyncRun.Kind.RECONCILE, SyncRun.Kind.PULL]


def test_a_check_switched_off_in_the_schedule_is_not_made_up_for(syncing: Connection) -> None:
    PeriodicTask.objects.filter(name=schedule.CHECK).update(enabled=False)
    assert due.start_nightly_check(LATER) is None


def test_an_operators_other_time_for_the_check_holds(syncing: Connection) -> None:
    other, _ = CrontabSchedule.objects.get_or_create(hour="22", minute="0", timezone="UTC")
    PeriodicTask.objects.filter(name=schedule.CHECK).update(crontab=other)
    assert due.start_nightly_check(NOON.replace(hour=21)) is None
    assert due.start_nightly_check(NOON.replace(hour=22))


@pytest.mark.parametrize("state", [PAUSED, SIGNED_OUT, {"activated_at": None}])
def test_no_check_is_made_up_for_where_nothing_may_be_pulled(
    syncing: Connection, state: dict[str, object]
) -> None:
    Connection.objects.update(**state)
    assert due.start_nightly_check(LATER) is None
