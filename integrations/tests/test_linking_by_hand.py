from datetime import timedelta
from typing import Any

import pytest

from crm.models import Contact
from crm.tests.factories import make_contact
from integrations.models import Connection, OutboxEntry, RecordLink, SyncedObject, SyncError
from integrations.sync.linking_by_hand import candidates, link_to
from integrations.sync.refusals import Refused
from integrations.tests.factories import NOW, connection

pytestmark = pytest.mark.django_db

THERE = "003000000000001AAA"
OTHER = "003000000000002AAA"
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def live() -> Connection:
    return connection()


@pytest.fixture
def person() -> Contact:
    return make_contact(first_name="Åsa", last_name="Öberg")


def duplicate(live: Connection, person: Contact, **values: Any) -> SyncError:
    facts: dict[str, Any] = {
        "code": "DUPLICATES_DETECTED",
        "existing_id": THERE,
        "existing_ids": [THERE, OTHER],
    }
    return SyncError.objects.create(
        connection=live, kind="contact", record_id=person.pk, salesforce_object="Contact", message="m",
        created_at=NOW, changed_at=NOW, **(facts | values),
    )  # fmt: skip


def link(live: Connection, record_id: int | None, salesforce_id: str = THERE, **values: Any) -> RecordLink:
    return RecordLink.objects.create(
        connection=live, salesforce_object="Contact", salesforce_id=salesforce_id, kind="contact",
        record_id=record_id, **values,
    )  # fmt: skip


def test_the_record_is_linked_with_nothing_agreed_yet(live: Connection, person: Contact) -> None:
    SyncedObject.objects.create(connection=live, name="Contact", linked=4, there=4)
    made = link_to(duplicate(live, person), THERE, now=LATER)
    assert (made.salesforce_object, made.record_id, made.state, made.base) == (
        "Contact",
        person.pk,
        "linked",
        {},
    )
    assert (SyncedObject.objects.get().linked, SyncedObject.objects.get().there) == (5, 5)


def test_what_a_pull_has_counted_there_is_not_counted_again(live: Connection, person: Contact) -> None:
    SyncedObject.objects.create(connection=live, name="Contact", linked=4, there=5)
    link(live, None, state="tombstone")
    link_to(duplicate(live, person), THERE, now=LATER)
    assert (SyncedObject.objects.get().linked, SyncedObject.objects.get().there) == (5, 5)


def test_the_row_goes_out_and_the_error_closes(live: Connection, person: Contact) -> None:
    OutboxEntry.objects.update(state="held")
    link_to(duplicate(live, person), OTHER, now=LATER)
    assert OutboxEntry.objects.get().state == "pending"
    assert SyncError.objects.get().state == "closed"


def test_a_lead_can_be_what_is_there(live: Connection, person: Contact) -> None:
    error = duplicate(live, person, existing_id="00Q000000000001AAA", existing_ids=[])
    assert link_to(error, "00Q000000000001AAA", now=LATER).salesforce_object == "Lead"


def test_a_salesforce_record_that_is_linked_is_refused_with_its_holder(
    live: Connection, person: Contact
) -> None:
    link(live, make_contact(first_name="Björn", last_name="Borg").pk)
    with pytest.raises(Refused, match="linked with Björn Borg here already"):
        link_to(duplicate(live, person), THERE, now=LATER)
    assert SyncError.objects.get().state == "open"


def test_a_record_that_is_linked_is_refused(live: Connection, person: Contact) -> None:
    link(live, person.pk, OTHER)
    with pytest.raises(Refused, match=f"Åsa Öberg is linked with {OTHER}"):
        link_to(duplicate(live, person), THERE, now=LATER)


def test_a_suppressed_lead_is_refused(live: Connection, person: Contact) -> None:
    link(live, None, state="suppressed", suppressed_by=OTHER)
    with pytest.raises(Refused, match=OTHER):
        link_to(duplicate(live, person), THERE, now=LATER)


@pytest.mark.parametrize("state", ["tombstone", "gone"])
def test_an_ended_link_is_taken_over(live: Connection, person: Contact, state: str) -> None:
    link(live, 999, state=state, base={"LastName": "Old"})
    assert link_to(duplicate(live, person), THERE, now=LATER).base == {}
    assert RecordLink.objects.get().record_id == person.pk


def test_a_record_that_was_deleted_here_is_refused(live: Connection, person: Contact) -> None:
    error = duplicate(live, person)
    person.delete()
    with pytest.raises(Refused, match="deleted here"):
        link_to(error, THERE, now=LATER)


def test_only_what_salesforce_named_can_be_linked(live: Connection, person: Contact) -> None:
    with pytest.raises(Refused, match="didn't name"):
        link_to(duplicate(live, person), "003000000000009AAA", now=LATER)


@pytest.mark.parametrize(
    ("values", "offered"),
    [
        ({}, [THERE, OTHER]),
        ({"code": "DUPLICATE_VALUE", "existing_ids": []}, [THERE]),
        ({"code": "SEVERAL_CANDIDATES"}, [THERE, OTHER]),
        ({"code": "STRING_TOO_LONG"}, []),
        ({"state": "closed"}, []),
        ({"existing_id": "001000000000001AAA", "existing_ids": []}, []),
    ],
)
def test_candidates_are_records_of_the_same_kind(
    live: Connection, person: Contact, values: dict[str, Any], offered: list[str]
) -> None:
    assert candidates(duplicate(live, person, **values)) == offered
