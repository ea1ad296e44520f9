"""Deleted in Salesforce (spec C8): deleted here where deletion sync is on, unlinked where it is off."""

import pytest

from crm.models import Contact, JournalEntry
from integrations import failpoints
from integrations.models import Connection, OutboxEntry, RecordLink, SyncError, SyncRun, SyncSettings
from integrations.sync.push.drain import drain
from integrations.sync.retrying import retry
from integrations.tests.pull import live
from integrations.tests.pull.live import Clock
from integrations.tests.pull.seller import Seller
from integrations.tests.sandbox_process import SandboxOrg

pytestmark = pytest.mark.django_db(transaction=True)


def made(pulled: Connection, seller: Seller, *names: str) -> list[Contact]:
    """People that both sides have."""
    for name in names:
        seller.create("Contact", LastName=name)
    live.pull(pulled)
    return [Contact.objects.get(last_name=name, hidden=False) for name in names]


def delete_there(pulled: Connection, seller: Seller, people: list[Contact]) -> SyncRun:
    for person in people:
        seller.delete("Contact", link_of(person).salesforce_id)
    return live.pull(pulled)


def link_of(person: Contact) -> RecordLink:
    return RecordLink.objects.get(kind="contact", record_id=person.pk)


@pytest.mark.parametrize("sync", [True, False])
def test_a_delete_there_deletes_here_only_with_deletion_sync(
    pulled: Connection, seller: Seller, sync: bool
) -> None:
    SyncSettings.objects.update(contacts_delete_sync=sync)
    (person,) = made(pulled, seller, f"Deleted there {sync}")
    run = delete_there(pulled, seller, [person])
    assert live.counts(run, "Contact")["deleted"] == 1
    assert link_of(person).state == "gone"
    assert Contact.objects.filter(pk=person.pk).exists() is not sync
    assert not SyncError.objects.exists()


def test_the_history_tells_what_was_deleted_and_by_which_run(pulled: Connection, seller: Seller) -> None:
    SyncSettings.objects.update(contacts_delete_sync=True)
    (person,) = made(pulled, seller, "Has a history")
    run = delete_there(pulled, seller, [person])
    entry = JournalEntry.objects.get(kind="contact", record_id=person.pk, action="deleted")
    assert (entry.origin, entry.changes["last_name"]) == ("pull", ["Has a history", None])
    assert entry.run in run.children.values_list("pk", flat=True)


def test_nothing_is_written_there_for_what_was_deleted_there(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg
) -> None:
    SyncSettings.objects.update(contacts_delete_sync=True)
    delete_there(pulled, seller, made(pulled, seller, "No echo"))
    demo_org.control("DELETE", "/requests")
    drain(pulled, live.door(pulled), clock=Clock(), seconds=30)
    assert not {"create", "update", "upsert", "delete"} & set(
        demo_org.control("GET", "/requests/counts")["by_operation"]
    )
    assert not OutboxEntry.objects.exists()


def test_many_deletes_there_wait_for_a_yes(pulled: Connection, seller: Seller) -> None:
    SyncSettings.objects.update(contacts_delete_sync=True)
    people = made(pulled, seller, *[f"Mass {n}" for n in range(40)])
    ids = [person.pk for person in people]
    delete_there(pulled, seller, people)
    waiting = SyncError.objects.filter(code="MASS_DELETE_THERE", state="open")
    assert waiting.count() == 40
    assert Contact.objects.filter(pk__in=ids).count() == 40
    assert retry(SyncError.objects.all(), now=Clock()(), by_admin=False) == 0
    assert retry(SyncError.objects.all(), now=Clock()()) == 40
    assert not Contact.objects.filter(pk__in=ids).exists()
    assert not waiting.exists()


def test_what_comes_back_before_the_yes_stays(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg
) -> None:
    SyncSettings.objects.update(contacts_delete_sync=True)
    people = made(pulled, seller, *[f"Back {n}" for n in range(40)])
    delete_there(pulled, seller, people)
    back = link_of(people[0]).salesforce_id
    demo_org.control("POST", f"/records/Contact/{back}/undelete", {})
    live.pull(pulled)
    assert retry(SyncError.objects.all(), now=Clock()()) == 39
    assert Contact.objects.filter(last_name="Back 0").exists()


def test_what_a_push_found_deleted_is_deleted_by_the_next_pull(pulled: Connection, seller: Seller) -> None:
    SyncSettings.objects.update(contacts_delete_sync=True)
    (person,) = made(pulled, seller, "Met by a push")
    seller.delete("Contact", link_of(person).salesforce_id)
    person.title = "Edited"
    person.save()
    drain(pulled, live.door(pulled), clock=Clock(), seconds=30)
    assert link_of(person).state == "gone"
    live.pull(pulled)
    assert not Contact.objects.filter(pk=person.pk).exists()


def test_what_was_deleted_here_first_asks_for_nothing(pulled: Connection, seller: Seller) -> None:
    SyncSettings.objects.update(contacts_delete_sync=True)
    people = made(pulled, seller, *[f"First here {n}" for n in range(40)])
    Contact.objects.filter(pk__in=[person.pk for person in people]).delete()
    drain(pulled, live.door(pulled), clock=Clock(), seconds=30)
    retry(SyncError.objects.filter(code="MASS_DELETE"), now=Clock()())
    drain(pulled, live.door(pulled), clock=Clock(), seconds=30)
    live.pull(pulled)
    assert not SyncError.objects.filter(code="MASS_DELETE_THERE").exists()


def test_switching_it_on_deletes_nothing_that_was_deleted_before(pulled: Connection, seller: Seller) -> None:
    (person,) = made(pulled, seller, "Stayed on purpose")
    delete_there(pulled, seller, [person])
    SyncSettings.objects.update(contacts_delete_sync=True)
    live.pull(pulled, full=True)
    assert Contact.objects.filter(pk=person.pk).exists()


def test_a_merged_person_is_no_deleted_one(pulled: Connection, seller: Seller, demo_org: SandboxOrg) -> None:
    SyncSettings.objects.update(contacts_delete_sync=True)
    winner, loser = made(pulled, seller, "Takes in", "Is taken in")
    ids = {"losers": [link_of(loser).salesforce_id]}
    demo_org.control("POST", f"/records/Contact/{link_of(winner).salesforce_id}/merge", ids)
    live.pull(pulled)
    assert link_of(loser).state == "gone"
    assert Contact.objects.filter(pk=loser.pk).exists()


def test_a_page_read_before_our_delete_brings_nothing_back(pulled: Connection, seller: Seller) -> None:
    SyncSettings.objects.update(contacts_delete_sync=True)
    (person,) = made(pulled, seller, "Stays away")

    def delete_here() -> None:
        Contact.objects.filter(pk=person.pk).delete()
        drain(pulled, live.door(pulled), clock=Clock(), seconds=30)

    failpoints.arm("pull.extract ended:2", delete_here)
    live.pull(pulled)
    assert not Contact.objects.filter(last_name="Stays away").exists()
