"""Pull filters (spec C12): what doesn't meet them is known by name and hidden, and neither pulled nor pushed."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus

import pytest

from crm import journal
from crm.models import Account, Contact, Deal
from integrations.models import (
    Connection,
    OutboxEntry,
    RecordLink,
    SyncedObject,
    SyncError,
    SyncRun,
    SyncSettings,
)
from integrations.sync.pull.rereading import ask_again
from integrations.sync.pull.runs import start_check
from integrations.sync.pull.tally import PROMISED
from integrations.sync.visibility import apply_visibility, to_show_or_hide
from integrations.tests.pull import live
from integrations.tests.pull.live import link_of, push
from integrations.tests.pull.seller import Seller
from integrations.tests.sandbox_process import SandboxOrg

pytestmark = pytest.mark.django_db(transaction=True)

FRENCH = {"Contact": [{"field": "MailingCountry", "operator": "eq", "value": "France"}]}


def filtered(connection: Connection, filters: dict[str, list[dict[str, Any]]]) -> None:
    """As saving does."""
    SyncSettings.current()
    SyncSettings.objects.update(filters=filters)
    SyncedObject.objects.filter(connection=connection, name__in=["Contact", *filters]).update(read_again=True)


def person_of(salesforce_id: str) -> Contact:
    return Contact.objects.get(pk=link_of(salesforce_id).record_id or 0)


def edit(record: Any, **values: Any) -> None:
    with journal.acting(None, "web"):
        record.change(values)


@pytest.fixture
def french(seller: Seller) -> str:
    return seller.create(
        "Contact", LastName="Dupont", Email="dupont@fr.example", MailingCountry="France", Title="PDG"
    )


@pytest.fixture
def british(seller: Seller) -> str:
    return seller.create(
        "Contact", LastName="Smith", Email="smith@uk.example", MailingCountry="UK", Title="CEO", Phone="1"
    )


def test_what_does_not_meet_the_filter_is_known_by_name_and_hidden(
    connection: Connection, french: str, british: str, way: str
) -> None:
    filtered(connection, FRENCH)
    run = live.pull(connection)
    assert run.state == "succeeded", run.error
    smith, dupont = person_of(british), person_of(french)
    assert (smith.last_name, smith.email, smith.title, smith.phone) == ("Smith", "smith@uk.example", "", "")
    assert (smith.hidden, dupont.hidden, dupont.title) == (True, False, "PDG")
    assert link_of(british).base.keys() == {"FirstName", "LastName", "Email"}
    assert (link_of(british).outside, link_of(french).outside) == ("known", "")


def test_no_more_than_names_of_the_others_is_asked_for(
    demo_org: SandboxOrg, connection: Connection, british: str
) -> None:
    filtered(connection, FRENCH)
    before = len(list(demo_org.control("GET", "/requests")))
    live.pull(connection)
    asked = [unquote_plus(str(request)) for request in list(demo_org.control("GET", "/requests"))[before:]]
    queries = [text for text in asked if "FROM Contact" in text]
    assert queries
    assert all("France" in text for text in queries if "Title" in text)


def test_counts_and_status_tell_of_all_that_is_known(connection: Connection, british: str) -> None:
    filtered(connection, FRENCH)
    counted = live.counts(live.pull(connection), "Contact")
    contacts = SyncedObject.objects.get(connection=connection, name="Contact")
    links = RecordLink.objects.filter(salesforce_object="Contact", state="linked")
    assert counted["created"] == links.count() == contacts.linked == contacts.there
    assert contacts.hidden == contacts.outside == links.exclude(outside="").count() > 0
    assert to_show_or_hide(connection) == []


def test_a_record_that_leaves_the_filter_keeps_its_values_and_is_hidden(
    connection: Connection, seller: Seller, french: str
) -> None:
    filtered(connection, FRENCH)
    live.pull(connection)
    base = link_of(french).base
    seller.change("Contact", french, MailingCountry="Spain", Title="Jefa", LastName="García")
    live.pull(connection)
    left = person_of(french)
    assert (left.title, left.last_name, left.country, left.hidden) == ("PDG", "Dupont", "France", True)
    assert (link_of(french).outside, link_of(french).base) == ("frozen", base)


def test_whoever_is_only_known_stays_known_by_today_s_name_and_e_mail(
    connection: Connection, seller: Seller, british: str
) -> None:
    filtered(connection, FRENCH)
    live.pull(connection)
    seller.change("Contact", british, LastName="Smythe", Email="smythe@uk.example", Title="Chair")
    live.pull(connection)
    known = person_of(british)
    assert (known.last_name, known.email, known.title) == ("Smythe", "smythe@uk.example", "")


def test_the_e_mail_of_a_frozen_record_stays_known(
    connection: Connection, seller: Seller, french: str
) -> None:
    filtered(connection, FRENCH)
    live.pull(connection)
    for email in ("a@left.example", "b@left.example"):
        seller.change("Contact", french, MailingCountry="Spain", Email=email)
        live.pull(connection)
        assert (link_of(french).match_key, person_of(french).email) == (email, "dupont@fr.example")


def test_a_record_that_comes_back_brings_its_values(
    connection: Connection, seller: Seller, french: str, british: str, way: str
) -> None:
    filtered(connection, FRENCH)
    live.pull(connection)
    seller.change("Contact", french, MailingCountry="Spain", Title="Jefa")
    live.pull(connection)
    seller.change("Contact", french, MailingCountry="France")
    seller.change("Contact", british, MailingCountry="France")
    live.pull(connection)
    for salesforce_id, title in ((french, "Jefa"), (british, "CEO")):
        back = person_of(salesforce_id)
        assert (back.title, back.country, back.hidden) == (title, "France", False)
        assert link_of(salesforce_id).outside == ""


def test_what_comes_back_stays_hidden_where_its_object_is(
    connection: Connection, seller: Seller, british: str
) -> None:
    filtered(connection, FRENCH)
    SyncSettings.objects.update(hidden_objects=["Contact"])
    live.pull(connection)
    seller.change("Contact", british, MailingCountry="France")
    live.pull(connection)
    assert (person_of(british).hidden, link_of(british).outside) == (True, "")
    assert to_show_or_hide(connection) == []


def test_showing_an_object_again_shows_what_meets_the_filter(
    connection: Connection, french: str, british: str
) -> None:
    filtered(connection, FRENCH)
    SyncSettings.objects.update(hidden_objects=["Contact"])
    live.pull(connection)
    assert person_of(french).hidden
    SyncSettings.objects.update(hidden_objects=[])
    assert to_show_or_hide(connection) == ["Contact"]
    apply_visibility(connection, "Contact")
    assert (person_of(french).hidden, person_of(british).hidden) == (False, True)
    assert to_show_or_hide(connection) == []


def test_a_new_filter_sorts_again_what_was_pulled(
    connection: Connection, french: str, british: str, way: str
) -> None:
    live.pull(connection)
    filtered(connection, FRENCH)
    counted = live.counts(live.pull(connection), "Contact")
    assert "updated" not in counted
    assert (link_of(british).outside, person_of(british).title, person_of(british).hidden) == (
        "frozen",
        "CEO",
        True,
    )
    filtered(connection, {})
    live.pull(connection)
    assert not RecordLink.objects.exclude(outside="").exists()
    assert not Contact.objects.filter(hidden=True).exists()
    assert SyncedObject.objects.get(connection=connection, name="Contact").outside == 0


def test_nothing_is_pushed_of_what_is_frozen(connection: Connection, seller: Seller, french: str) -> None:
    filtered(connection, FRENCH)
    live.pull(connection)
    seller.change("Contact", french, MailingCountry="Spain")
    live.pull(connection)
    edit(person_of(french), title="Typed here")
    push(connection)
    assert not OutboxEntry.objects.exists()
    assert seller.one(f"SELECT Title FROM Contact WHERE Id = '{french}'")["Title"] == "PDG"


def test_what_was_typed_into_a_frozen_record_goes_out_when_it_comes_back(
    connection: Connection, seller: Seller, french: str
) -> None:
    filtered(connection, FRENCH)
    live.pull(connection)
    seller.change("Contact", french, MailingCountry="Spain")
    live.pull(connection)
    edit(person_of(french), title="Typed here")
    push(connection)
    seller.change("Contact", french, MailingCountry="France", Department="Board")
    live.pull(connection)
    assert person_of(french).title == "Typed here"
    push(connection)
    assert seller.one(f"SELECT Title FROM Contact WHERE Id = '{french}'")["Title"] == "Typed here"
    assert not OutboxEntry.objects.exists()


def test_deleting_a_frozen_record_here_leaves_salesforce_its_own(
    connection: Connection, seller: Seller, british: str
) -> None:
    SyncSettings.objects.update(contacts_delete_sync=True)
    filtered(connection, FRENCH)
    live.pull(connection)
    with journal.acting(None, "web"):
        person_of(british).delete()
    push(connection)
    assert link_of(british).state == "tombstone"
    assert seller.one(f"SELECT Id FROM Contact WHERE Id = '{british}'")


def test_what_is_known_and_deleted_there_is_gone(
    connection: Connection, seller: Seller, british: str
) -> None:
    filtered(connection, FRENCH)
    live.pull(connection)
    seller.delete("Contact", british)
    counted = live.counts(live.pull(connection), "Contact")
    assert (counted["deleted"], link_of(british).state) == (1, "gone")
    contacts = SyncedObject.objects.get(connection=connection, name="Contact")
    assert (
        contacts.hidden
        == contacts.outside
        == RecordLink.objects.filter(salesforce_object="Contact", state="linked").exclude(outside="").count()
    )


def test_a_person_here_of_the_same_e_mail_is_linked_and_left_as_it_is(
    connection: Connection, seller: Seller
) -> None:
    british = seller.create("Contact", LastName="Jones", Email="jones@uk.example", MailingCountry="UK")
    filtered(connection, FRENCH)
    with journal.acting(None, "web"):
        ours = Contact.objects.create(last_name="Jones", email="Jones@uk.example", title="Boss")
    live.first_pull(connection)
    ours.refresh_from_db()
    assert (link_of(british).record_id, link_of(british).outside) == (ours.pk, "known")
    assert (ours.title, ours.hidden) == ("Boss", True)


def test_a_lead_of_a_known_contact_is_still_not_pulled(connection: Connection, seller: Seller) -> None:
    british = seller.create("Contact", LastName="Both", Email="both@uk.example", MailingCountry="UK")
    lead = seller.create("Lead", LastName="Both", Company="UK Ltd", Email="both@uk.example")
    filtered(connection, FRENCH)
    live.pull(connection)
    assert (link_of(lead).state, link_of(lead).suppressed_by) == ("suppressed", british)


def test_an_account_is_known_by_name_and_domain(connection: Connection, seller: Seller) -> None:
    small = seller.create("Account", Name="Small Ltd", Website="https://www.small.example", Industry="Energy")
    filtered(connection, {"Account": [{"field": "NumberOfEmployees", "operator": "ge", "value": 1000}]})
    live.pull(connection)
    account = Account.objects.get(pk=link_of(small).record_id or 0)
    assert (account.name, account.domain, account.industry, account.hidden) == (
        "Small Ltd",
        "small.example",
        "",
        True,
    )


def test_a_deal_that_does_not_meet_the_filter_is_not_pulled(connection: Connection, seller: Seller) -> None:
    values = {"StageName": "Prospecting", "CloseDate": "2030-01-01"}
    small = seller.create("Opportunity", Name="Small", Amount=5, **values)
    large = seller.create("Opportunity", Name="Large", Amount=9_000_000, **values)
    filtered(connection, {"Opportunity": [{"field": "Amount", "operator": "gt", "value": 8_000_000}]})
    live.pull(connection)
    assert not RecordLink.objects.filter(salesforce_id=small).exists()
    assert list(Deal.objects.values_list("name", "hidden")) == [("Large", False)]
    assert SyncedObject.objects.get(connection=connection, name="Opportunity").there == 1
    seller.change("Opportunity", large, Amount=7, NextStep="Lost sight")
    live.pull(connection)
    left = Deal.objects.get()
    assert (left.name, str(left.amount), left.hidden) == ("Large", "9000000.00", True)
    seller.change("Opportunity", small, Amount=9_000_001)
    live.pull(connection)
    assert Deal.objects.get(name="Small").hidden is False


def test_a_filter_that_salesforce_cannot_answer_stops_its_object_and_says_why(
    connection: Connection, british: str
) -> None:
    filtered(connection, {"Contact": [{"field": "Gone__c", "operator": "filled"}]})
    run = live.pull(connection)
    assert (run.state, run.error_code) == ("failed", "UNUSABLE_FILTER")
    assert "no field “Gone__c”" in SyncError.objects.get(code="UNUSABLE_FILTER").message
    assert not Contact.objects.exists()
    assert Account.objects.exists()


def test_what_is_asked_for_by_its_id_is_sorted_too(connection: Connection, french: str, british: str) -> None:
    filtered(connection, FRENCH)
    live.pull(connection)
    ask_again(RecordLink.objects.filter(salesforce_id__in=[french, british]))
    SyncedObject.objects.update(watermark=datetime.now(UTC) + timedelta(days=1), watermark_id="")
    counted = live.counts(live.pull(connection), "Contact")
    assert counted == {"seen": 2, "unchanged": 2}
    assert (link_of(british).outside, link_of(french).outside) == ("known", "")


@pytest.mark.parametrize("fault", ["cursor_lost", "truncated", "cut_after"])
def test_a_reading_that_breaks_off_between_its_parts_brings_all(
    demo_org: SandboxOrg, connection: Connection, french: str, british: str, fault: str
) -> None:
    filtered(connection, {"Contact": [{"field": "MailingCountry", "operator": "ne", "value": "UK"}]})
    demo_org.control("PATCH", "/options", {"batch_size": 200})
    at = {"path": r"/query(All)?/", "nth": 2, "times": 2}
    demo_org.control("POST", "/faults", {"name": fault, "match": at})
    run = live.pull(connection, follow_schema=False)
    assert run.state == "succeeded", run.error
    contacts = SyncedObject.objects.get(connection=connection, name="Contact")
    assert live.counts(run, "Contact")["created"] == contacts.linked == contacts.there
    assert (link_of(british).outside, link_of(french).outside) == ("known", "")


def test_what_was_read_in_the_window_is_sorted_when_syncing_turns_on(
    demo_org: SandboxOrg, french: str, british: str
) -> None:
    connection = live.connect(demo_org, activated=False)
    live.pull(connection)
    filtered(connection, FRENCH)
    live.pull(connection)
    assert not Contact.objects.exists()
    live.pull(connection)  # what changed meanwhile is read on top
    Connection.objects.update(activated_at=datetime.now(UTC))
    connection.refresh_from_db()
    run = live.first_pull(connection)
    assert run.state == "succeeded", run.error
    assert (person_of(french).title, person_of(british).title) == ("PDG", "")
    assert (link_of(british).outside, link_of(french).outside) == ("known", "")
    contacts = SyncedObject.objects.get(connection=connection, name="Contact")
    assert contacts.hidden == contacts.outside > 0


def check(connection: Connection, name: str, *, repairs: bool = False) -> dict[str, int]:
    """What a comparison of both sides found, the zeros left out."""
    now = datetime.now(UTC)
    run = start_check(connection=connection, trigger=SyncRun.Trigger.MANUAL, repairs=repairs, now=now)
    assert live.finish(run).state == "succeeded"
    counts = run.children.get(object=name).counts
    return {key: counts[key] for key in PROMISED if counts[key]}


def test_a_check_compares_no_more_than_is_known(
    demo_org: SandboxOrg, connection: Connection, french: str, british: str
) -> None:
    filtered(connection, FRENCH)
    live.pull(connection)
    demo_org.control("PATCH", f"/records/Contact/{british}", {"Title": "Changed without a stamp"})
    found = check(connection, "Contact")
    assert found == {"here": found["there"], "there": found["there"]}
    demo_org.control("PATCH", f"/records/Contact/{french}", {"MailingCountry": "Spain"})
    assert check(connection, "Contact", repairs=True) == found | {"different": 1, "repaired": 1}
    assert (link_of(french).outside, person_of(french).title) == ("frozen", "PDG")
    assert check(connection, "Contact") == found


def test_a_check_counts_a_frozen_deal_on_neither_side(connection: Connection, seller: Seller) -> None:
    large = seller.create(
        "Opportunity", Name="Frozen", Amount=9_100_000, StageName="Prospecting", CloseDate="2030-01-01"
    )
    filtered(connection, {"Opportunity": [{"field": "Amount", "operator": "ge", "value": 9_100_000}]})
    live.pull(connection)
    seller.change("Opportunity", large, Amount=7)
    live.pull(connection)
    assert link_of(large).outside == "frozen"
    assert check(connection, "Opportunity") == {}
