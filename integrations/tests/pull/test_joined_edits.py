"""An edit of a lead that waits for somebody, when the lead's person joins its contact's (spec C4): it isn't lost."""

import pytest

from crm import journal
from crm.models import Contact, CustomField
from integrations.models import Connection, OutboxEntry, SyncRun, SyncSettings
from integrations.tests.pull import live
from integrations.tests.pull.live import link_of, push
from integrations.tests.pull.seller import Seller
from integrations.tests.pull.test_leads import Mails, contact, lead, person_of
from integrations.tests.push.pushing import Desk
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
def test_what_nobody_typed_stays_behind_though_nothing_is_agreed_on_it(
    pulled: Connection, seller: Seller, phone: str
) -> None:
    mails = Mails()
    lead_id = lead(seller, mails.other, Phone="+1 555 0199")
    contact_id = contact(seller, mails.same, Phone=phone)
    live.pull(pulled)
    with journal.acting(None, "web"):
        person_of(lead_id).change({"title": "Typed here"})
    OutboxEntry.objects.update(state="held")
    live.save_map(pulled, "Lead", "Phone", reread=False)
    seller.change("Lead", lead_id, Email=mails.same)
    live.pull(pulled)
    assert (person_of(contact_id).title, person_of(contact_id).phone) == ("Typed here", phone)


def test_what_was_typed_on_a_lead_that_no_pull_has_read_is_carried_over(
    pulled: Connection, seller: Seller, desk: Desk
) -> None:
    SyncSettings.objects.update(people_create_as="lead", people_push_new=True)
    mails = Mails()
    contact_id = contact(seller, mails.same, Phone="+1 555 0100")
    live.pull(pulled)
    person = desk.create(Contact, last_name="Lead", company_name="Acme", email=mails.other)
    desk.push()
    lead_id = desk.link_of(person).salesforce_id
    desk.change(person, phone="+1 555 0199")
    OutboxEntry.objects.update(state="held")
    seller.change("Lead", lead_id, Email=mails.same)
    live.pull(pulled, trigger=SyncRun.Trigger.MANUAL)
    assert link_of(lead_id).state == "suppressed"
    assert person_of(contact_id).phone == "+1 555 0199"


@pytest.mark.parametrize("rule", ["salesforce", "workspace"])
def test_what_salesforce_holds_of_the_lead_says_what_was_typed_where_nothing_is_agreed(
    pulled: Connection, seller: Seller, rule: str
) -> None:
    FieldMap.objects.filter(object="Lead", field="phone").update(conflict=rule)
    mails = Mails()
    lead_id = lead(seller, mails.other, Phone="+1 555 0001")
    contact_id = contact(seller, mails.same, Phone="+1 555 0009")
    live.pull(pulled)
    with journal.acting(None, "web"):
        person_of(lead_id).change({"title": "Typed here", "phone": "+1 555 0002"})
    OutboxEntry.objects.update(state="held")
    live.save_map(pulled, "Lead", "Title", reread=False)
    live.save_map(pulled, "Lead", "Phone", reread=False)
    seller.change("Lead", lead_id, Email=mails.same)
    live.pull(pulled)
    person = person_of(contact_id)
    assert (person.title, person.phone) == (
        "Typed here",
        "+1 555 0002" if rule == "workspace" else "+1 555 0009",
    )
