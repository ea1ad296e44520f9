"""A lead converted while our edit of it is on its way (spec C4): the edit reaches the contact."""

import pytest

from crm.models import Contact
from integrations import failpoints
from integrations.models import Connection, OutboxEntry, RecordLink, SyncError
from integrations.tests.pull import live
from integrations.tests.pull.live import link_of, push
from integrations.tests.pull.seller import Seller
from integrations.tests.pull.test_leads import (
    Mails,
    contact,
    convert,
    converted_lead,
    in_step,
    lead,
    person_of,
)
from integrations.tests.sandbox_process import SandboxOrg

pytestmark = pytest.mark.django_db(transaction=True)


def title_of(seller: Seller, name: str, salesforce_id: str) -> str | None:
    title: str | None = seller.one(f"SELECT Title FROM {name} WHERE Id = '{salesforce_id}'")["Title"]
    return title


def contacts_person(connection: Connection, contact_id: str) -> Contact:
    """As if the contact had been pulled before its lead was seen converted."""
    other = Contact.objects.create(last_name="Pulled first")
    OutboxEntry.objects.all().delete()
    RecordLink.objects.create(
        connection=connection,
        salesforce_object="Contact",
        salesforce_id=contact_id,
        kind="contact",
        record_id=other.pk,
    )
    return other


@pytest.mark.parametrize("with_mail", [True, False])
def test_an_edit_of_a_converted_lead_reaches_the_contact(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg, with_mail: bool
) -> None:
    lead_id, person, contact_id = converted_lead(
        pulled, seller, demo_org, Mails().same if with_mail else None, Phone="+1 555 0100"
    )
    person.change({"title": "Typed here"})
    push(pulled)
    assert person_of(contact_id).pk == person.pk
    assert (link_of(lead_id).state, link_of(lead_id).suppressed_by) == ("suppressed", contact_id)
    assert title_of(seller, "Contact", contact_id) == "Typed here"
    assert not OutboxEntry.objects.exists()
    assert not SyncError.objects.exclude(state="closed").exists()


def test_one_converted_in_the_very_moment_of_sending_reaches_it_too(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg
) -> None:
    lead_id = lead(seller, None)
    live.pull(pulled)
    person, contacts = person_of(lead_id), list[str]()
    person.change({"title": "Typed here"})
    failpoints.arm("push.marked", lambda: contacts.append(convert(demo_org, lead_id)))
    push(pulled)
    assert title_of(seller, "Contact", contacts[0]) == "Typed here"
    live.pull(pulled)
    in_step(pulled)


def test_where_the_contact_has_a_person_already_the_edit_is_made_on_that(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg
) -> None:
    _, person, contact_id = converted_lead(pulled, seller, demo_org)
    other = contacts_person(pulled, contact_id)
    person.change({"title": "Typed here"})
    push(pulled)
    person.refresh_from_db()
    assert person.merged_into == person_of(contact_id) == other
    assert title_of(seller, "Contact", contact_id) == "Typed here"


def test_so_is_one_typed_while_the_first_is_on_its_way(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg
) -> None:
    _, person, contact_id = converted_lead(pulled, seller, demo_org)
    contacts_person(pulled, contact_id)
    person.change({"title": "Typed first"})
    failpoints.arm("push.marked", lambda: person.change({"phone": "+1 555 0142"}))
    push(pulled)
    row = seller.one(f"SELECT Title, Phone FROM Contact WHERE Id = '{contact_id}'")
    assert (row["Title"], row["Phone"]) == ("Typed first", "+1 555 0142")
    assert not OutboxEntry.objects.exists()


@pytest.mark.parametrize("dropped", [False, True])
def test_what_was_not_typed_stays_behind_when_the_leads_map_was_changed_meanwhile(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg, dropped: bool
) -> None:
    _, person, contact_id = converted_lead(pulled, seller, demo_org, Phone="+1 555 0100")
    other = contacts_person(pulled, contact_id)
    Contact.objects.filter(pk=other.pk).update(phone="+1 555 0999")
    RecordLink.objects.filter(salesforce_id=contact_id).update(base={"Phone": "+1 555 0999"})
    seller.change("Contact", contact_id, Phone="+1 555 0999")
    OutboxEntry.objects.all().delete()
    person.change({"title": "Typed here"})
    failpoints.arm("push.marked", lambda: live.save_map(pulled, "Lead", "Phone", dropped=dropped))
    push(pulled)
    other.refresh_from_db()
    assert (other.title, other.phone) == ("Typed here", "+1 555 0999")


def test_what_the_contact_holds_else_comes_here(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg
) -> None:
    _, person, contact_id = converted_lead(pulled, seller, demo_org, Mails().same)
    seller.change("Contact", contact_id, Phone="+1 555 0199")
    person.change({"title": "Typed here"})
    push(pulled)
    person.refresh_from_db()
    assert (person.phone, person.title) == ("+1 555 0199", "Typed here")


def test_an_edit_of_a_lead_that_a_contact_stands_for_still_reads_first(
    pulled: Connection, seller: Seller
) -> None:
    mails = Mails()
    lead_id = lead(seller, mails.same)
    live.pull(pulled)
    contact(seller, mails.same)
    seller.change("Lead", lead_id, Phone="+1 555 0142")
    person_of(lead_id).change({"title": "Typed here"})
    push(pulled)
    assert person_of(lead_id).phone == "+1 555 0142"
