"""Merged in Salesforce (spec C8, C9): mirrored where merge sync is on; never a delete."""

from typing import Any
from uuid import uuid4

import pytest

from crm.models import Account, Contact, ContactRole, Deal
from integrations.merging.here import merge_here
from integrations.models import Connection, OutboxEntry, RecordLink, SyncError, SyncSettings
from integrations.sync.push.drain import drain
from integrations.tests.pull import live
from integrations.tests.pull.live import Clock, link_of
from integrations.tests.pull.seller import Seller
from integrations.tests.sandbox_process import SandboxOrg

pytestmark = pytest.mark.django_db(transaction=True)
MODELS = {"Account": Account, "Contact": Contact, "Lead": Contact}
SWITCHES = {"Account": "accounts_merge_sync", "Contact": "contacts_merge_sync", "Lead": "leads_merge_sync"}


@pytest.fixture
def pulled(connection: Connection) -> Connection:
    SyncSettings.objects.update(**dict.fromkeys(SWITCHES.values(), True))
    live.first_pull(connection)
    return connection


def made(seller: Seller, name: str, count: int, **values: Any) -> list[str]:
    """Records of the org that look like no others."""
    needed: dict[str, Any] = {
        "Account": {},
        "Contact": {"LastName": "Merged"},
        "Lead": {"LastName": "Merged", "Company": "Acme"},
    }[name]
    ids = []
    for _ in range(count):
        unique = {"Name": f"Merged {uuid4().hex}"} if name == "Account" else {}
        ids.append(seller.create(name, **(needed | unique | values)))
    return ids


def merge(org: SandboxOrg, name: str, master: str, *losers: str) -> None:
    org.control("POST", f"/records/{name}/{master}/merge", {"losers": list(losers)})


def record_of(name: str, salesforce_id: str) -> Any:
    return MODELS[name]._default_manager.get(pk=link_of(salesforce_id).record_id)


@pytest.mark.parametrize("name", ["Account", "Contact", "Lead"])
def test_a_merge_there_is_one_here(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg, name: str
) -> None:
    master, loser = made(seller, name, 2)
    live.pull(pulled)
    kept, merged = record_of(name, master), record_of(name, loser)
    merge(demo_org, name, master, loser)
    run = live.pull(pulled)
    merged.refresh_from_db()
    assert (merged.hidden, merged.merged_into) == (True, kept)
    assert (link_of(master).state, link_of(master).record_id) == ("linked", kept.pk)
    assert (link_of(loser).state, link_of(loser).suppressed_by) == ("gone", master)
    assert live.counts(run, name)["merged"] == 1


@pytest.mark.parametrize("name", ["Account", "Contact", "Lead"])
def test_with_merge_sync_off_the_record_stays_unlinked(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg, name: str
) -> None:
    SyncSettings.objects.update(**{SWITCHES[name]: False})
    master, loser = made(seller, name, 2)
    live.pull(pulled)
    merged = record_of(name, loser)
    merge(demo_org, name, master, loser)
    live.pull(pulled)
    merged.refresh_from_db()
    assert (merged.hidden, merged.merged_into, link_of(loser).state) == (False, None, "gone")


def test_a_merge_before_the_switch_was_on_is_left_as_it_is(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg
) -> None:
    SyncSettings.objects.update(contacts_merge_sync=False)
    master, loser = made(seller, "Contact", 2)
    live.pull(pulled)
    merge(demo_org, "Contact", master, loser)
    live.pull(pulled)
    SyncSettings.objects.update(contacts_merge_sync=True)
    live.pull(pulled)
    assert record_of("Contact", loser).merged_into is None


def test_deletion_sync_takes_no_merge_for_a_delete(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg
) -> None:
    SyncSettings.objects.update(contacts_delete_sync=True, contacts_merge_sync=False)
    master, loser = made(seller, "Contact", 2)
    live.pull(pulled)
    merge(demo_org, "Contact", master, loser)
    live.pull(pulled)
    assert record_of("Contact", loser).merged_into is None
    assert not SyncError.objects.exists()


@pytest.mark.parametrize("between", [False, True])
def test_a_chain_of_merges_ends_in_the_last_survivor(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg, between: bool
) -> None:
    first, second, third = made(seller, "Contact", 3)
    live.pull(pulled)
    records = [record_of("Contact", sid) for sid in (first, second, third)]
    merge(demo_org, "Contact", second, first)
    if between:
        live.pull(pulled)
    merge(demo_org, "Contact", third, second)
    live.pull(pulled)
    for record in records:
        record.refresh_from_db()
    assert [record.merged_into for record in records] == [records[2], records[2], None]


def test_a_chain_through_a_record_we_never_knew_is_followed(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg
) -> None:
    first, third = made(seller, "Contact", 2)
    live.pull(pulled)
    kept, merged = record_of("Contact", third), record_of("Contact", first)
    (second,) = made(seller, "Contact", 1)
    merge(demo_org, "Contact", second, first)
    merge(demo_org, "Contact", third, second)
    live.pull(pulled)
    merged.refresh_from_db()
    assert merged.merged_into == kept
    assert not RecordLink.objects.filter(salesforce_id=second).exists()


def test_a_survivor_that_comes_later_takes_the_merged_record_in(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg
) -> None:
    (loser,) = made(seller, "Contact", 1)
    live.pull(pulled)
    merged = record_of("Contact", loser)
    (master,) = made(seller, "Contact", 1)
    merge(demo_org, "Contact", master, loser)
    live.pull(pulled)
    merged.refresh_from_db()
    assert merged.merged_into == record_of("Contact", master)


@pytest.mark.parametrize("known", [True, False])
def test_a_lead_merged_into_one_that_was_converted_joins_the_contacts_person(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg, known: bool
) -> None:
    (loser,) = made(seller, "Lead", 1)
    live.pull(pulled)
    merged = record_of("Lead", loser)
    (master,) = made(seller, "Lead", 1)
    if known:
        live.pull(pulled)
    merge(demo_org, "Lead", master, loser)
    contact = demo_org.control("POST", f"/records/Lead/{master}/convert", {})["contactId"]
    live.pull(pulled)
    merged.refresh_from_db()
    assert (merged.hidden, merged.merged_into) == (True, record_of("Contact", contact))
    assert (link_of(master).state, link_of(loser).state) == ("suppressed", "gone")


def test_a_lead_merged_into_one_left_out_for_its_contact_joins_that_person(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg
) -> None:
    mail = f"{uuid4().hex}@same.example"
    (loser,) = made(seller, "Lead", 1)
    (contact,), (master,) = made(seller, "Contact", 1, Email=mail), made(seller, "Lead", 1, Email=mail)
    live.pull(pulled)
    merged = record_of("Lead", loser)
    assert link_of(master).state == "suppressed"
    merge(demo_org, "Lead", master, loser)
    live.pull(pulled)
    merged.refresh_from_db()
    assert merged.merged_into == record_of("Contact", contact)


@pytest.mark.parametrize("name", ["Account", "Contact", "Lead"])
def test_one_merged_there_into_what_was_merged_here_joins_that_survivor(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg, name: str
) -> None:
    loser, master, kept = made(seller, name, 3)
    live.pull(pulled)
    merged, here, survivor = (record_of(name, sid) for sid in (loser, master, kept))
    merge_here(kind=here.kind, survivor_id=survivor.pk, loser_id=here.pk, user=None, now=Clock()())
    merge(demo_org, name, master, loser)
    live.pull(pulled)
    merged.refresh_from_db()
    assert (link_of(master).state, merged.merged_into) == ("tombstone", survivor)


def test_a_loser_we_never_knew_is_nothing_here(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg
) -> None:
    (master,) = made(seller, "Contact", 1)
    live.pull(pulled)
    (loser,) = made(seller, "Contact", 1)
    merge(demo_org, "Contact", master, loser)
    run = live.pull(pulled)
    assert not RecordLink.objects.filter(salesforce_id=loser).exists()
    assert "merged" not in live.counts(run, "Contact")


def test_people_deals_and_roles_follow_and_nothing_is_pushed(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg
) -> None:
    master, loser = made(seller, "Account", 2)
    contact_id = seller.create("Contact", LastName="Of the merged", AccountId=loser)
    live.pull(pulled)
    merge(demo_org, "Account", master, loser)
    live.pull(pulled)
    person = record_of("Contact", contact_id)
    assert person.account == record_of("Account", master)
    demo_org.control("DELETE", "/requests")
    drain(pulled, live.door(pulled), clock=Clock(), seconds=30)
    done = demo_org.control("GET", "/requests/counts")["by_operation"]
    assert not {"create", "update", "upsert", "delete"} & set(done)


def test_an_edit_of_a_moved_person_says_nothing_of_its_account(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg
) -> None:
    master, loser = made(seller, "Account", 2)
    contact_id = seller.create("Contact", LastName="Of the merged", AccountId=loser)
    live.pull(pulled)
    merge(demo_org, "Account", master, loser)
    live.finish(live.start(pulled, objects=["Account"]))
    link = link_of(contact_id)
    assert link.base["AccountId"] == loser
    record_of("Contact", contact_id).change({"title": "Edited"})
    demo_org.control("DELETE", "/requests")
    drain(pulled, live.door(pulled), clock=Clock(), seconds=30)
    assert not OutboxEntry.objects.exists()
    row = seller.one(f"SELECT Title, AccountId FROM Contact WHERE Id = '{contact_id}'")
    assert (row["Title"], row["AccountId"]) == ("Edited", master)


def test_a_role_of_the_merged_person_is_the_survivors(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg
) -> None:
    master, loser = made(seller, "Contact", 2)
    live.pull(pulled)
    role = ContactRole.objects.create(deal=Deal.objects.all()[0], contact=record_of("Contact", loser))
    OutboxEntry.objects.all().delete()
    merge(demo_org, "Contact", master, loser)
    live.pull(pulled)
    role.refresh_from_db()
    assert role.contact == record_of("Contact", master)


def test_an_unsent_edit_of_the_merged_person_waits_no_more(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg
) -> None:
    master, loser = made(seller, "Contact", 2)
    live.pull(pulled)
    record_of("Contact", loser).change({"title": "Never sent"})
    merge(demo_org, "Contact", master, loser)
    live.pull(pulled)
    assert not OutboxEntry.objects.exists()
