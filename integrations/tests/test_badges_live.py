"""What a record waits for, in words, and how its page follows (spec D: *appears as pushed without a reload*)."""

import re
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.models import Contact
from crm.roles import Role
from crm.tests.factories import make_account, make_contact, make_user
from integrations.badges import Badge, badges_for, what_it_waits_for
from integrations.models import Connection, OutboxEntry, RecordLink, SyncError, SyncSettings
from integrations.tests.test_badges import NOW, fail, link
from integrations.tests.test_badges import org as org
from integrations.tests.test_badges import person as person
from integrations.views.records import next_look

pytestmark = pytest.mark.django_db


def badge(person: Contact) -> Badge:
    [found] = badges_for("contact", [person.pk])
    return found


def entry(person: Contact, **fields: Any) -> OutboxEntry:
    return OutboxEntry.objects.create(kind="contact", record_id=person.pk, **fields)


def behind_account(person: Contact) -> int:
    """Held for an account that Salesforce doesn't have; its id."""
    account = make_account()
    entry(person, state="held", waits_for_kind="account", waits_for_id=account.pk)
    return account.pk


def refuse_account(org: Connection, pk: int) -> SyncError:
    return SyncError.objects.create(
        connection=org, kind="account", record_id=pk, code="STRING_TOO_LONG", message="Too long",
        created_at=NOW, changed_at=NOW,
    )  # fmt: skip


def test_a_record_held_for_its_account_says_so(org: Connection, person: Contact) -> None:
    account = behind_account(person)
    found = badge(person)
    assert found.text == "Waiting: its account goes first"
    assert found.parent == ("account", account)
    assert found.moving


def test_where_the_account_is_refused_its_error_is_the_reason(org: Connection, person: Contact) -> None:
    error = refuse_account(org, behind_account(person))
    found = badge(person)
    assert (found.text, found.error) == ("Waiting: its account goes first", error.pk)
    assert found.reason == "The account was refused: Too long"


def test_records_behind_parents_take_one_query_more_however_many(org: Connection) -> None:
    SyncSettings.current()
    people = [make_contact() for _ in range(20)]
    OutboxEntry.objects.all().delete()
    for somebody in people:
        refuse_account(org, behind_account(somebody))
    with CaptureQueriesContext(database) as captured:
        badges_for("contact", [somebody.pk for somebody in people])
    assert len(captured) == 7


@pytest.mark.parametrize(
    ("fields", "said", "moving"),
    [
        ({"state": "in_flight"}, "Waiting: on its way", True),
        ({"state": "unknown"}, "Waiting: being checked", True),
        ({"state": "held"}, "Held", False),
        ({"live": False, "backfill": True}, "Waiting: goes out after all edits", True),
        ({}, "Waiting: 1 edit goes out next", True),
    ],
)
def test_each_state_of_an_edit_has_its_words(
    org: Connection, person: Contact, fields: dict[str, Any], said: str, moving: bool
) -> None:
    link(org, person)
    entry(person, **fields)
    assert (badge(person).text, badge(person).moving) == (said, moving)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"live": False, "backfill": True}, "Waiting: goes out after all edits"),
        ({"manual": True}, "Waiting: goes out next"),
        ({"needed": True}, "Waiting: goes out next"),
        ({}, "Not in Salesforce: new people aren't pushed"),
    ],
)
def test_a_new_record_that_goes_out_whatever_the_switch_says_so(
    org: Connection, person: Contact, fields: dict[str, Any], said: str
) -> None:
    entry(person, **fields)
    assert badge(person).text == said


def test_what_is_tried_again_by_itself_is_no_error_to_look_at(org: Connection, person: Contact) -> None:
    link(org, person)
    fail(org, person, state="retrying")
    entry(person)
    assert badge(person).text == "Waiting: it is tried again by itself"
    assert badge(person).moving


@pytest.mark.parametrize(("state", "moving"), [("held", False), ("pending", True)])
def test_an_error_is_followed_only_when_it_goes_out_again(
    org: Connection, person: Contact, state: str, moving: bool
) -> None:
    link(org, person)
    fail(org, person)
    entry(person, state=state)
    assert badge(person).text == "Error: No last name"
    assert badge(person).moving is moving


def test_looks_come_quickly_at_first_and_seldom_later() -> None:
    assert [next_look(looked) for looked in (0, 7, 8, 20, 40, 10**6)] == [
        "400ms", "400ms", "2s", "10s", "30s", "30s",
    ]  # fmt: skip


@pytest.fixture
def as_seller() -> Client:
    client = Client()
    client.force_login(make_user(Role.SALES))
    return client


def look(client: Client, person: Contact, query: str = "") -> str:
    return client.get(f"/integrations/fragments/badge/contact/{person.pk}/{query}").content.decode()


def test_a_page_looks_again_while_the_record_moves(
    as_seller: Client, org: Connection, person: Contact
) -> None:
    link(org, person)
    entry(person)
    first = look(as_seller, person)
    assert "Waiting: 1 edit goes out next" in first
    again = re.findall(r'hx-get="[^"?]+(\?[^"]+)"', first)[0].replace("&amp;", "&")
    second = look(as_seller, person, again)
    assert "Waiting" not in second  # nothing is announced twice
    assert "looked=2" in second
    OutboxEntry.objects.all().delete()
    last = look(as_seller, person, again)
    assert "In step" in last
    assert "hx-get" not in last


def test_a_record_in_step_is_left_alone(as_seller: Client, org: Connection, person: Contact) -> None:
    link(org, person)
    assert "hx-get" not in look(as_seller, person)


@pytest.mark.parametrize("looked", ["", "x", "-1", "9" * 30])
def test_no_number_of_looks_breaks_the_badge(as_seller: Client, person: Contact, looked: str) -> None:
    assert look(as_seller, person, f"?looked={looked}")


def test_a_list_never_looks_again(as_seller: Client, org: Connection, person: Contact) -> None:
    link(org, person, state=RecordLink.State.LINKED)
    entry(person)
    said = as_seller.get(f"/integrations/fragments/badges/contact/?ids={person.pk}").content.decode()
    assert "Waiting" in said
    assert "hx-get" not in said


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"state": "held", "waits_for_kind": "account", "waits_for_id": 1}, "its account, which goes first"),
        ({"state": "held"}, "somebody: see its error"),
        ({"state": "unknown"}, "Salesforce, asked what became of it"),
        ({"state": "in_flight"}, "Salesforce's answer"),
        ({"state": "pending", "attempts": 2}, "another try"),
        ({"state": "pending", "live": False, "backfill": True}, "all edits, before a push of all"),
        ({"state": "pending", "live": True}, "its turn"),
    ],
)
def test_each_waiting_row_says_what_for(fields: dict[str, Any], said: str) -> None:
    assert what_it_waits_for(OutboxEntry(kind="contact", record_id=1, **fields)) == said
