"""What pages tell of potential duplicates (spec C5)."""

from typing import Any

import pytest
from django.test import Client
from django.utils.html import strip_tags

from crm.duplicates import NAMED, those_with_twins, twins_of
from crm.history import history_of
from crm.listing import Page, page_of
from crm.matching import MOST, compare_waiting
from crm.models import Account, Contact, Kind, PastDuplicate, PotentialDuplicate, User
from crm.tests.factories import make_account, make_contact
from crm.tests.test_lists import queries

pytestmark = pytest.mark.django_db


def alike(*last_names: str, **fields: Any) -> list[Contact]:
    people = [
        make_contact(**({"first_name": "", "last_name": name, "email": "info@x.com"} | fields))
        for name in last_names
    ]
    compare_waiting()
    return people


def text(client: Client, address: str) -> str:
    return " ".join(client.get(address).content.decode().split())


def test_a_person_is_named_with_link_and_reason(as_ann: Client) -> None:
    one, other = alike("Lee", "Ash")
    page = text(as_ann, one.get_absolute_url())
    named = f'Potential duplicate</strong> of <a href="{other.get_absolute_url()}"><bdi>Ash</bdi></a> (same e-mail).'
    assert named in page


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({"domain": "acme.com"}, "same domain"), ({"name": "Acme Inc."}, "same name")],
)
def test_an_account_tells_its_reason(as_ann: Client, fields: dict[str, str], reason: str) -> None:
    one, _ = make_account(**fields), make_account(**fields)
    compare_waiting()
    assert f"({reason})." in text(as_ann, one.get_absolute_url())


def test_namesakes_in_one_account_are_told_as_such(as_ann: Client) -> None:
    acme = make_account()
    one, _ = (make_contact(first_name="Bo", last_name="Lee", account=acme) for _ in range(2))
    compare_waiting()
    assert "(same name and account)." in text(as_ann, one.get_absolute_url())


def test_one_is_compared_at_once_and_several_are_chosen_from(as_ann: Client) -> None:
    one, other = alike("Lee", "Ash")
    assert f'href="/people/{one.pk}/compare/{other.pk}/">Compare &amp; merge' in text(
        as_ann, one.get_absolute_url()
    )
    alike("Elm")
    assert f'href="/people/{one.pk}/merge/">Compare &amp; merge' in text(as_ann, one.get_absolute_url())


def test_who_has_no_duplicate_is_not_warned_of(as_ann: Client) -> None:
    assert "Potential duplicate<" not in text(as_ann, make_contact().get_absolute_url())


def test_a_reason_is_said_once_for_all_it_holds_for(as_ann: Client) -> None:
    acme = make_account()
    one, *_ = alike("Lee", "Ash", "Elm", account=acme)
    make_contact(first_name="", last_name="LEE", account=acme)
    compare_waiting()
    said = (
        text(as_ann, one.get_absolute_url())
        .partition("Potential duplicate</strong>")[2]
        .partition("</div>")[0]
    )
    assert strip_tags(said) == " of Ash, Elm (same e-mail) and LEE (same name and account)."


def test_the_first_are_named_and_the_others_counted(as_ann: Client) -> None:
    one, *_ = alike(*[f"Lee{number}" for number in range(NAMED + 3)])
    page = text(as_ann, one.get_absolute_url())
    assert f"<bdi>Lee{NAMED}</bdi></a> (same e-mail) and 2 more." in page
    assert f"Lee{NAMED + 1}" not in page.partition("ls-columns")[0]


def test_of_a_crowd_it_says_at_least() -> None:
    *_, last = alike(*["Lee"] * (MOST + 5))
    twins = twins_of(last)
    assert twins is not None
    assert (len(twins.named), twins.more, twins.at_least) == (NAMED, MOST - NAMED, True)


def test_hidden_records_are_neither_named_nor_warned_of(as_ann: Client) -> None:
    one, other = alike("Lee", "Ash")
    Contact.objects.filter(pk=other.pk).update(hidden=True)
    assert "Potential duplicate<" not in text(as_ann, one.get_absolute_url())
    assert "Potential duplicate<" not in text(as_ann, other.get_absolute_url())
    assert "Lee" not in text(as_ann, "/people/?duplicates=yes").partition('id="list"')[2]


def test_shown_again_they_are_warned_of_again(as_ann: Client) -> None:
    one, other = alike("Lee", "Ash", hidden=True)
    Contact.objects.update(hidden=False)
    assert "Potential duplicate<" in text(as_ann, one.get_absolute_url())


def test_the_log_tells_of_all_that_were_found_at_once() -> None:
    one, *others = alike(*[f"Lee{number}" for number in range(NAMED + 3)])
    events = [event for event in history_of(one).events if event.action == "duplicate"]
    assert [[event.about, *event.further] for event in events] == [others[:NAMED]]
    assert (events[0].said, events[0].how) == ("Potential duplicate of", "and 2 more (same e-mail)")


def test_the_log_names_the_other_on_both_pages(as_ann: Client) -> None:
    one, other = alike("Lee", "Ash")
    for here, there in ((one, other), (other, one)):
        link = f'Potential duplicate of <a href="{there.get_absolute_url()}"><bdi>{there}</bdi></a> (same e-mail)'
        assert link in text(as_ann, here.get_absolute_url())


def test_the_log_still_tells_of_a_pair_that_ended(as_ann: Client) -> None:
    here, there = alike("Lee", "Ash")
    here.change({"email": "lee@x.com"})
    compare_waiting()
    for one, other in ((here, there), (there, here)):
        told = strip_tags(text(as_ann, one.get_absolute_url()))
        assert f"Potential duplicate of {other} (same e-mail, no longer)" in told
        assert twins_of(one) is None


def test_the_log_tells_of_a_pair_each_time_it_is_found() -> None:
    here, _ = alike("Lee", "Ash")
    for email in ("lee@x.com", "info@x.com"):
        here.change({"email": email})
        compare_waiting()
    told = [event.how for event in history_of(here).events if event.action == "duplicate"]
    assert told == ["(same e-mail)", "(same e-mail, no longer)"]


def test_of_a_pair_that_was_merged_or_deleted_nothing_is_kept() -> None:
    survivor, merged, deleted = alike("Lee", "Ash", "Abe")
    Contact.objects.filter(pk=merged.pk).update(merged_into=survivor, hidden=True)
    deleted.delete()
    compare_waiting()
    assert not PotentialDuplicate.objects.exists()
    assert not PastDuplicate.objects.exists()


def test_the_filter_keeps_those_that_look_alike(as_ann: Client) -> None:
    alike("Lee", "Ash")
    make_contact(last_name="Unique")
    page = text(as_ann, "/people/?duplicates=yes").partition('id="list"')[2]
    assert "Lee" in page
    assert "Ash" in page
    assert "Unique" not in page


@pytest.mark.parametrize("few", [0, 100])
def test_those_that_look_alike_are_searched(
    as_ann: Client, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr("crm.duplicates.FEW", few)
    alike("Lee", "Ash")
    make_contact(last_name="Leeds")
    page = text(as_ann, "/people/?duplicates=yes&q=lee").partition('id="list"')[2]
    assert "Lee<" in page
    assert "Ash" not in page
    assert "Leeds" not in page


@pytest.mark.parametrize("few", [0, 1, 100])
def test_very_many_that_look_alike_come_newest_first_without_a_gap(
    monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr("crm.duplicates.FEW", few)
    monkeypatch.setattr("crm.listing.COUNT_LIMIT", 2)
    alike("Ash", "Lee", "Abe")
    make_contact(last_name="Unique")

    def page(after: int | None = None, before: int | None = None) -> Page[Contact]:
        everyone, gather = Contact.objects.filter(hidden=False), those_with_twins(Kind.CONTACT)
        return page_of(everyone, by=("last_name",), size=2, gather=gather, after=after, before=before)

    first, second = page(), page(after=page().after)
    assert [[row.last_name for row in part.rows] for part in (first, second)] == [["Abe", "Lee"], ["Ash"]]
    assert page(before=second.before).rows == first.rows
    assert (first.newest_first, str(first.count), second.after) == (True, "2+", None)


def test_up_to_ten_thousand_that_look_alike_stand_by_name() -> None:
    alike("Lee", "Ash")
    everyone = Contact.objects.filter(hidden=False)
    page = page_of(everyone, by=("last_name",), gather=those_with_twins(Kind.CONTACT))
    assert ([row.last_name for row in page.rows], page.count.value) == (["Ash", "Lee"], 2)


def test_accounts_are_filtered_too(as_ann: Client) -> None:
    for name in ("Acme", "Acme Ltd", "Unique"):
        make_account(name=name)
    compare_waiting()
    page = text(as_ann, "/accounts/?duplicates=yes").partition('id="list"')[2]
    assert "Acme Ltd" in page
    assert "Unique" not in page


def test_deals_have_no_such_filter(as_ann: Client) -> None:
    assert 'name="duplicates"' not in text(as_ann, "/deals/?duplicates=yes")


def test_home_tells_of_mine_and_no_others(as_ann: Client, ann: User) -> None:
    mine, other = alike("Lee", "Ash")
    Contact.objects.filter(pk=mine.pk).update(owner=ann)
    block = text(as_ann, "/home/").partition('id="my-duplicates"')[2].partition("</section>")[0]
    assert mine.get_absolute_url() in block
    assert other.get_absolute_url() not in block
    assert "/people/?owner=me&amp;duplicates=yes" in block
    assert "People (1)" in block


def test_home_has_no_such_block_without_any(as_ann: Client, ann: User) -> None:
    make_contact(owner=ann)
    assert "my-duplicates" not in text(as_ann, "/home/")


@pytest.mark.parametrize("address", ["{record}", "/people/?duplicates=yes", "/home/"])
def test_many_duplicates_cost_no_more_queries_than_a_few(as_ann: Client, ann: User, address: str) -> None:
    one, *_ = alike(*["Lee"] * (NAMED + 2), owner=ann)
    address = address.format(record=one.get_absolute_url())
    few = queries(as_ann, address)
    alike(*["Lee"] * 40, owner=ann)
    assert queries(as_ann, address) == few <= 23


def test_a_merged_account_is_no_duplicate(as_ann: Client) -> None:
    one, other = (make_account(name="Acme") for _ in range(2))
    Account.objects.filter(pk=other.pk).update(merged_into=one, hidden=True)
    compare_waiting()
    assert "Potential duplicate<" not in text(as_ann, one.get_absolute_url())
