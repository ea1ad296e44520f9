from typing import Any

import pytest
from django.test import Client

from crm.models import User
from crm.tests.factories import make_contact, make_deal, make_stage

pytestmark = pytest.mark.django_db


def test_an_empty_home_says_what_to_do_first(as_ann: Client) -> None:
    assert "What to do first" in as_ann.get("/home/").content.decode()


def test_home_counts_mine_and_no_others(as_ann: Client, ann: User) -> None:
    make_contact(owner=ann)
    make_contact()
    make_contact(owner=ann, hidden=True)
    assert as_ann.get("/home/").context["counts"]["contact"].value == 1


def test_deals_are_counted_by_stage_in_the_pipelines_order(as_ann: Client, ann: User) -> None:
    late, early = make_stage("Late", position=2), make_stage("Early", position=1)
    for stage in (late, early, early, None):
        make_deal(owner=ann, stage=stage)
    shares = as_ann.get("/home/").context["deal_stages"]
    assert [(share.name, share.number, share.percent) for share in shares] == [
        ("Early", 2, 50),
        ("Late", 1, 25),
        ("", 1, 25),
    ]


def test_the_root_leads_home(client: Client) -> None:
    assert client.get("/").headers["Location"] == "/home/"


def test_home_keeps_its_first_place_for_connecting(as_ann: Client) -> None:
    page = as_ann.get("/home/").content.decode()
    assert page.index('id="home-first"') < page.index("What to do first")


@pytest.mark.parametrize("debug", [True, False])
def test_an_unknown_address_is_told_in_words(as_ann: Client, settings: Any, debug: bool) -> None:
    settings.DEBUG = debug
    answer = as_ann.get("/nowhere/")
    assert answer.status_code == 404
    assert "There is no such page" in answer.content.decode()


def test_a_forgotten_slash_is_forgiven(as_ann: Client, settings: Any) -> None:
    settings.DEBUG = True
    assert as_ann.get("/people").headers["Location"] == "/people/"


def test_browsers_find_the_icon(client: Client) -> None:
    assert "icon" in client.get("/favicon.ico").headers["Location"]
