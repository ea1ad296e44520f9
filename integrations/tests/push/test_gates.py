"""What may go out, and as what (spec D1-D6)."""

import pytest

from crm.models import Account, Contact, ContactStage, Deal, DealStage
from integrations.models import OutboxEntry, RecordLink, SyncSettings
from integrations.sync.push.drain import may_push
from integrations.tests.pull.seller import Seller
from integrations.tests.push.pushing import Desk

pytestmark = pytest.mark.django_db(transaction=True)


def choose(**values: object) -> None:
    SyncSettings.objects.update(**values)


def test_a_new_record_that_may_not_go_loses_its_row(desk: Desk) -> None:
    choose(people_push_new=False)
    desk.create(Contact, last_name="Stays")
    assert desk.push().created == 0
    assert not OutboxEntry.objects.exists()


def test_a_later_save_goes_out_once_pushing_is_on(desk: Desk) -> None:
    choose(people_push_new=False)
    person = desk.create(Contact, last_name="Later")
    desk.push()
    choose(people_push_new=True)
    assert desk.push().created == 0
    desk.change(person, title="Buyer")
    assert desk.push().created == 1


@pytest.mark.parametrize(
    ("only", "stage", "goes"),
    [
        (["Hot"], "Hot", True),
        (["Hot"], "Cold", False),
        (["Hot"], None, False),
        ([None], None, True),
        ([None, "Hot"], "Cold", False),
        ([], "Hot", False),
        (None, "Cold", True),
    ],
)
def test_new_people_go_out_at_certain_stages_only(
    desk: Desk, only: list[str | None] | None, stage: str | None, goes: bool
) -> None:
    choose(people_only_stages=only)
    at = ContactStage.objects.create(name=stage) if stage else None
    desk.create(Contact, last_name="Staged", stage=at)
    assert desk.push().created == int(goes)


def test_a_linked_record_goes_out_whatever_the_settings_say(desk: Desk) -> None:
    person = desk.create(Contact, last_name="Linked")
    desk.push()
    choose(people_push_new=False, people_only_stages=[])
    desk.change(person, title="Buyer")
    assert desk.push().updated == 1


def test_a_lead_carries_its_accounts_name_and_no_account(desk: Desk, seller: Seller) -> None:
    choose(people_create_as="lead")
    account = desk.create(Account, name="Lead Mode Ltd")
    person = desk.create(Contact, last_name="Lead", account=account)
    desk.push()
    link = desk.link_of(person)
    assert link.salesforce_object == "Lead"
    assert "Company" not in link.base
    there = seller.one(f"SELECT Company FROM Lead WHERE Id = '{link.salesforce_id}'")
    assert there["Company"] == "Lead Mode Ltd"


def test_an_account_goes_first_whatever_its_setting_says(desk: Desk) -> None:
    choose(accounts_push_new=False, accounts_only_stages=[])
    account = desk.create(Account, name="Needed Ltd")
    desk.push()
    assert not RecordLink.objects.filter(kind="account", record_id=account.pk).exists()
    desk.create(Contact, last_name="Needs", account=account)
    assert desk.push().created == 2
    assert desk.link_of(account)


@pytest.mark.parametrize(("there", "adopted"), [(1, 1), (0, 0), (2, 0)])
def test_an_account_that_is_there_once_is_linked_not_made(
    desk: Desk, seller: Seller, there: int, adopted: int
) -> None:
    name = f"Found {there}"
    for _ in range(there):
        seller.create("Account", Name=name)
    account = desk.create(Account, name=name)
    OutboxEntry.objects.all().delete()
    desk.create(Contact, last_name="Chooses", account=account)
    tally = desk.push()
    assert (tally.adopted, tally.created) == (adopted, 2 - adopted)


def test_the_accounts_domain_counts_before_its_name(desk: Desk, seller: Seller) -> None:
    by_domain = seller.create("Account", Name="Other name", Website="https://www.domain-first.example")
    seller.create("Account", Name="Domain First")
    account = desk.create(Account, name="Domain First", domain="domain-first.example")
    OutboxEntry.objects.all().delete()
    desk.create(Contact, last_name="Domain", account=account)
    desk.push()
    assert desk.link_of(account).salesforce_id == by_domain


def test_a_deals_account_goes_first_too(desk: Desk) -> None:
    choose(accounts_push_new=False)
    account = desk.create(Account, name="Deal Ltd")
    stage = DealStage.objects.filter(pipeline__locked=True).first()
    deal = desk.create(Deal, name="Deal", close_date="2026-12-31", stage=stage, account=account)
    desk.push()
    assert desk.link_of(deal).base["AccountId"] == desk.link_of(account).salesforce_id


@pytest.mark.parametrize(
    "state", [{"activated_at": None}, {"paused_at": "2026-01-01T00:00Z"}, {"read_only": True}]
)
def test_nothing_leaves_while_nothing_may(desk: Desk, state: dict[str, object]) -> None:
    desk.create(Contact, last_name="Waits")
    for name, value in state.items():
        setattr(desk.connection, name, value)
    desk.connection.save()
    assert desk.push().created == 0
    desk.connection.refresh_from_db()
    assert not may_push(desk.connection, desk.clock())
    assert OutboxEntry.objects.get().state == "pending"
