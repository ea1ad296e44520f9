"""Merges made here while a pull is on its way (spec C9)."""

from datetime import timedelta
from typing import Any

import pytest

from crm.models import Account, Contact, Record
from crm.tests.factories import make_account, make_contact
from integrations.merging.here import merge_here
from integrations.models import Connection, OutboxEntry, RecordLink
from integrations.tests import factories
from integrations.tests.factories import NOW, row
from integrations.tests.pull.pulling import before, pull_rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def live() -> Connection:
    live = factories.connection()
    factories.schemas(live)
    return live


def merge(loser: Record, survivor: Record) -> None:
    OutboxEntry.objects.all().delete()
    merge_here(kind=survivor.kind, survivor_id=survivor.pk, loser_id=loser.pk, user=None, now=NOW)


def pulled_people(live: Connection, **values: Any) -> tuple[Contact, Contact]:
    rows = [row("Contact", 1, LastName="Loser"), row("Contact", 2, LastName="Survivor")]
    pull_rows(live, "Contact", [one | values for one in rows])
    return Contact.objects.get(last_name="Loser"), Contact.objects.get(last_name="Survivor")


@pytest.mark.parametrize("change", [{"Title": "Changed there"}, {"IsDeleted": True}])
def test_what_a_chunk_read_of_the_merged_one_doesnt_reach_the_survivor(
    live: Connection, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    loser, survivor = pulled_people(live)
    before(monkeypatch, "FOR NO KEY UPDATE", lambda: merge(loser, survivor))
    late = NOW + timedelta(minutes=1)
    pull_rows(live, "Contact", [row("Contact", 1, late, LastName="Loser", **change)])
    survivor.refresh_from_db()
    assert (survivor.last_name, survivor.title) == ("Survivor", "")
    assert RecordLink.objects.get(salesforce_id=factories.salesforce_id("003", 1)).state == "tombstone"


def test_a_new_one_with_its_e_mail_doesnt_wake_a_merged_person(live: Connection) -> None:
    loser, survivor = make_contact(email="was@x.example"), make_contact(email="is@x.example")
    merge(loser, survivor)
    pull_rows(live, "Contact", [row("Contact", 9, LastName="New", Email="was@x.example")], trigger="manual")
    assert Contact.objects.get(last_name="New").pk not in (loser.pk, survivor.pk)


def test_what_refers_to_the_merged_account_there_belongs_to_the_survivor(live: Connection) -> None:
    pull_rows(live, "Account", [row("Account", 1, Name="Old"), row("Account", 2, Name="New")])
    old, new = (Account.objects.get(name=name) for name in ("Old", "New"))
    there = factories.salesforce_id("001", 1)
    pull_rows(live, "Contact", [row("Contact", 1, LastName="Before", AccountId=there)])
    merge(old, new)
    late = NOW + timedelta(minutes=1)
    pull_rows(live, "Contact", [row("Contact", 1, late, LastName="Before", Title="x", AccountId=there)])
    pull_rows(live, "Contact", [row("Contact", 2, late, LastName="After", AccountId=there)])
    assert set(Contact.objects.values_list("account", flat=True)) == {new.pk}


def test_a_survivor_without_a_link_is_no_match_for_the_merged_ones_record(live: Connection) -> None:
    account = make_account(name="Acme")
    other = make_account(name="Acme")
    merge(other, account)
    pull_rows(live, "Account", [row("Account", 1, Name="Acme")], trigger="manual")
    assert RecordLink.objects.get().record_id == account.pk
