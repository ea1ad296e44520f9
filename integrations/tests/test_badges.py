from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.models import Contact, ContactStage
from crm.roles import Role
from crm.tests.factories import make_account, make_contact, make_user
from integrations.badges import badges_for
from integrations.deletions import along, sentences_on_deleting
from integrations.models import Connection, OutboxEntry, RecordLink, SyncedObject, SyncError, SyncSettings
from integrations.not_visible import mark_gone
from integrations.problems import problems_of

pytestmark = pytest.mark.django_db
NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def org() -> Connection:
    return Connection.objects.create(
        login_url="https://login.salesforce.com",
        client_id="id",
        instance_url="https://acme.my.salesforce.com",
        connected_at=NOW,
        activated_at=NOW,
    )


@pytest.fixture
def person() -> Contact:
    """Somebody with nothing waiting, as after a pull."""
    person = make_contact()
    OutboxEntry.objects.all().delete()
    return person


def link(org: Connection, person: Contact, **fields: Any) -> RecordLink:
    defaults = {"salesforce_object": "Contact", "salesforce_id": f"003{person.pk:015d}", "kind": "contact"}
    return RecordLink.objects.create(connection=org, record_id=person.pk, **(defaults | fields))


def fail(org: Connection, person: Contact, **fields: Any) -> SyncError:
    defaults = {"code": "REQUIRED_FIELD_MISSING", "message": "No last name", "created_at": NOW}
    return SyncError.objects.create(
        connection=org, kind="contact", record_id=person.pk, changed_at=NOW, **(defaults | fields)
    )


def text(person: Contact) -> str:
    [badge] = badges_for("contact", [person.pk])
    return badge.text


def test_a_linked_record_is_in_step_and_leads_into_salesforce(org: Connection, person: Contact) -> None:
    link(org, person)
    [badge] = badges_for("contact", [person.pk])
    assert badge.text == "In step"
    assert badge.url.startswith("https://acme.my.salesforce.com/lightning/r/Contact/003")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"activated_at": None}, "Waiting: 1 edit goes out when syncing is on"),
        ({"paused_at": NOW}, "Waiting: 1 edit goes out when syncing is resumed"),
        ({"read_only": True}, "Waiting: 1 edit goes out when read only is switched off"),
        ({"needs_sign_in_since": NOW}, "Waiting: 1 edit goes out once an admin has signed in"),
        ({}, "Waiting: 1 edit goes out next"),
    ],
)
def test_an_edit_says_what_it_waits_for(
    org: Connection, person: Contact, fields: dict[str, Any], said: str
) -> None:
    Connection.objects.update(**fields)
    link(org, person)
    Contact.objects.filter(pk=person.pk).update(title="CTO")
    assert text(person).startswith(said)


def test_an_error_outranks_an_edit_that_waits(org: Connection, person: Contact) -> None:
    link(org, person)
    fail(org, person)
    Contact.objects.filter(pk=person.pk).update(title="CTO")
    assert text(person) == "Error: No last name"


def test_a_closed_error_is_past(org: Connection, person: Contact) -> None:
    link(org, person)
    fail(org, person, state="closed")
    assert text(person) == "In step"


@pytest.mark.parametrize(
    ("state", "said"), [("gone", "Gone there"), ("tombstone", "Unlinked"), ("suppressed", "Not in step")]
)
def test_a_link_that_ended_says_how(org: Connection, person: Contact, state: str, said: str) -> None:
    link(org, person, state=state)
    assert text(person) == said


DELETED_OR_MERGED = "it was deleted there, or merged into another one."


@pytest.mark.parametrize(
    ("on", "fields", "said"),
    [
        ((), {}, f"{DELETED_OR_MERGED} Deletion sync and merge sync for contacts are off, so it stays here."),
        (("contacts_delete_sync",), {}, f"{DELETED_OR_MERGED} It stays here"),
        (("contacts_merge_sync",), {}, f"{DELETED_OR_MERGED} It stays here"),
        (
            (),
            {"suppressed_by": "003B"},
            "It was merged into another record in Salesforce. Merge sync for con",
        ),
        (("contacts_merge_sync",), {"suppressed_by": "003B"}, "It waits here until that one comes"),
        (
            (),
            {"salesforce_object": "Opportunity"},
            "It was deleted in Salesforce. Deletion sync for deals is off",
        ),
    ],
)
def test_what_is_gone_there_says_no_more_than_is_known(
    org: Connection, person: Contact, on: tuple[str, ...], fields: dict[str, str], said: str
) -> None:
    SyncSettings.current()
    SyncSettings.objects.update(**dict.fromkeys(on, True))
    link(org, person, state="gone", **fields)
    assert said in badges_for("contact", [person.pk])[0].reason


def test_what_an_admin_marked_as_gone_was_not_deleted_there(org: Connection, person: Contact) -> None:
    deleted = make_contact()
    link(org, deleted, state="gone")
    SyncedObject.objects.create(connection=org, name="Contact", linked=1)
    mark_gone([link(org, person, not_visible_since=NOW).pk], user=None, now=NOW)
    marked, other = badges_for("contact", [person.pk, deleted.pk])
    assert "an admin marked it as gone there" in marked.reason
    assert "an admin" not in other.reason


def test_a_live_link_outranks_an_ended_one(org: Connection, person: Contact) -> None:
    link(org, person, salesforce_object="Lead", salesforce_id="00Q000000000001AAA", state="suppressed")
    link(org, person)
    assert text(person) == "In step"


def test_a_new_record_says_that_new_ones_arent_pushed(org: Connection) -> None:
    assert text(make_contact()) == "Not in Salesforce: new people aren't pushed"


def test_a_new_record_says_which_stage_keeps_it_here(org: Connection) -> None:
    SyncSettings.current()
    SyncSettings.objects.update(people_push_new=True, people_only_stages=["Warm", None])
    cold = make_contact(stage=ContactStage.objects.create(name="Cold"))
    assert text(cold) == "Not in Salesforce: stage is Cold"
    assert text(make_contact()) == "Waiting: goes out next"


def test_without_a_connection_nothing_is_claimed(person: Contact) -> None:
    assert text(person) == "Not connected"


@pytest.mark.parametrize(("state", "count"), [("linked", 6), ("gone", 7)])
def test_badges_of_a_page_take_as_many_queries_as_one(org: Connection, state: str, count: int) -> None:
    people = [make_contact() for _ in range(50)]
    for somebody in people:
        link(org, somebody, state=state)
    SyncSettings.current()

    def queries(ids: list[int]) -> int:
        with CaptureQueriesContext(database) as captured:
            badges_for("contact", ids)
        return len(captured)

    assert queries([person.pk for person in people]) == queries([people[0].pk]) == count


@pytest.fixture
def as_seller(db: None) -> Client:
    client = Client()
    client.force_login(make_user(Role.SALES))
    return client


@pytest.mark.parametrize("ids", ["", "x", "1,x,99999999999999999999,-1", "²"])
def test_no_list_of_ids_breaks_the_fragment(as_seller: Client, ids: str) -> None:
    assert as_seller.get("/integrations/fragments/badges/contact/", {"ids": ids}).status_code == 200


def test_a_kind_without_badges_is_refused(as_seller: Client) -> None:
    assert as_seller.get("/integrations/fragments/badges/user/?ids=1").status_code == 404


def test_each_badge_goes_to_its_row(as_seller: Client, org: Connection, person: Contact) -> None:
    fail(org, person, message="<b>bad</b>")
    said = as_seller.get(f"/integrations/fragments/badges/contact/?ids={person.pk}").content.decode()
    assert f'id="badge-contact-{person.pk}"' in said
    assert "<b>bad" not in said


@pytest.mark.parametrize(
    ("switched_on", "said"), [(False, "Salesforce keeps its record"), (True, "is deleted too")]
)
def test_deleting_says_what_salesforce_will_do(
    org: Connection, person: Contact, switched_on: bool, said: str
) -> None:
    link(org, person)
    SyncSettings.current()
    SyncSettings.objects.update(contacts_delete_sync=switched_on)
    assert said in " ".join(sentences_on_deleting("contact", person.pk))


def test_deleting_an_unlinked_record_changes_nothing_there(org: Connection, person: Contact) -> None:
    [said] = sentences_on_deleting("contact", person.pk)
    assert "nothing changes there" in said


def test_my_problems_are_those_of_my_records(org: Connection) -> None:
    ann = make_user()
    mine, other = make_contact(owner=ann), make_contact()
    fail(org, mine)
    fail(org, other)
    assert [problem.record for problem in problems_of(ann)] == [mine]


ASKED = "If it has {} there, an admin is asked first."
ALL_GO = "deletes its people and deals here too, except leads and what Salesforce doesn't have."


@pytest.mark.parametrize(
    ("on", "said"),
    [
        ({"accounts", "contacts", "deals"}, [ASKED.format("many contacts or many opportunities"), ALL_GO]),
        (
            {"accounts", "contacts"},
            [
                ASKED.format("opportunities or many contacts"),
                "deletes its people here too",
                "Its deals stay here",
            ],
        ),
        (
            {"accounts", "deals"},
            [
                ASKED.format("contacts or many opportunities"),
                "deletes its deals here too",
                "Its people stay here",
            ],
        ),
        ({"accounts"}, [ASKED.format("contacts or opportunities"), "Its people and deals stay here"]),
        ({"contacts", "deals"}, ["Salesforce keeps its record", "Its people and deals stay: here without"]),
        (set(), ["Salesforce keeps its record", "Its people and deals stay: here without"]),
    ],
)
def test_deleting_an_account_says_what_becomes_of_what_stands_below_it(
    org: Connection, on: set[str], said: list[str]
) -> None:
    SyncSettings.current()
    SyncSettings.objects.update(
        **{f"{name}_delete_sync": name in on for name in ("accounts", "contacts", "deals")}
    )
    account = make_account()
    RecordLink.objects.create(
        connection=org, salesforce_object="Account", salesforce_id="001", kind="account", record_id=account.pk
    )
    page = " ".join(sentences_on_deleting("account", account.pk))
    assert [words for words in said if words not in page] == []
    assert ("here too" in page) is ("accounts" in on and len(on) > 1)


def test_deals_that_are_not_pulled_stay_when_salesforce_deletes_theirs(org: Connection) -> None:
    settings = SyncSettings(deals_delete_sync=True, contacts_delete_sync=True, pull_deals=False)
    assert "Its deals stay here, without an account." in along(settings)
