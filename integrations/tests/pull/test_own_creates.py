"""A pull that sees what we have just created there, before its answer (spec C6)."""

from datetime import timedelta
from typing import Any

import pytest

from crm.journal import acting
from crm.models import Contact
from integrations.models import Connection, OutboxEntry, RecordLink, SyncedObject, SyncError
from integrations.sync.external_ids import FIELD
from integrations.tests import factories
from integrations.tests.factories import NOW, row, salesforce_id
from integrations.tests.pull.pulling import pull_rows

pytestmark = pytest.mark.django_db

US = salesforce_id("005", 9)
KEY = "5f0b6a4c-1d7e-5b1a-9a3e-1c2d3e4f5a6b"
ADA = {"LastName": "Lovelace", "FirstName": "Ada", "Email": "ada@acme.com"}


@pytest.fixture
def live() -> Connection:
    """Pulled before, so that nobody is matched by e-mail."""
    live = factories.connection(sync_user_id=US)
    factories.schemas(live)
    SyncedObject.objects.update(pulled_at=NOW)
    return live


@pytest.fixture
def keyed(live: Connection) -> Connection:
    """The org has our external-id field."""
    schema = live.schemas.get(name="Contact")
    schema.describe["fields"].append(factories.field(FIELD))
    schema.save()
    return live


def sent(state: str = "unknown", key: str | None = None, **values: Any) -> Contact:
    """A person made here whose create is on its way."""
    values = ADA | values
    with acting(None, "web"):
        ada = Contact.objects.create(
            last_name=values["LastName"], first_name=values["FirstName"], email=values["Email"]
        )
    payload = {"op": "create", "object": "Contact", "id": None, "key": key, "values": values}
    OutboxEntry.objects.filter(record_id=ada.pk).update(
        state=state, payload=payload | {"sent_at": NOW.isoformat()}
    )
    return ada


def there(number: int = 1, seconds: int = 1, **values: Any) -> dict[str, Any]:
    return row("Contact", number, NOW + timedelta(seconds=seconds), **({"CreatedById": US} | ADA | values))


def counted(live: Connection, rows: list[dict[str, Any]], **more: Any) -> dict[str, int]:
    """What became of the rows; that one looks like ours, too, is told elsewhere."""
    counts = pull_rows(live, "Contact", rows, **more).counts
    return {key: count for key, count in counts.items() if count and key not in ("seen", "duplicates")}


def test_a_lost_create_is_adopted_and_decided(live: Connection) -> None:
    ada = sent()
    when = {"created_at": NOW, "changed_at": NOW}
    live.errors.create(kind="contact", record_id=ada.pk, code="TIMEOUT", state="retrying", **when)
    assert counted(live, [there(Title="CTO")]) == {"updated": 1}
    link = RecordLink.objects.get()
    assert (link.state, link.record_id, link.salesforce_id) == ("linked", ada.pk, there()["Id"])
    assert list(Contact.objects.values_list("pk", "title")) == [(ada.pk, "CTO")]
    assert not OutboxEntry.objects.exists()
    assert SyncError.objects.get().state == "closed"
    assert SyncedObject.objects.get(name="Contact").linked == 1


def test_one_in_flight_is_linked_and_left_to_its_worker(live: Connection) -> None:
    ada = sent("in_flight")
    assert counted(live, [there()]) == {"stale": 1}
    assert (RecordLink.objects.get().record_id, RecordLink.objects.get().base) == (ada.pk, ADA)
    assert OutboxEntry.objects.get().state == "in_flight"


def test_what_either_side_changed_since_is_merged(live: Connection) -> None:
    sent()
    with acting(None, "web"):
        Contact.objects.update(first_name="Augusta")
    pull_rows(live, "Contact", [there(LastName="King")])
    assert Contact.objects.values_list("first_name", "last_name").get() == ("Augusta", "King")
    assert OutboxEntry.objects.get().state == "pending"


def test_one_deleted_there_at_once_is_known_to_be_gone(live: Connection) -> None:
    sent()
    assert counted(live, [there(IsDeleted=True)]) == {"deleted": 1}
    assert RecordLink.objects.get().state == "gone"


def test_twins_wait(live: Connection) -> None:
    sent()
    assert counted(live, [there(1), there(2)]) == {"stale": 2}
    assert (Contact.objects.count(), RecordLink.objects.count()) == (1, 0)


def test_the_cursor_stays_before_twins_that_wait(live: Connection) -> None:
    sent()
    run = pull_rows(live, "Contact", [there(1, seconds=1), there(2, seconds=2)])
    assert run.checkpoint["stale_from"] == (NOW + timedelta(seconds=1)).isoformat()


def test_twins_in_different_chunks_wait(live: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.sync.pull.apply.CHUNK_ROWS", 1)
    sent()
    assert counted(live, [there(1), there(2)]) == {"stale": 2}


def test_a_row_that_two_creates_claim_waits(live: Connection) -> None:
    sent()
    sent("in_flight")
    assert counted(live, [there()]) == {"stale": 1}


def test_one_whose_name_a_flow_altered_waits(live: Connection) -> None:
    sent()
    assert counted(live, [there(Email="a.lovelace@acme.com")]) == {"stale": 1}
    assert OutboxEntry.objects.get().state == "unknown"


@pytest.mark.parametrize(
    "row", [there(CreatedById=factories.SELLER), there(seconds=-3)], ids=["made by another", "older"]
)
def test_what_cannot_be_ours_is_pulled(live: Connection, row: dict[str, Any]) -> None:
    sent()
    assert counted(live, [row]) == {"created": 1}


@pytest.mark.parametrize("change", [{"state": "held"}, {"state": "pending"}, {"payload": None}])
def test_only_what_was_sent_and_not_decided_keeps_rows_waiting(
    live: Connection, change: dict[str, Any]
) -> None:
    sent("in_flight")
    OutboxEntry.objects.update(**change)
    assert counted(live, [there()]) == {"created": 1}


def test_once_all_are_decided_nothing_waits(live: Connection) -> None:
    sent()
    counts = counted(live, [there(1), there(2, Email="grace@acme.com")])
    assert (counts["created"], RecordLink.objects.count()) == (1, 2)


def test_our_key_finds_it_whatever_else_changed(keyed: Connection) -> None:
    ada = sent(key=KEY)
    pull_rows(
        keyed, "Contact", [there(Email="other@acme.com", CreatedById=factories.SELLER) | {FIELD: KEY.upper()}]
    )
    assert RecordLink.objects.get().record_id == ada.pk
    assert Contact.objects.get().email == "other@acme.com"


@pytest.mark.parametrize("key", [None, "another workspace's"])
def test_where_keys_are_in_use_a_row_without_ours_is_not_ours(keyed: Connection, key: str | None) -> None:
    sent(key=KEY)
    assert counted(keyed, [there() | {FIELD: key}]) == {"created": 1}


def test_a_create_from_before_the_field_existed_is_found_by_its_fields(keyed: Connection) -> None:
    ada = sent()
    pull_rows(keyed, "Contact", [there()])
    assert RecordLink.objects.get().record_id == ada.pk


def test_a_row_that_waited_is_taken_once_that_is_decided(live: Connection) -> None:
    ada = sent()
    pull_rows(live, "Contact", [there(1), there(2)])
    OutboxEntry.objects.update(state="held")
    assert counted(live, [there(1), there(2)]) == {"created": 2}
    assert Contact.objects.exclude(pk=ada.pk).count() == 2
