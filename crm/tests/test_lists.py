from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.listing import Count, page_of
from crm.models import Contact, Deal, User
from crm.search import matching, words_of
from crm.tests.factories import make_account, make_contact, make_deal, make_stage, make_user

pytestmark = pytest.mark.django_db
BY_NAME = ("last_name", "first_name")


def names(page: Any) -> list[str]:
    return [row.last_name for row in page.rows]


@pytest.fixture
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.listing.COUNT_LIMIT", 2)


def test_too_many_hits_come_newest_first_without_a_gap(few_are_many: None) -> None:
    people("Ash Charlie", "Ash Bravo", "Ash Alpha")
    first = page_of(Contact.objects.all(), by=BY_NAME, text="ash", size=2)
    second = page_of(Contact.objects.all(), by=BY_NAME, text="ash", size=2, after=first.after)
    back = page_of(Contact.objects.all(), by=BY_NAME, text="ash", size=2, before=second.before)
    assert first.newest_first
    assert [names(page) for page in (first, second, back)] == [
        ["Ash Alpha", "Ash Bravo"],
        ["Ash Charlie"],
        ["Ash Alpha", "Ash Bravo"],
    ]


@pytest.mark.parametrize("stretch", [0, 1, 2, 3])
def test_too_many_hits_are_found_however_far_they_lie(
    few_are_many: None, monkeypatch: pytest.MonkeyPatch, stretch: int
) -> None:
    monkeypatch.setattr("crm.listing.STRETCH", stretch)
    people("Ash 1", "Ash 2", "Elm", "Ash 3", "Elm", "Elm")
    first = page_of(Contact.objects.all(), by=BY_NAME, text="ash", size=2)
    second = page_of(Contact.objects.all(), by=BY_NAME, text="ash", size=2, after=first.after)
    back = page_of(Contact.objects.all(), by=BY_NAME, text="ash", size=2, before=second.before)
    assert [names(page) for page in (first, second, back)] == [
        ["Ash 3", "Ash 2"],
        ["Ash 1"],
        ["Ash 3", "Ash 2"],
    ]


def test_the_longest_words_are_searched() -> None:
    assert words_of("a bb c ccc d e a dddd") == ["dddd", "ccc", "bb", "a", "c", "d"]


def people(*last_names: str) -> list[Contact]:
    return [make_contact(last_name=name) for name in last_names]


def test_pages_follow_each_other_without_a_gap() -> None:
    people("delta", "Alpha", "charlie", "Bravo", "echo")
    first = page_of(Contact.objects.all(), by=BY_NAME, size=2)
    second = page_of(Contact.objects.all(), by=BY_NAME, size=2, after=first.after)
    third = page_of(Contact.objects.all(), by=BY_NAME, size=2, after=second.after)
    assert [names(page) for page in (first, second, third)] == [
        ["Alpha", "Bravo"],
        ["charlie", "delta"],
        ["echo"],
    ]
    assert (first.before, third.after) == (None, None)


def test_a_page_goes_back_to_the_one_before() -> None:
    rows = people("a", "b", "c", "d", "e")
    back = page_of(Contact.objects.all(), by=BY_NAME, size=2, before=rows[4].pk)
    assert names(back) == ["c", "d"]
    assert (back.before, back.after) == (rows[2].pk, rows[3].pk)


def test_people_of_one_name_are_each_shown_once() -> None:
    rows = [make_contact(first_name="Li", last_name="Wang") for _ in range(3)]
    first = page_of(Contact.objects.all(), by=BY_NAME, size=2)
    second = page_of(Contact.objects.all(), by=BY_NAME, size=2, after=first.after)
    assert [row.pk for row in (*first.rows, *second.rows)] == [row.pk for row in rows]


def test_a_cursor_whose_row_is_gone_shows_the_first_page() -> None:
    people("a", "b")
    assert names(page_of(Contact.objects.all(), by=BY_NAME, after=987_654_321)) == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ann", True),
        ("AN", True),
        ("ash ann", True),
        ("ann birch", False),
        ("ann@acme.example", True),
        ("acme", True),
        ("O'Hara", False),
        ("", True),
    ],
)
def test_all_words_must_begin_something(text: str, found: bool) -> None:
    make_contact(first_name="Ann", last_name="Ash", email="ann@acme.example")
    assert matching(Contact.objects.all(), text).exists() is found


@pytest.mark.parametrize(
    ("name", "text"),
    [("O'Hara", "o'hara"), ("Müller", "MÜLL"), ("سلام", "سلا"), ("王小明", "王"), ("Jean-Luc", "luc")],
)
def test_names_of_all_scripts_are_found(name: str, text: str) -> None:
    make_contact(last_name=name)
    assert matching(Contact.objects.all(), text).count() == 1


HOSTILE = [
    "'",
    "a' | 'b",
    "a & b",
    "!",
    "a:*",
    "\\",
    "\\'",
    "🙂",
    "(((",
    "<->",
    "%",
    "\x00a",
    "a" * 5000,
    "a " * 500,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_search_text_breaks_a_list(as_ann: Client, text: str) -> None:
    assert as_ann.get("/people/", {"q": text}).status_code == 200


@pytest.mark.parametrize(
    "query", ["after=x", "after=99999999999999999999", "stage=1'", "before=-1", "owner=%00", "account=²"]
)
def test_nonsense_in_the_address_counts_as_not_asked(as_ann: Client, query: str) -> None:
    make_contact(last_name="Visible")
    assert "Visible" in as_ann.get(f"/people/?{query}").content.decode()


def test_hidden_records_are_left_out(as_ann: Client) -> None:
    make_contact(last_name="Ghost", hidden=True)
    assert "Ghost" not in as_ann.get("/people/").content.decode()


def test_mine_are_those_i_own(as_ann: Client, ann: User) -> None:
    make_contact(last_name="Own", owner=ann)
    make_contact(last_name="Other")
    page = as_ann.get("/people/?owner=me").content.decode()
    assert "Own" in page
    assert "Other" not in page


@pytest.mark.parametrize(
    ("kind", "make"), [("people", make_contact), ("accounts", make_account), ("deals", make_deal)]
)
def test_a_list_is_filtered_by_owner_and_by_having_none(
    as_ann: Client, kind: str, make: Callable[..., Any]
) -> None:
    bob = make_user(first_name="Bob")
    name = "last_name" if kind == "people" else "name"
    make(**{name: "Bobs"}, owner=bob)
    make(**{name: "Nobodys"})
    of_bob, of_nobody = (as_ann.get(f"/{kind}/?owner={owner}").content.decode() for owner in (bob.pk, "none"))
    assert ("Bobs" in of_bob, "Nobodys" in of_bob) == (True, False)
    assert ("Bobs" in of_nobody, "Nobodys" in of_nobody) == (False, True)


def test_an_owner_who_left_stays_chosen_in_the_filter(as_ann: Client) -> None:
    left = make_user(first_name="Lea", is_active=False)
    assert "Lea" in as_ann.get(f"/people/?owner={left.pk}").content.decode()


def test_deals_are_filtered_by_stage(as_ann: Client) -> None:
    make_deal(name="Standing", stage=make_stage())
    make_deal(name="Stageless")
    assert "Standing" not in as_ann.get("/deals/?stage=none").content.decode()


def test_an_account_narrows_the_people(as_ann: Client) -> None:
    acme = make_account(name="Acme")
    make_contact(last_name="Inside", account=acme)
    make_contact(last_name="Outside")
    page = as_ann.get(f"/people/?account={acme.pk}").content.decode()
    assert "Inside" in page
    assert "Outside" not in page


def test_htmx_gets_the_list_alone(as_ann: Client) -> None:
    answer = as_ann.get("/people/", headers={"HX-Request": "true"})
    assert "<html" not in answer.content.decode()
    assert "HX-Request" in answer.headers["Vary"]


def test_an_empty_list_says_what_to_do_first(as_ann: Client) -> None:
    assert "No accounts yet" in as_ann.get("/accounts/").content.decode()


def test_a_search_without_hits_says_so(as_ann: Client) -> None:
    make_contact()
    assert "Nothing matches" in as_ann.get("/people/?q=zzz").content.decode()


def test_pulled_names_are_text_not_html(as_ann: Client) -> None:
    make_contact(last_name="<script>alert(1)</script>")
    assert "<script>alert" not in as_ann.get("/people/").content.decode()


@pytest.mark.parametrize(("value", "shown"), [(0, "0"), (10_000, "10,000"), (10_001, "10,000+")])
def test_counts_are_exact_to_ten_thousand(value: int, shown: str) -> None:
    assert str(Count(value)) == shown


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def fill(kind: str, number: int) -> None:
    for _ in range(number):
        account = make_account()
        if kind != "accounts":
            (make_contact if kind == "people" else make_deal)(account=account)


@pytest.mark.parametrize("kind", ["people", "accounts", "deals"])
@pytest.mark.parametrize("query", ["", "?q=a", "?view=board"])
def test_a_list_asks_the_database_as_often_for_fifty_rows_as_for_one(
    as_ann: Client, kind: str, query: str
) -> None:
    make_stage()
    fill(kind, 1)
    once = queries(as_ann, f"/{kind}/{query}")
    fill(kind, 49)
    assert queries(as_ann, f"/{kind}/{query}") == once <= 12


def test_the_board_has_a_column_for_each_stage(as_ann: Client) -> None:
    make_deal(name="Big one", stage=make_stage("Negotiation"))
    Deal.objects.create(name="Loose")
    page = as_ann.get("/deals/?view=board").content.decode()
    assert all(text in page for text in ("Negotiation", "Big one", "No stage", "Loose"))
