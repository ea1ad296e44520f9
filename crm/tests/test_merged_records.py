"""The pages of a record that was merged away, and of the one that took it in (spec C9)."""

import re
from typing import Any

import pytest
from django.test import Client

from crm import journal
from crm.history import Event, history_of
from crm.merging import fold
from crm.models import Contact, Record, User
from crm.tests.factories import make_account, make_contact, make_deal

pytestmark = pytest.mark.django_db


def merge(loser: Record, survivor: Record, user: User | None = None) -> None:
    with journal.acting(user, "web"):
        fold(loser.kind, [(loser.pk, survivor.pk)])
    loser.refresh_from_db()


def told(record: Record) -> list[tuple[str, Any, str]]:
    def facts(event: Event) -> tuple[str, Any, str]:
        return event.said, event.about, event.who

    return [facts(event) for event in history_of(record).events if event.about]


def text_of(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", response.content.decode()).split())


@pytest.mark.parametrize("make", [make_contact, make_account, make_deal])
def test_both_histories_tell_of_a_merge(make: Any, ann: User) -> None:
    loser, survivor = make(), make()
    merge(loser, survivor, ann)
    assert told(loser) == [("Merged into", survivor, str(ann))]
    assert told(survivor) == [("Took in", loser, str(ann))]


def test_the_last_survivor_tells_of_all_it_took_in() -> None:
    first, second, third = make_contact(), make_contact(), make_contact()
    merge(first, second)
    merge(second, third)
    assert {about for _, about, _ in told(third)} == {first, second}
    assert told(first)[0] == ("Merged into", third, "")


def test_a_merged_record_says_where_it_went(as_ann: Client, ann: User) -> None:
    loser, survivor = make_contact(last_name="Old"), make_contact(first_name="Ada", last_name="New")
    merge(loser, survivor, ann)
    page = as_ann.get(loser.get_absolute_url())
    assert f"Merged into Ada New by {ann} in Lockstep" in text_of(page)
    assert survivor.get_absolute_url() in page.content.decode()
    assert "edit/" not in page.content.decode()


@pytest.mark.parametrize("page", ["edit/", "delete/"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_merged_record_is_neither_edited_nor_deleted(as_ann: Client, page: str, method: str) -> None:
    loser, survivor = make_contact(title="Was"), make_contact()
    merge(loser, survivor)
    answer = getattr(as_ann, method)(f"{loser.get_absolute_url()}{page}", {"title": "Is"})
    assert answer.url == loser.get_absolute_url()
    assert Contact.objects.get(pk=loser.pk).title == "Was"


def test_the_survivors_history_links_to_what_it_took_in(as_ann: Client) -> None:
    loser, survivor = make_account(), make_account()
    merge(loser, survivor)
    assert (
        f'Took in <a href="{loser.get_absolute_url()}">'
        in as_ann.get(survivor.get_absolute_url()).content.decode()
    )
