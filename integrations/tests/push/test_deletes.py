"""Deleted here (spec C8): deleted there where deletion sync is on, a tombstone where it is off."""

import pytest

from crm import journal
from crm.models import Account, Contact, ContactRole, Deal, DealStage
from integrations.models import OutboxEntry, RecordLink, SyncError, SyncSettings
from integrations.sync.retrying import retry
from integrations.tests.pull.live import pull
from integrations.tests.pull.seller import Seller
from integrations.tests.push.pushing import Desk

pytestmark = pytest.mark.django_db(transaction=True)


def live_there(seller: Seller, object_name: str, id: str) -> bool:
    return bool(seller.one(f"SELECT COUNT(Id) n FROM {object_name} WHERE Id = '{id}'")["n"])


@pytest.mark.parametrize(("sync", "state"), [(True, "gone"), (False, "tombstone")])
def test_a_delete_goes_out_only_with_deletion_sync(
    desk: Desk, seller: Seller, sync: bool, state: str
) -> None:
    SyncSettings.objects.update(contacts_delete_sync=sync)
    person = desk.create(Contact, last_name="Deleted")
    desk.push()
    id = desk.link_of(person).salesforce_id
    desk.delete(person)
    assert desk.push().deleted == int(sync)
    assert live_there(seller, "Contact", id) is not sync
    assert RecordLink.objects.get(salesforce_id=id).state == state
    assert not OutboxEntry.objects.exists()


def test_many_deletes_at_once_wait_for_a_yes(desk: Desk, seller: Seller) -> None:
    SyncSettings.objects.update(contacts_delete_sync=True)
    with journal.acting(None, "web"):
        people = Contact.objects.bulk_create(Contact(last_name=f"Mass {n}") for n in range(12))
    desk.push()
    ids = [desk.link_of(person).salesforce_id for person in people]
    with journal.acting(None, "web"):
        Contact.objects.filter(pk__in=[person.pk for person in people]).delete()
    tally = desk.push()
    assert (tally.deleted, tally.held) == (0, 12)
    retry(SyncError.objects.filter(code="MASS_DELETE"), now=desk.clock())
    assert desk.push().deleted == 12
    assert not any(live_there(seller, "Contact", id) for id in ids)


def test_what_is_gone_there_already_needs_no_delete(desk: Desk, seller: Seller) -> None:
    SyncSettings.objects.update(contacts_delete_sync=True)
    person = desk.create(Contact, last_name="Both gone")
    desk.push()
    seller.delete("Contact", desk.link_of(person).salesforce_id)
    desk.delete(person)
    assert desk.push().deleted == 1
    assert not SyncError.objects.exclude(state="closed").exists()


def test_an_edit_of_what_was_deleted_there_ends_the_link(desk: Desk, seller: Seller) -> None:
    person = desk.create(Contact, last_name="Gone there")
    desk.push()
    id = desk.link_of(person).salesforce_id
    seller.delete("Contact", id)
    desk.change(person, title="Too late")
    desk.push()
    assert RecordLink.objects.get(salesforce_id=id).state == "gone"
    assert SyncError.objects.get().state == "closed"
    assert not OutboxEntry.objects.exists()


def team(desk: Desk) -> tuple[Deal, Contact, ContactRole]:
    stage = DealStage.objects.filter(pipeline__locked=True).first()
    deal = desk.create(Deal, name="Team", close_date="2026-12-31", stage=stage)
    person = desk.create(Contact, last_name="Team")
    role = desk.create(ContactRole, deal=deal, contact=person, role="Decision Maker")
    desk.push_all()
    return deal, person, role


def test_a_role_taken_away_is_deleted_there(desk: Desk, seller: Seller) -> None:
    _, _, role = team(desk)
    id = desk.link_of(role).salesforce_id
    desk.delete(role)
    assert desk.push().deleted == 1
    assert not live_there(seller, "OpportunityContactRole", id)


def test_a_deal_left_there_keeps_its_roles(desk: Desk, seller: Seller) -> None:
    deal, _, role = team(desk)
    id = desk.link_of(role).salesforce_id
    desk.delete(deal)
    assert desk.push().deleted == 0
    assert live_there(seller, "OpportunityContactRole", id)


def test_a_role_is_edited_there(desk: Desk, seller: Seller) -> None:
    _, _, role = team(desk)
    with journal.acting(None, "web"):
        role.role = "Evaluator"
        role.save()
    assert desk.push().updated == 1
    id = desk.link_of(role).salesforce_id
    assert seller.one(f"SELECT Role FROM OpportunityContactRole WHERE Id = '{id}'")["Role"] == "Evaluator"


def test_a_role_of_what_isnt_there_waits_for_nobody_and_goes_with_it(desk: Desk) -> None:
    SyncSettings.objects.update(deals_push_new=False)
    deal, _, role = team(desk)
    assert not OutboxEntry.objects.exists()
    SyncSettings.objects.update(deals_push_new=True)
    desk.change(deal, name="Now it goes")
    desk.push_all()
    assert desk.link_of(role).base["OpportunityId"] == desk.link_of(deal).salesforce_id


def test_a_deleted_account_is_no_reason_to_wait(desk: Desk, seller: Seller) -> None:
    account = desk.create(Account, name="Gone Ltd")
    desk.push()
    seller.delete("Account", desk.link_of(account).salesforce_id)
    desk.change(account, phone="1")
    desk.push()
    desk.create(Contact, last_name="Alone", account=account)
    assert desk.push().created == 1


def test_a_deleted_person_doesnt_come_back_by_their_lead(desk: Desk, seller: Seller) -> None:
    person = desk.create(Contact, last_name="Two", email="two@deleted.example")
    desk.push_all()
    lead = seller.create("Lead", LastName="Two", Company="Ltd", Email="two@deleted.example")
    pull(desk.connection)
    assert RecordLink.objects.get(salesforce_id=lead).state == "suppressed"
    desk.delete(person)
    desk.push()
    seller.change("Lead", lead, Title="Boss")
    pull(desk.connection)
    assert RecordLink.objects.get(salesforce_id=lead).state == "tombstone"
    assert not Contact.objects.filter(email="two@deleted.example").exists()
