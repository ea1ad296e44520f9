"""Edits made here that nobody would send: a comparison finds them, and a repair sends them (spec C3)."""

from typing import Any
from uuid import uuid4

import pytest

from crm.journal import uncaptured
from crm.models import Contact
from crm.tests.factories import make_user
from integrations.models import Connection, FieldConflict, OutboxEntry, SyncError, SyncRun
from integrations.tests.pull import live
from integrations.tests.pull.checking import check, contact, only
from integrations.tests.pull.live import Clock, link_of
from integrations.tests.pull.seller import Seller
from integrations.tests.push.pushing import Desk
from mappings.models import FieldMap

pytestmark = pytest.mark.django_db(transaction=True)


def edit_silently(salesforce_id: str, **values: Any) -> None:
    """As a restored backup does, or SQL past the triggers."""
    with uncaptured():
        Contact.objects.filter(pk=link_of(salesforce_id).record_id or 0).update(**values)


@pytest.fixture
def linked(pulled: Connection, seller: Seller) -> str:
    """A contact in step."""
    salesforce_id = contact(seller, Title="Agreed", Phone="1")
    live.pull(pulled)
    return salesforce_id


def test_an_edit_that_nobody_sends_is_found_and_a_repair_sends_it(
    pulled: Connection, desk: Desk, seller: Seller, linked: str
) -> None:
    edit_silently(linked, title="Edited", phone="")
    assert only(check(pulled)) == {"different": 1}
    assert not OutboxEntry.objects.exists()
    assert only(check(pulled, repairs=True)) == {"different": 1, "repaired": 1}
    desk.push_all()
    there = seller.one(f"SELECT Title, Phone FROM Contact WHERE Id = '{linked}'")
    assert (there["Title"], there["Phone"]) == ("Edited", None)
    assert only(check(pulled)) == {}


def test_an_edit_that_waits_is_no_difference(pulled: Connection, desk: Desk, linked: str) -> None:
    desk.change(Contact.objects.get(pk=link_of(linked).record_id or 0), title="Edited")
    assert only(check(pulled)) == {}


def test_an_edit_that_was_refused_is_no_difference(pulled: Connection, linked: str) -> None:
    edit_silently(linked, title="Edited")
    record = link_of(linked).record_id
    times = {"created_at": Clock()(), "changed_at": Clock()()}
    SyncError.objects.create(
        connection=pulled, source="push", kind="contact", record_id=record, code="REFUSED", **times
    )
    assert only(check(pulled)) == {}


@pytest.mark.parametrize("direction", ["pull", "push"])
def test_what_only_comes_in_may_differ_and_what_only_goes_out_may_not(
    pulled: Connection, linked: str, direction: str
) -> None:
    FieldMap.objects.filter(object="Contact", field="title").update(direction=direction)
    edit_silently(linked, title="Edited")
    assert only(check(pulled)) == ({"different": 1} if direction == "push" else {})


def test_an_owner_whom_salesforce_cannot_be_told_is_no_difference(pulled: Connection, linked: str) -> None:
    edit_silently(linked, owner=make_user())
    assert only(check(pulled)) == {}


def test_an_open_question_is_no_difference(
    pulled: Connection, seller: Seller, desk: Desk, linked: str
) -> None:
    FieldMap.objects.filter(object="Contact", field="title").update(conflict="ask")
    edit_silently(linked, title="Edited")
    seller.change("Contact", linked, Title="There")
    live.pull(pulled)
    assert FieldConflict.objects.filter(state="open").count() == 1
    assert only(check(pulled)) == {}


def test_what_a_match_kept_is_no_difference(pulled: Connection, seller: Seller, desk: Desk) -> None:
    mail = f"{uuid4().hex}@same.example"
    with uncaptured():
        Contact.objects.create(last_name="Same", email=mail, title="Only here")
    seller.create("Contact", LastName="Same", Email=mail)
    live.pull(pulled, trigger=SyncRun.Trigger.MANUAL)
    assert Contact.objects.get(email=mail).title == "Only here"
    assert only(check(pulled)) == {}


def test_a_field_whose_map_just_changed_is_no_difference(pulled: Connection, linked: str) -> None:
    edit_silently(linked, title="Edited")
    live.save_map(pulled, "Contact", "Title")
    assert only(check(pulled)) == {}


def test_a_reference_that_nobody_made_blank_is_no_difference(
    pulled: Connection, seller: Seller, linked: str
) -> None:
    """Its account was let go here, and comes back: nobody took the person out of it."""
    account = seller.create("Account", Name="Back again")
    seller.change("Contact", linked, AccountId=account)
    live.pull(pulled)
    edit_silently(linked, account=None)
    assert only(check(pulled)) == {}
