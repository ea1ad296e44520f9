"""A pull and a push of the same records, one right after the other or at once."""

import pytest

from crm.models import Contact
from integrations.models import SyncRun
from integrations.tests.pull import live
from integrations.tests.pull.seller import Seller
from integrations.tests.push.pushing import Desk

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_pull_by_hand_right_after_a_push_sees_what_was_changed_there_since(
    desk: Desk, seller: Seller
) -> None:
    person = desk.create(Contact, last_name="Both", title="Ours")
    desk.push()
    seller.change("Contact", desk.link_of(person).salesforce_id, Title="Theirs")
    live.pull(desk.connection, trigger=SyncRun.Trigger.MANUAL)
    person.refresh_from_db()
    assert person.title == "Theirs"


def test_what_was_just_pulled_is_not_pushed(desk: Desk, seller: Seller) -> None:
    seller.create("Contact", LastName="Pulled", Title="There")
    live.pull(desk.connection)
    org = live.door(desk.connection)
    org.close()
    tally = desk.push()
    assert (tally.created, tally.updated) == (0, 0)


def test_what_salesforce_made_of_our_value_is_taken_and_not_sent_back(desk: Desk, seller: Seller) -> None:
    person = desk.create(Contact, last_name="Echo", title="Loud")
    desk.push()
    seller.change("Contact", desk.link_of(person).salesforce_id, Title="loud")
    live.pull(desk.connection, trigger=SyncRun.Trigger.MANUAL)
    assert desk.push().updated == 0
    person.refresh_from_db()
    assert person.title == "loud"
