"""What the overview compares (pages: *Overview*): how many Salesforce has, after each pull without counting again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from crm import journal
from crm.models import Contact
from crm.tests.factories import make_contact
from integrations.merging.bringing_back import bring_back
from integrations.models import Connection, RecordLink, SyncedObject, SyncRun, SyncSettings
from integrations.sync.push.drain import drain
from integrations.tests.pull import live
from integrations.tests.pull.in_step import org_rows
from integrations.tests.pull.live import Clock, link_of
from integrations.tests.pull.seller import Seller
from integrations.tests.pull.test_outside import filtered
from integrations.tests.sandbox_process import SandboxOrg

pytestmark = pytest.mark.django_db(transaction=True)
DEALS_FROM = 8_000_000


@dataclass
class Desk:
    """A connected workspace beside somebody who works in the org."""

    connection: Connection
    seller: Seller
    org: SandboxOrg

    def pull(self) -> None:
        live.pull(self.connection)

    def push(self) -> None:
        drain(self.connection, live.door(self.connection), clock=Clock(), seconds=30)

    def contact(self, mail: str = "") -> str:
        return self.seller.create("Contact", LastName="Contact", Email=mail)

    def lead(self, mail: str = "") -> str:
        return self.seller.create("Lead", LastName="Lead", Company="Acme", Email=mail)

    def deal(self, amount: int) -> str:
        values = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2030-01-01"}
        return self.seller.create("Opportunity", Amount=amount, **values)

    def left_out(self) -> str:
        """A lead that is a contact already, pulled."""
        mail = new_mail()
        self.contact(mail)
        lead = self.lead(mail)
        self.pull()
        assert link_of(lead).state == "suppressed"
        return lead

    def skipped(self) -> str:
        """A contact that was deleted here, and kept there."""
        contact = self.contact()
        self.pull()
        with journal.acting(None, "web"):
            Contact.objects.get(pk=link_of(contact).record_id or 0).delete()
        self.push()
        assert link_of(contact).state == "tombstone"
        return contact

    def undelete(self, name: str, record_id: str) -> None:
        self.org.control("POST", f"/records/{name}/{record_id}/undelete", {})


@pytest.fixture
def desk(connection: Connection, seller: Seller, demo_org: SandboxOrg) -> Desk:
    SyncSettings.objects.update(leads_merge_sync=True)
    filtered(connection, {"Opportunity": [{"field": "Amount", "operator": "gt", "value": DEALS_FROM}]})
    live.first_pull(connection)
    return Desk(connection, seller, demo_org)


def new_mail() -> str:
    return f"{uuid4().hex}@same.example"


def assert_figures(desk: Desk) -> None:
    """What is stored is what the org holds, and what the links say."""
    for synced in SyncedObject.objects.filter(connection=desk.connection, name__in=("Contact", "Lead")):
        rows = org_rows(desk.org, f"SELECT Id FROM {synced.name} WHERE IsDeleted = false")
        links = RecordLink.objects.filter(salesforce_object=synced.name)
        states = {state: links.filter(state=state).count() for state in ("linked", "suppressed", "gone")}
        stored = {state: getattr(synced, state) for state in states}
        assert (synced.there, stored) == (len(rows), states), synced.name
        known = links.filter(state__in=("linked", "suppressed"))
        assert set(known.values_list("salesforce_id", flat=True)) <= {row["Id"] for row in rows}
    deals = SyncedObject.objects.get(connection=desk.connection, name="Opportunity")
    meeting = f"SELECT Id FROM Opportunity WHERE IsDeleted = false AND Amount > {DEALS_FROM}"
    assert deals.there == len(org_rows(desk.org, meeting)) == deals.linked - deals.outside


def a_contact_takes_a_lead_over(desk: Desk) -> None:
    mail = new_mail()
    desk.lead(mail)
    desk.pull()
    desk.contact(mail)


def a_lead_is_a_contact_already(desk: Desk) -> None:
    desk.left_out()


def a_lead_left_out_is_deleted(desk: Desk) -> None:
    desk.seller.delete("Lead", desk.left_out())


def and_undeleted(desk: Desk) -> None:
    lead = desk.left_out()
    desk.seller.delete("Lead", lead)
    desk.pull()
    assert link_of(lead).state == "gone"
    desk.undelete("Lead", lead)


def a_lead_left_out_is_merged(desk: Desk) -> None:
    lead, master = desk.left_out(), desk.lead()
    desk.org.control("POST", f"/records/Lead/{master}/merge", {"losers": [lead]})


def a_lead_is_converted_and_deleted(desk: Desk) -> None:
    lead = desk.lead()
    desk.pull()
    desk.org.control("POST", f"/records/Lead/{lead}/convert", {})
    desk.pull()
    desk.seller.delete("Lead", lead)


def a_contact_is_deleted_and_undeleted(desk: Desk) -> None:
    contact = desk.contact()
    desk.pull()
    desk.seller.delete("Contact", contact)
    desk.pull()
    desk.undelete("Contact", contact)


def a_lead_left_out_is_one_of_ours_again(desk: Desk) -> None:
    lead, mail = desk.left_out(), new_mail()
    ours = make_contact(email=mail)
    desk.seller.change("Lead", lead, Email=mail)
    live.pull(desk.connection, trigger=SyncRun.Trigger.MANUAL)
    assert link_of(lead).record_id == ours.pk


def what_pulls_skip_is_deleted(desk: Desk) -> None:
    desk.seller.delete("Contact", desk.skipped())
    desk.pull()


def what_pulls_skip_is_brought_back(desk: Desk) -> None:
    bring_back([link_of(desk.skipped()).pk], user=None, now=datetime.now(UTC))


def a_deal_leaves_the_filter(desk: Desk) -> None:
    deal = desk.deal(DEALS_FROM + 1)
    desk.deal(1)
    desk.pull()
    desk.seller.change("Opportunity", deal, Amount=1)


def a_deal_comes_back(desk: Desk) -> None:
    deal = desk.deal(DEALS_FROM + 1)
    desk.pull()
    desk.seller.change("Opportunity", deal, Amount=1)
    desk.pull()
    desk.seller.change("Opportunity", deal, Amount=DEALS_FROM + 2)


def a_deal_is_deleted_outside_the_filter(desk: Desk) -> None:
    deal = desk.deal(DEALS_FROM + 1)
    desk.pull()
    desk.seller.change("Opportunity", deal, Amount=1)
    desk.pull()
    desk.seller.delete("Opportunity", deal)


def a_lead_is_converted_while_our_edit_is_on_its_way(desk: Desk) -> None:
    lead = desk.lead()
    desk.pull()
    desk.org.control("POST", f"/records/Lead/{lead}/convert", {})
    with journal.acting(None, "web"):
        Contact.objects.filter(pk=link_of(lead).record_id or 0).update(title="Ours")
    desk.push()
    assert link_of(lead).state == "suppressed"


STORIES: list[Callable[[Desk], None]] = [
    a_contact_takes_a_lead_over,
    a_lead_is_a_contact_already,
    a_lead_left_out_is_deleted,
    and_undeleted,
    a_lead_left_out_is_merged,
    a_lead_is_converted_and_deleted,
    a_contact_is_deleted_and_undeleted,
    a_lead_left_out_is_one_of_ours_again,
    what_pulls_skip_is_deleted,
    what_pulls_skip_is_brought_back,
    a_deal_leaves_the_filter,
    a_deal_comes_back,
    a_deal_is_deleted_outside_the_filter,
    a_lead_is_converted_while_our_edit_is_on_its_way,
]


@pytest.mark.parametrize("happens", STORIES)
def test_the_figures_follow_what_happens_there(desk: Desk, happens: Callable[[Desk], None]) -> None:
    happens(desk)
    desk.pull()
    assert_figures(desk)


def test_a_person_whose_contact_nobody_sees_waits_though_the_lead_is_deleted(desk: Desk) -> None:
    lead = desk.lead()
    desk.pull()
    person = link_of(lead).record_id
    RecordLink.objects.filter(salesforce_id=lead).update(
        state="suppressed", suppressed_by="003Lk0000000unseen"
    )
    desk.seller.delete("Lead", lead)
    desk.pull()
    assert (link_of(lead).state, link_of(lead).record_id) == ("suppressed", person)


def test_who_was_merged_into_a_lead_left_out_joins_its_contact(desk: Desk) -> None:
    first, middle = desk.lead(), desk.left_out()
    person = Contact.objects.get(pk=link_of(first).record_id or 0)
    desk.org.control("POST", f"/records/Lead/{middle}/merge", {"losers": [first]})
    desk.pull()
    person.refresh_from_db()
    assert link_of(middle).state == "suppressed"
    assert person.merged_into_id == link_of(link_of(middle).suppressed_by).record_id is not None


def test_a_chain_through_a_lead_left_out_ends_with_its_last(desk: Desk) -> None:
    first, last = desk.lead(), desk.lead()
    middle = desk.left_out()
    person = Contact.objects.get(pk=link_of(first).record_id or 0)
    desk.org.control("POST", f"/records/Lead/{middle}/merge", {"losers": [first]})
    desk.org.control("POST", f"/records/Lead/{last}/merge", {"losers": [middle]})
    desk.pull()
    person.refresh_from_db()
    assert (link_of(middle).state, link_of(middle).suppressed_by) == ("gone", last)
    assert person.merged_into_id == link_of(last).record_id
