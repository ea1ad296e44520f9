from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database

from crm.tests.factories import make_contact
from integrations.models import Connection, OutboxEntry, SyncError
from integrations.sync import retrying
from integrations.sync.retrying import retry
from integrations.tests.factories import NOW, connection
from integrations.triggers import CHANNEL

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def live() -> Connection:
    return connection()


def error(live: Connection, record_id: int | None = 1, **values: Any) -> SyncError:
    facts = {"code": "STRING_TOO_LONG", "message": "too long", "created_at": NOW, "changed_at": NOW}
    return SyncError.objects.create(
        connection=live, kind="contact", record_id=record_id, **(facts | values)
    )  # fmt: skip


def row(record_id: int = 1, **values: Any) -> OutboxEntry:
    return OutboxEntry.objects.create(kind="contact", record_id=record_id, **values)


@pytest.mark.parametrize("state", ["held", "pending"])
def test_a_waiting_row_goes_out_at_once_whatever_the_settings_say(live: Connection, state: str) -> None:
    error(live)
    row(
        state=state,
        attempts=3,
        not_before=LATER + timedelta(hours=1),
        waits_for_kind="account",
        waits_for_id=7,
    )
    assert retry(SyncError.objects.all(), now=LATER) == 1
    entry = OutboxEntry.objects.get()
    assert (entry.state, entry.not_before, entry.manual, entry.attempts) == ("pending", LATER, True, 3)
    assert (entry.waits_for_kind, entry.waits_for_id) == ("", None)


def test_a_record_without_a_row_gets_one(live: Connection) -> None:
    error(live)
    retry(SyncError.objects.all(), now=LATER)
    entry = OutboxEntry.objects.get()
    assert (entry.kind, entry.record_id, entry.state, entry.manual) == ("contact", 1, "pending", True)


@pytest.mark.parametrize("state", ["in_flight", "unknown"])
def test_a_record_on_its_way_gets_no_second_row(live: Connection, state: str) -> None:
    error(live)
    row(state=state)
    retry(SyncError.objects.all(), now=LATER)
    assert OutboxEntry.objects.get().state == state


def test_its_errors_are_being_retried(live: Connection) -> None:
    error(live)
    error(live, 2)
    assert retry(SyncError.objects.filter(record_id=1), now=LATER) == 1
    assert SyncError.objects.get(record_id=1).state == "retrying"
    assert SyncError.objects.get(record_id=2).state == "open"


@pytest.mark.parametrize(
    "values",
    [
        {"source": "pull"},
        {"source": "connection"},
        {"state": "closed"},
        {"record_id": None, "source": "pull"},
    ],
)
def test_what_no_push_can_mend_is_passed_over(live: Connection, values: dict[str, Any]) -> None:
    before = error(live, **values).state
    assert retry(SyncError.objects.all(), now=LATER) == 0
    assert not OutboxEntry.objects.exists()
    assert SyncError.objects.get().state == before


def test_errors_of_an_org_that_was_left_are_passed_over() -> None:
    error(connection(disconnected_at=NOW))
    assert retry(SyncError.objects.all(), now=LATER) == 0


def test_many_are_retried_in_batches(live: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "BATCH", 2)
    for number in range(5):
        error(live, number)
    assert retry(SyncError.objects.all(), now=LATER) == 5
    assert OutboxEntry.objects.count() == 5


def test_a_limit_takes_the_newest(live: Connection) -> None:
    error(live, 1)
    error(live, 2, changed_at=LATER)
    assert retry(SyncError.objects.all(), now=LATER, most=1) == 1
    assert OutboxEntry.objects.get().record_id == 2


def test_retrying_leaves_other_records_alone(live: Connection) -> None:
    person = make_contact()
    OutboxEntry.objects.update(state="held")
    error(live, person.pk + 1)
    retry(SyncError.objects.all(), now=LATER)
    assert OutboxEntry.objects.get(record_id=person.pk).state == "held"


@pytest.mark.django_db(transaction=True)
def test_the_push_is_woken() -> None:
    error(connection())
    with database.cursor() as cursor:
        cursor.execute(f"LISTEN {CHANNEL}")
        retry(SyncError.objects.all(), now=LATER)
        heard = list(database.connection.notifies(timeout=5, stop_after=1))
        cursor.execute("UNLISTEN *")
    assert [note.channel for note in heard] == [CHANNEL]
