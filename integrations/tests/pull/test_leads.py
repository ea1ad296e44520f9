"""The same person as a lead and as a contact, over time (spec C4): one person here, in step with the contact."""

import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from crm import journal
from crm.models import Contact, ContactRole, Deal, JournalEntry
from integrations.models import Connection, OutboxEntry, RecordLink, SyncedObject, SyncRun
from integrations.sync.pull.runs import start_check
from integrations.tests.pull import live
from integrations.tests.pull.live import link_of, push
from integrations.tests.pull.seller import Seller
from integrations.tests.pull.test_outside import FRENCH, filtered
from integrations.tests.sandbox_process import SandboxOrg

pytestmark = pytest.mark.django_db(transaction=True)


class Mails:
    """The same person's e-mail, and another's: new for each test, as the org lives on."""

    def __init__(self) -> None:
        name = uuid4().hex
        self.same, self.other = f"{name}@same.example", f"{name}@other.example"


@pytest.fixture
def mails() -> Mails:
    return Mails()


def lead(seller: Seller, mail: str | None, **values: Any) -> str:
    return seller.create("Lead", **{"LastName": "Lead", "Company": "Acme", "Email": mail} | values)


def contact(seller: Seller, mail: str | None, **values: Any) -> str:
    return seller.create("Contact", **{"LastName": "Contact", "Email": mail} | values)


def convert(org: SandboxOrg, lead_id: str) -> str:
    """The contact that it became."""
    made = org.control("POST", f"/records/Lead/{lead_id}/convert", {})
    return str(made["contactId"])


def converted_lead(
    connection: Connection, seller: Seller, org: SandboxOrg, mail: str | None = None, **values: Any
) -> tuple[str, Contact, str]:
    """A lead that was pulled and converted since, its person, and the contact that it became."""
    lead_id = lead(seller, mail, **values)
    live.pull(connection)
    return lead_id, person_of(lead_id), convert(org, lead_id)


def person_of(salesforce_id: str) -> Contact:
    link = link_of(salesforce_id)
    assert link.state == "linked"
    return Contact.objects.get(pk=link.record_id or 0)


def in_step(connection: Connection) -> None:
    """The stored figures are those of the links."""
    for synced in SyncedObject.objects.filter(connection=connection):
        states = RecordLink.objects.filter(connection=connection, salesforce_object=synced.name)
        for state in ("linked", "suppressed", "gone"):
            assert getattr(synced, state) == states.filter(state=state).count(), (synced.name, state)


def test_a_contact_that_comes_later_takes_the_leads_person_over(
    pulled: Connection, seller: Seller, mails: Mails
) -> None:
    lead_id = lead(seller, mails.same)
    live.pull(pulled)
    person = person_of(lead_id)
    contact_id = contact(seller, mails.same.upper(), Title="Boss")
    live.pull(pulled)
    assert person_of(contact_id).pk == person.pk
    assert (link_of(lead_id).state, link_of(lead_id).suppressed_by) == ("suppressed", contact_id)
    assert (person_of(contact_id).title, person_of(contact_id).last_name) == ("Boss", "Contact")
    in_step(pulled)


def test_nothing_goes_out_when_the_link_moves(pulled: Connection, seller: Seller, mails: Mails) -> None:
    lead_id = lead(seller, mails.same, Phone="+1 555 0100")
    live.pull(pulled)
    contact(seller, mails.same)
    live.pull(pulled)
    assert not OutboxEntry.objects.exists()
    assert link_of(lead_id).state == "suppressed"


def test_an_edit_made_of_the_lead_is_one_of_the_contact(
    pulled: Connection, seller: Seller, mails: Mails
) -> None:
    lead_id = lead(seller, mails.same, Title="Old")
    live.pull(pulled)
    person = person_of(lead_id)
    person.change({"title": "Typed here"})
    contact_id = contact(seller, mails.same, Title="Old")
    live.pull(pulled)
    assert person_of(contact_id).title == "Typed here"
    assert OutboxEntry.objects.get().record_id == person.pk


def test_of_two_leads_the_first_person_stays_and_the_other_joins_it(
    pulled: Connection, seller: Seller, mails: Mails
) -> None:
    first, second = lead(seller, mails.same, LastName="First"), lead(seller, mails.same, LastName="Second")
    live.pull(pulled)
    persons = [person_of(first), person_of(second)]
    contact_id = contact(seller, mails.same)
    run = live.pull(pulled)
    kept = person_of(contact_id)
    (joined,) = [person for person in persons if person.pk != kept.pk]
    joined.refresh_from_db()
    assert kept in persons
    assert (joined.merged_into, joined.hidden) == (kept, True)
    assert live.counts(run, "Lead")["merged"] == 1
    assert {link_of(first).suppressed_by, link_of(second).suppressed_by} == {contact_id}
    in_step(pulled)


@pytest.mark.parametrize("changes", ["lead", "contact"])
def test_an_e_mail_that_becomes_the_same_merges_the_leads_person(
    pulled: Connection, seller: Seller, mails: Mails, changes: str
) -> None:
    lead_id = lead(seller, mails.same if changes == "contact" else mails.other)
    contact_id = contact(seller, mails.same if changes == "lead" else mails.other)
    live.pull(pulled)
    person, other = person_of(contact_id), person_of(lead_id)
    name, changed = ("Lead", lead_id) if changes == "lead" else ("Contact", contact_id)
    seller.change(name, changed, Email=mails.same)
    live.pull(pulled)
    other.refresh_from_db()
    assert (person_of(contact_id).pk, other.merged_into_id) == (person.pk, person.pk)
    assert link_of(lead_id).suppressed_by == contact_id
    in_step(pulled)


def test_roles_of_the_leads_person_follow(pulled: Connection, seller: Seller, mails: Mails) -> None:
    lead_id, contact_id = lead(seller, mails.other), contact(seller, mails.same)
    live.pull(pulled)
    role = ContactRole.objects.create(deal=Deal.objects.all()[0], contact=person_of(lead_id), role="Buyer")
    OutboxEntry.objects.all().delete()
    seller.change("Lead", lead_id, Email=mails.same)
    live.pull(pulled)
    role.refresh_from_db()
    assert role.contact == person_of(contact_id)
    assert [row.record_id for row in OutboxEntry.objects.all()] == [role.pk]  # it can go out now


def test_the_log_tells_what_was_merged_and_by_which_run(
    pulled: Connection, seller: Seller, mails: Mails
) -> None:
    lead_id, contact_id = lead(seller, mails.other), contact(seller, mails.same)
    live.pull(pulled)
    person = person_of(lead_id)
    seller.change("Lead", lead_id, Email=mails.same)
    run = live.pull(pulled)
    entry = JournalEntry.objects.filter(kind="contact", record_id=person.pk).latest("id")
    assert entry.changes == {"merged_into": [None, person_of(contact_id).pk]}
    assert (entry.origin, entry.run) == ("pull", run.children.get(object="Lead").pk)


@pytest.mark.parametrize("ends", ["deleted", "contact's e-mail differs", "lead's e-mail differs"])
def test_a_lead_is_pulled_again_when_the_reason_ends(
    pulled: Connection, seller: Seller, mails: Mails, ends: str
) -> None:
    contact_id = contact(seller, mails.same)
    lead_id = lead(seller, mails.same)
    live.pull(pulled)
    assert link_of(lead_id).state == "suppressed"
    if ends == "deleted":
        seller.delete("Contact", contact_id)
    elif ends.startswith("contact"):
        seller.change("Contact", contact_id, Email=mails.other)
    else:
        seller.change("Lead", lead_id, Email=mails.other)
    run = live.pull(pulled)
    assert person_of(lead_id).last_name == "Lead"
    assert live.counts(run, "Lead")["created"] == 1
    in_step(pulled)


def test_a_lead_whose_person_the_contact_took_over_comes_back_as_a_new_one(
    pulled: Connection, seller: Seller, mails: Mails
) -> None:
    lead_id = lead(seller, mails.same)
    live.pull(pulled)
    person = person_of(lead_id)
    contact_id = contact(seller, mails.same)
    live.pull(pulled)
    seller.delete("Contact", contact_id)
    live.pull(pulled)
    assert (link_of(contact_id).state, link_of(contact_id).record_id) == ("gone", person.pk)
    assert person_of(lead_id).pk != person.pk
    in_step(pulled)


def test_a_lead_stays_left_out_while_another_contact_has_its_e_mail(
    pulled: Connection, seller: Seller, mails: Mails
) -> None:
    first, second, lead_id = (
        contact(seller, mails.same),
        contact(seller, mails.same),
        lead(seller, mails.same),
    )
    live.pull(pulled)
    oldest, other = sorted([first, second])
    assert link_of(lead_id).suppressed_by == oldest
    seller.delete("Contact", oldest)
    live.pull(pulled)
    assert (link_of(lead_id).state, link_of(lead_id).suppressed_by) == ("suppressed", other)
    in_step(pulled)


@pytest.mark.parametrize("with_mail", [True, False])
def test_a_converted_leads_person_becomes_the_contacts(
    pulled: Connection, seller: Seller, mails: Mails, demo_org: SandboxOrg, with_mail: bool
) -> None:
    lead_id, person, contact_id = converted_lead(pulled, seller, demo_org, mails.same if with_mail else None)
    live.pull(pulled)
    assert person_of(contact_id).pk == person.pk
    assert (link_of(lead_id).state, link_of(lead_id).suppressed_by) == ("suppressed", contact_id)
    assert person_of(contact_id).account is not None
    in_step(pulled)


def test_a_lead_converted_to_a_known_contact_joins_its_person(
    pulled: Connection, seller: Seller, mails: Mails, demo_org: SandboxOrg
) -> None:
    lead_id, person, contact_id = converted_lead(pulled, seller, demo_org)
    live.finish(live.start(pulled, objects=["Lead"]))
    assert (link_of(lead_id).state, link_of(lead_id).record_id) == ("suppressed", person.pk)
    live.pull(pulled)
    assert person_of(contact_id).pk == person.pk
    in_step(pulled)


def test_a_lead_converted_before_the_first_pull_is_never_pulled(
    connection: Connection, seller: Seller, mails: Mails, demo_org: SandboxOrg
) -> None:
    lead_id = lead(seller, None)
    contact_id = convert(demo_org, lead_id)
    live.first_pull(connection)
    assert (link_of(lead_id).state, link_of(lead_id).record_id) == ("suppressed", None)
    seller.delete("Contact", contact_id)
    live.pull(connection)
    assert link_of(lead_id).state == "suppressed"
    in_step(connection)


def test_what_is_being_sent_to_the_lead_comes_first(pulled: Connection, seller: Seller, mails: Mails) -> None:
    lead_id, contact_id = lead(seller, mails.other), contact(seller, mails.same)
    live.pull(pulled)
    person = person_of(lead_id)
    person.change({"title": "Typed here"})
    seller.change("Lead", lead_id, Email=mails.same)
    live.pull(pulled)
    assert link_of(lead_id).state == "linked"
    OutboxEntry.objects.all().delete()
    live.pull(pulled)
    assert (link_of(lead_id).state, link_of(lead_id).suppressed_by) == ("suppressed", contact_id)


def test_a_lead_that_waited_for_its_edit_is_asked_for_by_its_id(
    pulled: Connection, seller: Seller, mails: Mails
) -> None:
    lead_id, contact_id = lead(seller, mails.other), contact(seller, mails.same)
    live.pull(pulled)
    person_of(lead_id).change({"title": "Typed here"})
    seller.change("Lead", lead_id, Email=mails.same)
    run = live.pull(pulled)
    assert "stale_from" not in run.children.get(object="Lead").checkpoint
    OutboxEntry.objects.all().delete()
    read_only_what_is_new(pulled)
    live.pull(pulled)
    assert (link_of(lead_id).state, link_of(lead_id).suppressed_by) == ("suppressed", contact_id)


def test_leads_that_name_a_contact_are_counted_as_converted(
    pulled: Connection, seller: Seller, mails: Mails, demo_org: SandboxOrg
) -> None:
    lead_id = lead(seller, mails.same)
    live.pull(pulled)
    RecordLink.objects.filter(salesforce_id=lead_id).update(system_modstamp=datetime(2026, 1, 1, tzinfo=UTC))
    convert(demo_org, lead_id)
    run = live.pull(pulled)
    assert live.counts(run, "Lead")["converted"] == 1
    assert "converted" not in live.counts(live.pull(pulled), "Lead")


def test_leads_asked_for_once_are_not_asked_for_again(
    pulled: Connection, seller: Seller, mails: Mails, demo_org: SandboxOrg
) -> None:
    contact_id, _ = contact(seller, mails.same), lead(seller, mails.same)
    live.pull(pulled)
    seller.delete("Contact", contact_id)
    live.pull(pulled)
    demo_org.control("DELETE", "/requests")
    live.pull(pulled)
    assert "retrieve" not in demo_org.control("GET", "/requests/counts")["by_operation"]
    assert not RecordLink.objects.filter(reread=True).exists()


def test_the_oldest_contact_is_named_whenever_it_comes_to_the_e_mail(
    pulled: Connection, seller: Seller, mails: Mails
) -> None:
    older, younger = contact(seller, mails.other), contact(seller, mails.same)
    lead_id = lead(seller, mails.same)
    live.pull(pulled)
    assert link_of(lead_id).suppressed_by == younger
    seller.change("Contact", older, Email=mails.same)
    live.pull(pulled)
    assert link_of(lead_id).suppressed_by == older
    in_step(pulled)


def test_a_contact_outside_the_filter_takes_the_lead_in_too(
    connection: Connection, seller: Seller, mails: Mails
) -> None:
    filtered(connection, FRENCH)
    contact_id = contact(seller, mails.other, MailingCountry="France")
    lead_id = lead(seller, mails.same)
    live.pull(connection)
    seller.change("Contact", contact_id, MailingCountry="UK", Email=mails.same)
    read_only_what_is_new(connection)
    live.pull(connection)
    assert (link_of(contact_id).outside, link_of(lead_id).state) == ("frozen", "suppressed")


def test_a_repair_between_conversion_and_pull_keeps_the_person(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg
) -> None:
    _, person, contact_id = converted_lead(pulled, seller, demo_org)
    check = start_check(connection=pulled, trigger=SyncRun.Trigger.MANUAL, repairs=True, now=live.Clock()())
    assert live.finish(check).state == "succeeded"
    live.pull(pulled)
    assert person_of(contact_id).pk == person.pk


def test_an_edit_made_before_the_converted_leads_contact_came_goes_out(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg
) -> None:
    _, person, contact_id = converted_lead(pulled, seller, demo_org)
    live.finish(live.start(pulled, objects=["Lead"], trigger=SyncRun.Trigger.MANUAL))
    with journal.acting(None, "web"):
        person.change({"title": "Typed"})
    push(pulled)
    live.pull(pulled)
    push(pulled)
    assert seller.one(f"SELECT Title FROM Contact WHERE Id = '{contact_id}'")["Title"] == "Typed"


def read_only_what_is_new(connection: Connection) -> None:
    """As if the minutes that a pull reads again were over."""
    time.sleep(1.1)
    now = datetime.now(UTC).replace(microsecond=0)
    SyncedObject.objects.filter(connection=connection, name="Lead").update(
        watermark=now, watermark_id="", staged=now, staged_id=""
    )
