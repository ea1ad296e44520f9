"""An edit goes out, and what it was stands in Salesforce, once."""

import pytest

from crm.models import Account, Contact, ContactRole, Deal, DealStage
from integrations.models import OutboxEntry, SyncError
from integrations.tests.pull.seller import Seller
from integrations.tests.push.pushing import Desk

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_new_person_is_made_there_once(desk: Desk, seller: Seller) -> None:
    person = desk.create(Contact, first_name="Ann", last_name="Once", email="ann.once@acme.example")
    assert desk.push().created == 1
    assert desk.push().created == 0
    there = seller.one(
        f"SELECT FirstName, Email FROM Contact WHERE Id = '{desk.link_of(person).salesforce_id}'"
    )
    assert (there["FirstName"], there["Email"]) == ("Ann", "ann.once@acme.example")
    assert not OutboxEntry.objects.exists()


def test_an_edit_changes_only_its_field_there(desk: Desk, seller: Seller) -> None:
    person = desk.create(Contact, last_name="Edit", title="Buyer")
    desk.push()
    id = desk.link_of(person).salesforce_id
    seller.change("Contact", id, Department="Sales")
    desk.change(person, title="Head of buying")
    assert desk.push().updated == 1
    there = seller.one(f"SELECT Title, Department FROM Contact WHERE Id = '{id}'")
    assert (there["Title"], there["Department"]) == ("Head of buying", "Sales")


def test_a_person_takes_their_account_along_first(desk: Desk, seller: Seller) -> None:
    account = desk.create(Account, name="Parent Ltd")
    person = desk.create(Contact, last_name="Child", account=account)
    assert desk.push().created == 2
    there = seller.one(f"SELECT AccountId FROM Contact WHERE Id = '{desk.link_of(person).salesforce_id}'")
    assert there["AccountId"] == desk.link_of(account).salesforce_id


def test_what_salesforce_changed_meanwhile_wins_by_default(desk: Desk, seller: Seller) -> None:
    person = desk.create(Contact, last_name="Clash", title="Buyer")
    desk.push()
    seller.change("Contact", desk.link_of(person).salesforce_id, Title="Theirs")
    desk.change(person, title="Ours", phone="123")
    desk.push()
    person.refresh_from_db()
    assert person.title == "Theirs"
    there = seller.one(f"SELECT Title, Phone FROM Contact WHERE Id = '{desk.link_of(person).salesforce_id}'")
    assert (there["Title"], there["Phone"]) == ("Theirs", "123")


def test_a_refusal_is_held_with_its_reason_and_goes_out_once_mended(desk: Desk) -> None:
    person = desk.create(Contact, last_name="", first_name="Nameless")
    assert desk.push().failed == 1
    error = SyncError.objects.get(state="open")
    assert (error.code, OutboxEntry.objects.get().state) == ("REQUIRED_FIELD_MISSING", "held")
    desk.change(person, last_name="Named")
    assert desk.push().created == 1
    error.refresh_from_db()
    assert error.state == "closed"


def test_a_deal_and_its_role_go_out_together(desk: Desk, seller: Seller) -> None:
    person = desk.create(Contact, last_name="Role")
    stage = DealStage.objects.filter(pipeline__locked=True).first()
    deal = desk.create(Deal, name="Big", close_date="2026-12-31", stage=stage)
    role = desk.create(ContactRole, deal=deal, contact=person, role="Decision Maker")
    desk.push_all()
    there = seller.one(
        f"SELECT Role, OpportunityId FROM OpportunityContactRole WHERE Id = '{desk.link_of(role).salesforce_id}'"
    )
    assert there["OpportunityId"] == desk.link_of(deal).salesforce_id
