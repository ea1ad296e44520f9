from typing import Any

import pytest
from django.db import transaction

from integrations.configuration import agreements, export_configuration, import_configuration
from integrations.configuration.agreements import drop_outdated_agreements
from integrations.configuration.tests.orgs import describe, field
from integrations.models import Connection, OutdatedAgreement, RecordLink, SyncedObject
from integrations.sync.map_lock import keep_maps
from integrations.tests.factories import NOW, connection
from integrations.tests.pull.live import save_map
from integrations.tests.pull.pulling import start_meanwhile

pytestmark = pytest.mark.django_db

TITLE = {"field": "title", "salesforce": "Title"}


@pytest.fixture
def org() -> Connection:
    live = connection()
    describe(live, "Contact", field("Title"), field("Role__c"), field("LeadSource", "picklist"))
    SyncedObject.objects.create(connection=live, name="Contact")
    import_configuration({"maps": {"Contact": [TITLE]}}, actor=None, now=NOW)
    SyncedObject.objects.update(read_again=False)
    for number in range(3):
        RecordLink.objects.create(
            connection=live,
            salesforce_object="Contact",
            salesforce_id=f"003{number:015}",
            kind="contact",
            record_id=number + 1,
            base={"Title": "CEO", "Phone": "1"},
        )
    return live


def save(**data: Any) -> None:
    import_configuration(data, actor=None, now=NOW)


def bases() -> list[Any]:
    return list(RecordLink.objects.order_by("id").values_list("base", flat=True))


@pytest.mark.usefixtures("org")
def test_pairing_a_field_anew_drops_what_was_agreed_and_reads_again() -> None:
    save(maps={"Contact": [{**TITLE, "salesforce": "Role__c"}]})

    assert bases() == [{"Phone": "1"}] * 3
    assert SyncedObject.objects.get().read_again


@pytest.mark.usefixtures("org")
def test_a_changed_rule_keeps_what_was_agreed() -> None:
    save(maps={"Contact": [{**TITLE, "conflict": "workspace"}]})

    assert bases()[0]["Title"] == "CEO"
    assert not SyncedObject.objects.get().read_again


@pytest.mark.usefixtures("org")
def test_a_changed_value_map_drops_the_field() -> None:
    RecordLink.objects.update(base={"LeadSource": "Web"})

    save(values={"Contact.LeadSource": {"Web": "Search"}})

    assert bases() == [{}] * 3


@pytest.mark.usefixtures("org")
def test_a_removed_row_needs_no_reading() -> None:
    save(maps={"Contact": []})

    assert bases() == [{"Phone": "1"}] * 3
    assert not SyncedObject.objects.get().read_again


@pytest.mark.usefixtures("org")
def test_saving_what_stands_drops_nothing() -> None:
    save(**export_configuration())

    assert bases()[0]["Title"] == "CEO"


def test_the_dropping_goes_on_where_it_was_stopped(org: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agreements, "BATCH", 1)
    save_map(org, "Contact", "Title", reread=False)

    assert not drop_outdated_agreements(seconds=0)
    assert [("Title" in base) for base in bases()] == [False, True, True]

    assert drop_outdated_agreements()
    assert bases() == [{"Phone": "1"}] * 3
    assert not OutdatedAgreement.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_was_agreed_while_the_dropping_waited_for_it_is_dropped_too(org: Connection) -> None:
    RecordLink.objects.update(base={"Phone": "1"})
    save_map(org, "Contact", "Title", reread=False)
    with transaction.atomic():
        RecordLink.objects.filter(record_id=1).update(base={"Phone": "1", "Title": "CEO"})
        other = start_meanwhile(drop_outdated_agreements)
    other.join()
    assert bases() == [{"Phone": "1"}] * 3


def test_what_an_ended_connection_has_left_to_drop_stops_nobody(org: Connection) -> None:
    save_map(org, "Contact", "Title", reread=False)
    Connection.objects.update(disconnected_at=NOW)
    assert drop_outdated_agreements()
    with transaction.atomic():
        keep_maps()
    assert OutdatedAgreement.objects.exists()
