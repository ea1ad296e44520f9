"""*Compare & merge*: what is shown, what is proposed, what is said first, what the button does."""

import re
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models import Contact, ContactRole, CustomField, PotentialDuplicate, Record
from crm.tests.factories import make_account, make_contact, make_deal, make_user
from integrations.merging.here import merge_here
from integrations.models import Connection, OutboxEntry, RecordLink
from integrations.tests import factories
from integrations.tests.factories import NOW, salesforce_id

pytestmark = pytest.mark.django_db
OBJECTS = {"contact": "Contact", "account": "Account", "deal": "Opportunity"}


@pytest.fixture
def live() -> Connection:
    live = factories.connection()
    factories.schemas(live)
    return live


@pytest.fixture
def sales(db: None) -> Client:
    client = Client()
    client.force_login(make_user(first_name="Sue", last_name="Sales"))
    return client


def address(kept: Record, other: Record) -> str:
    return reverse("compare", args=[kept.kind, kept.pk, other.pk])


def link(live: Connection, record: Record, name: str = "", **values: Any) -> str:
    name = name or OBJECTS[record.kind]
    there = salesforce_id(factories.PREFIXES[name], record.pk)
    RecordLink.objects.create(
        connection=live, salesforce_object=name, salesforce_id=there, kind=record.kind, record_id=record.pk, **values
    )  # fmt: skip
    return there


def text_of(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def checked(page: Any) -> dict[str, str]:
    """What a browser would send of the radio buttons."""
    found = re.findall(r'name="from:([^"]+)" value="(\w+)" checked', page.content.decode())
    return dict(found)


def press(client: Client, kept: Record, other: Record, **chosen: str) -> Any:
    page = client.get(address(kept, other))
    sent = {f"from:{key}": value for key, value in (checked(page) | chosen).items()}
    OutboxEntry.objects.all().delete()
    return client.post(address(kept, other), sent | {"seen": page.context["comparison"].fingerprint})


def said(answer: Any) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


@pytest.mark.parametrize("make", [make_contact, make_account, make_deal])
def test_the_button_merges_and_says_so(sales: Client, make: Any) -> None:
    kept, other = make(), make()
    answer = press(sales, kept, other)
    other.refresh_from_db()
    assert other.merged_into == kept
    assert answer.url == kept.get_absolute_url()
    assert said(answer) == [f"{other} was merged into {kept}."]


def test_a_blank_takes_the_others_value_unless_chosen_otherwise(sales: Client) -> None:
    kept = make_contact(title="CEO", phone="", city="Rome")
    other = make_contact(title="Chair", phone="1", city="Oslo")
    press(sales, kept, other, city="other")
    kept.refresh_from_db()
    assert (kept.title, kept.phone, kept.city) == ("CEO", "1", "Oslo")


def test_only_what_differs_is_to_be_chosen(sales: Client) -> None:
    kept = make_contact(first_name="Ann", title="CEO", last_name="Ash", email="a@x.example")
    other = make_contact(first_name="Ann", title="Chair", last_name="Ash", email="a@x.example")
    assert checked(sales.get(address(kept, other))) == {"title": "kept"}


def test_who_stays_can_be_swapped(sales: Client) -> None:
    kept, other = make_contact(), make_contact()
    assert f'href="{address(other, kept)}"' in sales.get(address(kept, other)).content.decode()


def test_what_moves_is_counted_before_the_button(sales: Client) -> None:
    kept, other = make_account(name="New Ltd"), make_account(name="Old Ltd")
    for _ in range(3):
        make_contact(account=other)
    make_deal(account=other)
    page = text_of(sales.get(address(kept, other)))
    assert "3 people and 1 deal move from Old Ltd to New Ltd." in page
    assert "Old Ltd is hidden from then on." in page


def test_roles_are_counted(sales: Client) -> None:
    kept, other = make_contact(last_name="New"), make_contact(last_name="Old")
    ContactRole.objects.create(contact=other, deal=make_deal())
    assert "1 role in deals moves from Ann Old to Ann New." in text_of(sales.get(address(kept, other)))


def test_what_salesforce_wont_do_is_said_first(live: Connection, sales: Client) -> None:
    kept, other = make_contact(last_name="New"), make_contact(last_name="Old")
    stays, ends = link(live, kept), link(live, other)
    page = text_of(sales.get(address(kept, other)))
    assert "Salesforce keeps both records, and isn't told of the merge." in page.replace("&#x27;", "'")
    assert f"Ann New stays in step with contact {stays} there." in page
    assert f"Contact {ends} is no longer in step with anyone here: pulls skip it until someone clicks" in page
    assert "No value is sent to Salesforce." in page


def test_values_that_go_out_are_counted_as_they_are_chosen(live: Connection, sales: Client) -> None:
    kept, other = make_contact(title="A", city="Rome"), make_contact(title="B", city="Oslo")
    there = link(live, kept)
    told = sales.post(f"{address(kept, other)}told/", {"from:title": "other", "from:city": "other"})
    assert f"2 values that differ from what it holds are sent to contact {there}." in text_of(told)
    told = sales.post(f"{address(kept, other)}told/", {"from:title": "other", "from:city": "kept"})
    assert f"1 value that differs from what it holds is sent to contact {there}." in text_of(told)


def test_a_link_that_moves_sends_what_differs(live: Connection, sales: Client) -> None:
    kept = make_contact(last_name="New", title="A", email="", first_name="")
    other = make_contact(last_name="Old", title="A", email="", first_name="")
    there = link(live, other)
    page = text_of(sales.get(address(kept, other)))
    assert f"From then on contact {there} is in step with New." in page
    assert f"1 value that differs from what it holds is sent to contact {there}." in page


@pytest.mark.parametrize(
    ("emails", "words"),
    [
        (("a@x.example", "a@x.example"), "Pulls leave out lead"),
        (("a@x.example", "b@x.example"), "Lead 00Q"),
    ],
)
def test_a_lead_and_a_contact_are_told_apart(
    live: Connection, sales: Client, emails: tuple[str, str], words: str
) -> None:
    lead, contact = make_contact(last_name="Lead"), make_contact(last_name="Contact")
    link(live, lead, "Lead", match_key=emails[0])
    stays = link(live, contact, match_key=emails[1])
    page = text_of(sales.get(address(lead, contact)))
    assert f"Ann Lead is in step with contact {stays} there." in page
    assert words in page


def test_without_salesforce_the_page_says_so(sales: Client) -> None:
    page = sales.get(address(make_contact(), make_contact()))
    assert "Salesforce isn&#x27;t connected" in page.content.decode()


def test_an_edit_meanwhile_is_shown_before_anything_is_merged(sales: Client) -> None:
    kept, other = make_contact(title="A"), make_contact(title="B")
    seen = sales.get(address(kept, other)).context["comparison"].fingerprint
    Contact.objects.filter(pk=other.pk).update(title="C")
    OutboxEntry.objects.all().delete()
    answer = sales.post(address(kept, other), {"seen": seen, "from:title": "other"})
    assert said(answer) == ["One of the two was changed meanwhile. Look again at what stands there now."]
    assert checked(answer)["title"] == "other"
    other.refresh_from_db()
    assert other.merged_into is None


def test_one_on_its_way_to_salesforce_waits(sales: Client) -> None:
    kept, other = make_contact(), make_contact(last_name="Flying")
    OutboxEntry.objects.filter(kind="contact", record_id=other.pk).update(state="in_flight")
    answer = sales.post(address(kept, other), {})
    assert said(answer) == ["Ann Flying is on its way to Salesforce just now. Try again in a moment."]


def test_what_was_merged_already_leads_to_its_page(sales: Client) -> None:
    first, second, third = make_contact(), make_contact(), make_contact()
    OutboxEntry.objects.all().delete()
    merge_here(kind="contact", survivor_id=second.pk, loser_id=first.pk, user=None, now=NOW)
    assert sales.get(address(third, first)).headers["Location"] == first.get_absolute_url()


@pytest.mark.parametrize(
    "path", ["/people/{0}/compare/{0}/", "/people/{0}/compare/999999/", "/roles/{0}/merge/"]
)
def test_what_cant_be_compared_isnt_there(sales: Client, path: str) -> None:
    assert sales.get(path.format(make_contact().pk)).status_code == 404


def test_names_and_values_are_never_markup(sales: Client) -> None:
    kept, other = make_contact(last_name="<b>x</b>"), make_contact(title="<script>alert(1)</script>")
    page = sales.get(address(kept, other)).content.decode()
    assert "<b>x" not in page
    assert "<script>alert" not in page


def test_three_hundred_fields_cost_as_many_queries_as_three(sales: Client, live: Connection) -> None:
    few = queries_of(sales, 3)
    assert queries_of(sales, 300) == few


def queries_of(client: Client, fields: int) -> int:
    CustomField.objects.all().delete()
    CustomField.objects.bulk_create(
        CustomField(kind="contact", name=f"f{n}", label=f"F {n}", type="text") for n in range(fields)
    )
    kept = make_contact(custom={f"f{n}": "a" for n in range(fields)})
    page = address(kept, make_contact())
    client.get(page)
    with CaptureQueriesContext(database) as queries:
        client.get(page)
    return len(queries)


def test_a_record_offers_to_be_merged_and_finds_the_other(sales: Client) -> None:
    record, other = make_contact(last_name="Lovelace"), make_contact(last_name="Lovejoy")
    search = reverse("merge_with", args=["contact", record.pk])
    assert search in sales.get(record.get_absolute_url()).content.decode()
    found = sales.get(f"{search}?q=love")
    assert address(record, other) in found.content.decode()
    assert address(record, record) not in found.content.decode()


def test_potential_duplicates_are_offered_first(sales: Client) -> None:
    record, twin = make_account(), make_account()
    make_account()
    PotentialDuplicate.objects.create(
        kind="account", record_id=record.pk, other_id=twin.pk, reason="same_name"
    )
    offered = sales.get(reverse("merge_with", args=["account", record.pk])).context["found"]
    assert offered == [twin]
