"""The tasks as a worker runs them: eagerly, against a running org."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone
from kombu.exceptions import OperationalError

from crm.models import Contact, Kind, PotentialDuplicate
from crm.roles import Role
from crm.tests.factories import make_contact, make_user
from integrations import tasks
from integrations.management.commands.listen import ring
from integrations.models import ApiAllowance, Connection, SyncRun, WaitingCount
from integrations.sync.connecting import connect_client_credentials
from integrations.tests.conftest import app_of, make_connection
from integrations.tests.sandbox_process import SandboxOrg


@pytest.fixture
def eager() -> Iterator[None]:
    tasks.tick.app.conf.update(task_always_eager=True, task_eager_propagates=True)
    yield
    tasks.tick.app.conf.update(task_always_eager=False, task_eager_propagates=False)


@pytest.mark.django_db(transaction=True)
def test_the_tick_alone_brings_a_connection_all_the_way(org_process: SandboxOrg, eager: None) -> None:
    """No message but the tick's is needed: prepared and read in the window, pulled after it."""
    connection = connect_client_credentials(app_of(org_process), user=None, now=timezone.now())
    tasks.tick()
    connection.refresh_from_db()
    assert connection.prepared_at
    assert SyncRun.objects.get(parent=None).kind == SyncRun.Kind.EXTRACT
    assert not Contact.objects.exists()
    Connection.objects.update(window_ends_at=timezone.now() - timedelta(seconds=1))
    tasks.tick()
    first = SyncRun.objects.filter(parent=None, kind=SyncRun.Kind.PULL).get()
    assert (first.trigger, first.state) == (SyncRun.Trigger.FIRST, SyncRun.State.SUCCEEDED)


@pytest.mark.django_db(transaction=True)
def test_a_scheduled_pull_runs_to_its_end(org_process: SandboxOrg, eager: None) -> None:
    connect_client_credentials(app_of(org_process), user=None, now=timezone.now())
    tasks.tick()
    Connection.objects.update(activated_at=timezone.now())
    tasks.tick()
    tasks.scheduled_pull()
    last = SyncRun.objects.filter(parent=None).latest("pk")
    assert (last.trigger, last.state) == (SyncRun.Trigger.SCHEDULE, SyncRun.State.SUCCEEDED)


@pytest.mark.django_db(transaction=True)
def test_at_the_daily_limit_nothing_is_asked(eager: None) -> None:
    now = timezone.now()
    connection = make_connection(connected_at=now, prepared_at=now, activated_at=now)
    ApiAllowance.objects.create(
        connection=connection, used=5, limit=5, seen_at=now, waits_until=now + timedelta(minutes=5)
    )
    tasks.scheduled_pull()
    assert SyncRun.objects.get(parent=None).state == SyncRun.State.WAITING


@pytest.mark.django_db(transaction=True)
def test_the_tick_mails_one_notice(eager: None) -> None:
    make_user(Role.ADMIN, email="ada@acme.example")
    make_connection(needs_sign_in_since=timezone.now())
    tasks.tick()
    tasks.tick()
    assert len(mail.outbox) == 1
    assert "Sign in again" in mail.outbox[0].body


def test_a_mail_server_that_is_down_costs_a_minute_not_the_notice(
    db: None, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    make_user(Role.ADMIN, email="ada@acme.example")
    connection = make_connection(needs_sign_in_since=timezone.now())
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    tasks.tick()
    connection.refresh_from_db()
    assert connection.sign_in_notice_at is None


@pytest.mark.django_db(transaction=True)
def test_the_doorbell_counts_what_waits(eager: None) -> None:
    make_connection()
    make_contact()
    ring()
    assert WaitingCount.objects.get(kind=Kind.CONTACT).rows == 1
    assert WaitingCount.objects.get(kind=Kind.DEAL).rows == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("wake", [ring, tasks.tick])
def test_edits_are_compared_with_a_connection_or_without(eager: None, wake: Callable[[], None]) -> None:
    for _ in range(2):
        make_contact(email="info@x.com")
    wake()
    assert PotentialDuplicate.objects.count() == 1


def test_an_unreachable_broker_doesnt_end_the_listening(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr(tasks.push_changes, "delay", refuse)
    ring()


@pytest.mark.django_db(transaction=True)
def test_a_lost_message_doesnt_fail_the_click(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr(tasks.tick, "apply_async", refuse)
    tasks.ring(tasks.tick)
