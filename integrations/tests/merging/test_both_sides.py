"""Every row of spec C9 against a running org: what is here, what is there, and that nothing moves by itself."""

from itertools import count
from typing import Any

import pytest

from crm.models import Account, Contact, ContactRole, Deal, DealStage, Record
from integrations.merging import bringing_back
from integrations.merging.here import merge_here
from integrations.models import RecordLink, SyncedObject, SyncRun, SyncSettings
from integrations.tests.pull import live
from integrations.tests.pull.seller import Seller
from integrations.tests.push.pushing import Desk
from integrations.tests.sandbox_process import SandboxOrg

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = {"contact": "last_name", "account": "name"}
NUMBERS = count(1)
"""The org is lived in by the tests before: names are new in each."""
MODELS = {"contact": Contact, "account": Account}


def merge(desk: Desk, loser: Record, survivor: Record, **more: Any) -> None:
    merge_here(
        kind=survivor.kind, survivor_id=survivor.pk, loser_id=loser.pk, user=None, now=desk.clock(), **more
    )
    survivor.refresh_from_db()
    loser.refresh_from_db()


def sent(desk: Desk) -> tuple[int, int, int]:
    tally = desk.push()
    return tally.created, tally.updated, tally.deleted


def pulled(desk: Desk, **more: Any) -> dict[str, dict[str, int]]:
    run = live.pull(desk.connection, trigger=SyncRun.Trigger.MANUAL, **more)
    return {child.object: child.counts for child in run.children.all()}


def there(seller: Seller, object_name: str, id: str, *fields: str) -> dict[str, Any]:
    """What the org shows of a live record, and none of one that is deleted."""
    found = seller.one(f"SELECT {', '.join(fields or ('Id',))} FROM {object_name} WHERE Id = '{id}'")
    return {field: found[field] for field in fields or ("Id",)}


def two(desk: Desk, kind: str) -> tuple[Any, Any, str, str]:
    """Two records in step, and their ids there."""
    loser, survivor = (
        desk.create(MODELS[kind], **{NAMES[kind]: f"{name} {next(NUMBERS)}"})
        for name in ("Loser", "Survivor")
    )
    desk.push()
    return loser, survivor, desk.link_of(loser).salesforce_id, desk.link_of(survivor).salesforce_id


@pytest.mark.parametrize(("kind", "name"), [("contact", "Contact"), ("account", "Account")])
def test_both_stay_in_salesforce_and_nothing_is_sent(
    desk: Desk, seller: Seller, kind: str, name: str
) -> None:
    loser, survivor, ended, kept = two(desk, kind)
    merge(desk, loser, survivor)
    assert sent(desk) == (0, 0, 0)
    assert there(seller, name, ended)
    assert there(seller, name, kept)
    assert RecordLink.objects.get(salesforce_id=ended).state == "tombstone"
    assert desk.link_of(survivor).salesforce_id == kept


def test_pulls_skip_the_tombstone_whatever_changes_there(desk: Desk, seller: Seller) -> None:
    loser, survivor, ended, _ = two(desk, "contact")
    merge(desk, loser, survivor)
    seller.change("Contact", ended, Title="Changed there", LastName="Renamed")
    for full in (False, True):
        pulled(desk, full=full)
    before = survivor.last_name
    survivor.refresh_from_db()
    assert (survivor.title, survivor.last_name) == ("", before)
    assert not Contact.objects.filter(title="Changed there").exists()
    assert RecordLink.objects.get(salesforce_id=ended).state == "tombstone"


def test_the_survivor_stays_in_step_both_ways(desk: Desk, seller: Seller) -> None:
    loser, survivor, _, kept = two(desk, "contact")
    merge(desk, loser, survivor)
    desk.change(survivor, title="Ours")
    assert sent(desk) == (0, 1, 0)
    seller.change("Contact", kept, Department="x", Phone="5551")
    pulled(desk)
    survivor.refresh_from_db()
    assert (survivor.phone, there(seller, "Contact", kept, "Title")) == ("5551", {"Title": "Ours"})


def test_chosen_values_are_sent_to_the_survivors_record(desk: Desk, seller: Seller) -> None:
    loser, survivor, ended, kept = two(desk, "contact")
    desk.change(loser, title="Chosen", phone="1")
    desk.push()
    merge(desk, loser, survivor, take=["title"])
    assert sent(desk) == (0, 1, 0)
    assert there(seller, "Contact", kept, "Title", "Phone") == {"Title": "Chosen", "Phone": None}
    assert there(seller, "Contact", ended, "Title") == {"Title": "Chosen"}


def test_a_survivor_that_wasnt_there_takes_over_the_losers_record(desk: Desk, seller: Seller) -> None:
    loser = desk.create(Contact, last_name="There", phone="1")
    desk.push()
    id = desk.link_of(loser).salesforce_id
    survivor = desk.create(Contact, last_name="Here")
    merge(desk, loser, survivor, take=["phone"])
    assert desk.link_of(survivor).salesforce_id == id
    assert sent(desk) == (0, 1, 0)
    assert there(seller, "Contact", id, "LastName", "Phone") == {"LastName": "Here", "Phone": "1"}


def test_neither_there_means_nothing_there(desk: Desk) -> None:
    desk.connection.refresh_from_db()
    loser, survivor = desk.create(Contact, last_name="One"), desk.create(Contact, last_name="Two")
    merge(desk, loser, survivor)
    assert sent(desk) == (1, 0, 0)  # the survivor alone, which waited as a new person
    assert not RecordLink.objects.filter(kind="contact", record_id=loser.pk).exists()


def test_a_merged_person_is_never_pushed_not_even_by_hand(desk: Desk) -> None:
    loser, survivor = desk.create(Contact, last_name="One"), desk.create(Contact, last_name="Two")
    merge(desk, loser, survivor)
    desk.push()
    desk.change(loser, title="Typed by SQL")
    assert sent(desk) == (0, 0, 0)
    assert not RecordLink.objects.filter(record_id=loser.pk, kind="contact").exists()


def test_people_moved_with_their_account_stay_where_they_are_there(desk: Desk, seller: Seller) -> None:
    loser, survivor, ended, _ = two(desk, "account")
    person = desk.create(Contact, last_name="Moved", account=loser)
    desk.push()
    id = desk.link_of(person).salesforce_id
    merge(desk, loser, survivor)
    person.refresh_from_db()
    assert (person.account_id, sent(desk)) == (survivor.pk, (0, 0, 0))
    desk.change(person, title="Edited since")
    assert sent(desk) == (0, 1, 0)
    assert there(seller, "Contact", id, "AccountId", "Title") == {"AccountId": ended, "Title": "Edited since"}


def test_what_salesforce_puts_into_the_merged_account_comes_to_the_survivor(
    desk: Desk, seller: Seller
) -> None:
    loser, survivor, ended, _ = two(desk, "account")
    merge(desk, loser, survivor)
    seller.create("Contact", LastName="Newcomer", AccountId=ended)
    pulled(desk)
    assert Contact.objects.get(last_name="Newcomer").account_id == survivor.pk


def test_a_merged_persons_roles_move_here_and_stay_there(desk: Desk, seller: Seller) -> None:
    loser, survivor, ended, _ = two(desk, "contact")
    stage = DealStage.objects.filter(pipeline__locked=True).first()
    deal = desk.create(Deal, name="Team", close_date="2026-12-31", stage=stage)
    role = desk.create(ContactRole, deal=deal, contact=loser, role="Decision Maker")
    desk.push_all()
    id = desk.link_of(role).salesforce_id
    merge(desk, loser, survivor)
    role.refresh_from_db()
    assert (role.contact_id, sent(desk)) == (survivor.pk, (0, 0, 0))
    assert there(seller, "OpportunityContactRole", id, "ContactId") == {"ContactId": ended}


def test_a_chain_of_merges_leaves_two_tombstones_of_the_last(desk: Desk) -> None:
    first, second, a, b = two(desk, "contact")
    third = desk.create(Contact, last_name="Third")
    desk.push()
    merge(desk, first, second)
    merge(desk, second, third)
    pulled(desk, full=True)
    ended = RecordLink.objects.filter(salesforce_id__in=[a, b])
    assert set(ended.values_list("state", "record_id")) == {("tombstone", third.pk)}


def test_a_survivor_deleted_there_leaves_the_tombstone_alone(desk: Desk, seller: Seller) -> None:
    loser, survivor, ended, kept = two(desk, "contact")
    merge(desk, loser, survivor)
    seller.delete("Contact", kept)
    pulled(desk)
    states = dict(RecordLink.objects.values_list("salesforce_id", "state"))
    assert (states[kept], states[ended]) == ("gone", "tombstone")


def test_a_lead_folded_into_its_contact_is_left_out_of_pulls(desk: Desk, seller: Seller) -> None:
    lead = seller.create("Lead", LastName="Same", Company="Acme", Email="same@acme.example")
    pulled(desk)
    person = Contact.objects.get(email="same@acme.example")
    contact = desk.create(Contact, last_name="Same", email="other@acme.example")
    desk.push()
    merge(desk, person, contact)
    seller.change("Lead", lead, Title="Changed")
    counts = pulled(desk)["Lead"]
    assert (counts["created"], counts["updated"]) == (0, 0)
    assert RecordLink.objects.get(salesforce_id=lead).record_id == contact.pk
    assert there(seller, "Lead", lead)


def test_the_counts_stay_true(desk: Desk) -> None:
    loser, survivor, _, _ = two(desk, "contact")
    merge(desk, loser, survivor)
    pulled(desk)
    linked = RecordLink.objects.filter(salesforce_object="Contact", state="linked").count()
    assert SyncedObject.objects.get(name="Contact").linked == linked


def bring_back(desk: Desk, *ids: str) -> int:
    links = RecordLink.objects.filter(salesforce_id__in=ids).values_list("pk", flat=True)
    return bringing_back.bring_back(list(links), user=None, now=desk.clock())


@pytest.mark.parametrize("trigger", [SyncRun.Trigger.SCHEDULE, SyncRun.Trigger.MANUAL])
def test_what_is_brought_back_is_a_new_person_with_the_next_pull(
    desk: Desk, seller: Seller, trigger: SyncRun.Trigger
) -> None:
    loser, survivor, ended, _ = two(desk, "contact")
    pulled(desk)
    merge(desk, loser, survivor)
    assert bring_back(desk, ended) == 1
    for _ in range(2):
        live.pull(desk.connection, trigger=trigger)
    link = RecordLink.objects.get(salesforce_id=ended)
    assert (link.state, link.reread, link.merged_record_id) == ("linked", False, None)
    assert link.record_id not in (loser.pk, survivor.pk)
    assert Contact.objects.filter(last_name=loser.last_name, merged_into=None).count() == 1
    assert sent(desk) == (0, 0, 0)
    seller.change("Contact", ended, Title="In step")
    pulled(desk)
    assert Contact.objects.get(pk=link.record_id or 0).title == "In step"


def test_asked_for_twice_it_comes_once(desk: Desk) -> None:
    loser, survivor, ended, _ = two(desk, "contact")
    merge(desk, loser, survivor)
    assert [bring_back(desk, ended), bring_back(desk, ended)] == [1, 0]
    pulled(desk)
    assert bring_back(desk, ended) == 0
    pulled(desk)
    assert Contact.objects.filter(last_name=loser.last_name, merged_into=None).count() == 1


def test_what_was_deleted_here_comes_back_too(desk: Desk) -> None:
    name = f"Deleted here {next(NUMBERS)}"
    person = desk.create(Contact, last_name=name)
    desk.push()
    id = desk.link_of(person).salesforce_id
    desk.delete(person)
    desk.push()
    pulled(desk)
    assert not Contact.objects.filter(last_name=name).exists()
    bring_back(desk, id)
    pulled(desk)
    assert desk.link_of(Contact.objects.get(last_name=name)).salesforce_id == id


def test_people_of_a_merged_account_are_its_again_when_it_comes_back(desk: Desk, seller: Seller) -> None:
    loser, survivor, ended, kept = two(desk, "account")
    person = desk.create(Contact, last_name="Moved", account=loser)
    moved_by_hand = desk.create(Contact, last_name="By hand", account=loser)
    desk.push()
    merge(desk, loser, survivor)
    other = desk.create(Account, name="Third Ltd")
    desk.change(moved_by_hand, account=other)
    desk.push_all()
    bring_back(desk, ended)
    desk.change(person, title="Edited before the pull")
    desk.push_all()
    pulled(desk)
    back = RecordLink.objects.get(salesforce_id=ended).record_id
    person.refresh_from_db()
    moved_by_hand.refresh_from_db()
    assert (person.account_id, moved_by_hand.account_id) == (back, other.pk)
    there_now = there(seller, "Contact", desk.link_of(person).salesforce_id, "AccountId", "Title")
    assert there_now == {"AccountId": ended, "Title": "Edited before the pull"}
    assert survivor.pk != back


def test_what_was_deleted_there_meanwhile_doesnt_come(desk: Desk, seller: Seller) -> None:
    loser, survivor, ended, _ = two(desk, "contact")
    merge(desk, loser, survivor)
    seller.delete("Contact", ended)
    bring_back(desk, ended)
    pulled(desk)
    assert RecordLink.objects.get(salesforce_id=ended).state == "gone"
    assert not Contact.objects.filter(last_name=loser.last_name, merged_into=None).exists()


@pytest.mark.parametrize("sync", [True, False])
def test_merged_there_too_the_other_way_round_the_survivor_stays_in_step_with_merge_sync(
    desk: Desk, seller: Seller, org: SandboxOrg, sync: bool
) -> None:
    SyncSettings.objects.update(contacts_merge_sync=sync)
    loser, survivor, ended, kept = two(desk, "contact")
    merge(desk, loser, survivor)
    desk.change(survivor, title="Edited")
    desk.push()
    org.control("POST", f"/records/Contact/{ended}/merge", {"losers": [kept]})
    seller.change("Contact", ended, Phone="5552")
    for _ in range(2):
        pulled(desk)
    survivor.refresh_from_db()
    link = RecordLink.objects.get(salesforce_id=ended)
    assert (link.state, link.record_id) == ("linked" if sync else "tombstone", survivor.pk)
    assert survivor.phone == ("5552" if sync else "")
    assert RecordLink.objects.get(salesforce_id=kept).state == "gone"
    linked = RecordLink.objects.filter(salesforce_object="Contact", state="linked").count()
    assert SyncedObject.objects.get(name="Contact").linked == linked


def test_merged_there_too_the_same_way_round_nothing_changes_here(
    desk: Desk, seller: Seller, org: SandboxOrg
) -> None:
    SyncSettings.objects.update(contacts_merge_sync=True)
    loser, survivor, ended, kept = two(desk, "contact")
    merge(desk, loser, survivor)
    org.control("POST", f"/records/Contact/{kept}/merge", {"losers": [ended]})
    pulled(desk)
    assert desk.link_of(survivor).salesforce_id == kept
    assert RecordLink.objects.get(salesforce_id=ended).state == "tombstone"
