"""An edit of a lead that waits for somebody, when the lead's person joins its contact's (spec C4): it isn't lost."""

import pytest

from crm import journal
from crm.models import CustomField
from integrations.configuration.agreements import outdate_agreements
from integrations.models import Connection, OutboxEntry
from integrations.tests.pull import live
from integrations.tests.pull.live import link_of, push
from integrations.tests.pull.seller import Seller
from integrations.tests.pull.test_leads import Mails, contact, lead, person_of
from mappings.models import FieldMap

pytestmark = pytest.mark.django_db(transaction=True)
THERE = {"Contact": ("Fax", "Department"), "Lead": ("Fax", "Rating")}


def test_an_edit_that_the_lead_refused_is_made_on_the_contacts_person(
    connection: Connection, seller: Seller
) -> None:
    live.first_pull(connection)
    mails = Mails()
    first, second = lead(seller, mails.other), lead(seller, f"2{mails.other}")
    contact_id = contact(seller, mails.same, Title="Boss", Phone="+1 555 0100")
    live.pull(connection)
    with journal.acting(None, "web"):
        person_of(first).change({"title": "Typed here"})
        person_of(second).change({"phone": "+1 555 0199"})
    OutboxEntry.objects.update(state="held")
    for lead_id in (first, second):
        seller.change("Lead", lead_id, Email=mails.same)
    live.pull(connection)
    assert {link_of(first).state, link_of(second).state} == {"suppressed"}
    push(connection)
    row = seller.one(f"SELECT Title, Phone, LastName FROM Contact WHERE Id = '{contact_id}'")
    assert (row["Title"], row["Phone"]) == ("Typed here", "+1 555 0199")
    assert (row["LastName"], person_of(contact_id).last_name) == ("Contact", "Contact")


def test_so_is_a_refused_edit_of_a_custom_value(connection: Connection, seller: Seller) -> None:
    mails = Mails()
    for place, name in enumerate(["fax", "division"]):
        CustomField.objects.create(kind="contact", name=name, label=name, type="text")
        for of in ("Contact", "Lead"):
            FieldMap.objects.create(
                object=of, field=f"custom.{name}", salesforce=THERE[of][place], position=90 + place
            )
    live.first_pull(connection)
    lead_id = lead(seller, mails.other, Fax="1")
    contact_id = contact(seller, mails.same, Fax="2", Department="Sales")
    live.pull(connection)
    with journal.acting(None, "web"):
        person_of(lead_id).change({}, {"fax": "Typed here"})
    OutboxEntry.objects.update(state="held")
    seller.change("Lead", lead_id, Email=mails.same)
    live.pull(connection)
    assert person_of(contact_id).custom == {"fax": "Typed here", "division": "Sales"}


@pytest.mark.parametrize("phone", ["", "+1 555 0100"])
def test_what_nothing_was_agreed_on_goes_only_where_the_contact_has_nothing(
    pulled: Connection, seller: Seller, phone: str
) -> None:
    mails = Mails()
    lead_id = lead(seller, mails.other, Phone="+1 555 0199")
    contact_id = contact(seller, mails.same, Phone=phone)
    live.pull(pulled)
    with journal.acting(None, "web"):
        person_of(lead_id).change({"title": "Typed here"})
    OutboxEntry.objects.update(state="held")
    outdate_agreements(pulled, "Lead", ["Phone"], reread=False)
    seller.change("Lead", lead_id, Email=mails.same)
    live.pull(pulled)
    assert (person_of(contact_id).title, person_of(contact_id).phone) == (
        "Typed here",
        phone or "+1 555 0199",
    )
