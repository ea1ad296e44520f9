"""Owners go both ways between a workspace and an org (spec O1), and D11's inactive ones don't."""

from collections.abc import Callable
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import transaction

from crm.models import Account, Contact, Deal, DealStage, User
from crm.tests.factories import make_user
from integrations.models import (
    Connection,
    OutboxEntry,
    SalesforceOwner,
    SyncError,
    SyncRun,
    SyncSettings,
)
from integrations.sync.owners import Choice, correct_owner, follow_owners, match_owners
from integrations.sync.reassigning import hand_over, settle_moves
from integrations.tests.pull import live
from integrations.tests.pull.pulling import before, start_meanwhile
from integrations.tests.pull.seller import Seller
from integrations.tests.push.pushing import Desk, fault, push_once, states
from integrations.tests.sandbox_process import SandboxOrg

pytestmark = pytest.mark.django_db(transaction=True)

SALLY, STEFAN = "sales@acme.example", "staff@acme.example"
FORMER = "former.rep@acme.example"


@pytest.fixture
def sally(connection: Connection) -> User:
    """Sally works on both sides, and so does Stefan."""
    sally = make_user(email=SALLY.upper(), first_name="Sally")
    make_user(email=STEFAN, first_name="Stefan")
    match_owners(connection)
    return sally


@pytest.fixture
def ulla(connection: Connection) -> User:
    """Ulla works here only."""
    return make_user(email="ulla@acme.example", first_name="Ulla")


def id_of(email: str) -> str:
    return SalesforceOwner.objects.get(email=email).salesforce_id


def new_deal(desk: Desk, **values: Any) -> Deal:
    stage = DealStage.objects.filter(pipeline__locked=True).first()
    return desk.create(Deal, name="Big", close_date="2026-12-31", stage=stage, **values)  # type: ignore[no-any-return]


def new_lead(desk: Desk, **values: Any) -> Contact:
    SyncSettings.objects.update(people_create_as="lead")
    return desk.create(Contact, last_name="Lead", company_name="Acme", **values)  # type: ignore[no-any-return]


KINDS: dict[str, Callable[..., Any]] = {
    "Account": lambda desk, **values: desk.create(Account, name="Owned Ltd", **values),
    "Contact": lambda desk, **values: desk.create(Contact, last_name="Owned", **values),
    "Lead": new_lead,
    "Opportunity": new_deal,
}


def owner_there(seller: Seller, name: str, desk: Desk, record: Any) -> str:
    id = desk.link_of(record).salesforce_id
    return str(seller.one(f"SELECT OwnerId FROM {name} WHERE Id = '{id}'")["OwnerId"])


@pytest.mark.parametrize("name", KINDS)
def test_a_new_record_is_its_creators_there(name: str, desk: Desk, seller: Seller, sally: User) -> None:
    record = KINDS[name](desk, owner=sally)
    desk.push_all()
    assert owner_there(seller, name, desk, record) == id_of(SALLY)


@pytest.mark.parametrize("name", KINDS)
def test_another_owner_here_is_the_owner_there(name: str, desk: Desk, seller: Seller, sally: User) -> None:
    record = KINDS[name](desk, owner=sally)
    desk.push_all()
    desk.change(record, owner=User.objects.get(email=STEFAN))
    assert desk.push().updated == 1
    assert owner_there(seller, name, desk, record) == id_of(STEFAN)


@pytest.mark.parametrize("name", KINDS)
def test_another_owner_there_is_the_owner_here(
    name: str, connection: Connection, desk: Desk, seller: Seller, sally: User
) -> None:
    record = KINDS[name](desk, owner=sally)
    desk.push_all()
    seller.change(name, desk.link_of(record).salesforce_id, OwnerId=id_of(STEFAN))
    live.pull(connection, trigger=SyncRun.Trigger.MANUAL)
    record.refresh_from_db()
    assert record.owner.email == STEFAN
    assert not OutboxEntry.objects.exists()


def test_an_owner_whom_nobody_is_here_keeps_their_id(
    connection: Connection, desk: Desk, seller: Seller, sally: User
) -> None:
    person = desk.create(Contact, last_name="Theirs", owner=sally)
    desk.push()
    seller.change("Contact", desk.link_of(person).salesforce_id, OwnerId=id_of("priya@acme.example"))
    live.pull(connection, trigger=SyncRun.Trigger.MANUAL)
    person.refresh_from_db()
    assert person.owner is None
    assert desk.link_of(person).base["OwnerId"] == id_of("priya@acme.example")


def test_a_push_that_meets_another_owner_keeps_the_map_still(
    connection: Connection,
    desk: Desk,
    seller: Seller,
    sally: User,
    ulla: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Priya becomes Ulla while the push merges what it read."""
    person = desk.create(Contact, last_name="Theirs", owner=sally)
    desk.push()
    seller.change("Contact", desk.link_of(person).salesforce_id, OwnerId=id_of("priya@acme.example"))
    desk.change(person, phone="+44 20")
    others: list[Thread] = []
    by_hand = Choice(by_hand=True, user=ulla)

    def correct() -> None:
        correct_owner(connection, id_of("priya@acme.example"), by_hand, actor=ulla, now=desk.clock())

    before(monkeypatch, "SET base = ", lambda: others.append(start_meanwhile(correct)))
    desk.push()
    others[0].join()
    person.refresh_from_db()
    assert (person.owner, person.phone) == (ulla, "+44 20")
    assert not OutboxEntry.objects.exists()


def test_a_push_neither_waits_for_records_that_follow_nor_sends_them(
    connection: Connection, desk: Desk, seller: Seller, sally: User, ulla: User
) -> None:
    person = desk.create(Contact, last_name="Theirs", owner=sally)
    desk.push()
    with transaction.atomic():
        hand_over(SalesforceOwner.objects.get(email=SALLY), ulla)
    desk.change(person, phone="+44 20")
    assert desk.push().updated == 1
    assert owner_there(seller, "Contact", desk, person) == id_of(SALLY)
    assert not OutboxEntry.objects.exists()
    settle_moves()
    person.refresh_from_db()
    assert person.owner == ulla


@pytest.fixture
def queue(org: SandboxOrg, connection: Connection) -> str:
    made = org.control("POST", "/records/Group", {"records": [{"Name": "Inbound", "Type": "Queue"}]})
    door = live.door(connection)
    follow_owners(connection, door)
    door.close()
    return str(made["ids"][0])


def test_a_queues_lead_is_nobodys_here_until_somebody_takes_it(
    connection: Connection, desk: Desk, seller: Seller, sally: User, queue: str
) -> None:
    lead = new_lead(desk, owner=sally)
    desk.push()
    seller.change("Lead", desk.link_of(lead).salesforce_id, OwnerId=queue)
    live.pull(connection, trigger=SyncRun.Trigger.MANUAL)
    lead.refresh_from_db()
    assert lead.owner is None
    desk.change(lead, owner=sally)
    assert desk.push().updated == 1
    assert owner_there(seller, "Lead", desk, lead) == id_of(SALLY)


def test_a_queue_may_take_a_lead_from_a_person(
    connection: Connection, desk: Desk, seller: Seller, sally: User, queue: str
) -> None:
    lead = new_lead(desk, owner=sally)
    desk.push()
    seller.change("Lead", desk.link_of(lead).salesforce_id, OwnerId=queue)
    live.pull(connection, trigger=SyncRun.Trigger.MANUAL)
    lead.refresh_from_db()
    assert lead.owner is None
    assert SalesforceOwner.objects.get(salesforce_id=queue).is_queue


@pytest.mark.parametrize("name", KINDS)
def test_an_owner_without_a_user_there_waits_and_the_rest_goes_out(
    name: str, desk: Desk, seller: Seller, sally: User, ulla: User
) -> None:
    record = KINDS[name](desk, owner=sally)
    desk.push_all()
    desk.change(record, owner=ulla, description="x") if name in ("Account", "Opportunity") else desk.change(
        record, owner=ulla, phone="123"
    )
    tally = desk.push()
    assert (tally.updated, tally.held) == (1, 1)
    error = SyncError.objects.get(state="open")
    assert (error.code, error.field, error.held_by_us) == ("OWNER_NOT_MAPPED", "OwnerId", True)
    assert "Ulla" in error.message
    assert [state for _, state in states()] == ["held"]
    assert owner_there(seller, name, desk, record) == id_of(SALLY)


@pytest.mark.parametrize("name", KINDS)
def test_it_goes_out_by_itself_once_somebody_there_is_mapped(
    name: str, connection: Connection, desk: Desk, seller: Seller, sally: User, ulla: User
) -> None:
    record = KINDS[name](desk, owner=sally)
    desk.push_all()
    desk.change(record, owner=ulla)
    desk.push()
    SalesforceOwner.objects.filter(email="nikos@acme.example").update(user=ulla, by_hand=True)
    match_owners(connection)
    assert desk.push().updated == 1
    assert owner_there(seller, name, desk, record) == id_of("nikos@acme.example")
    assert not OutboxEntry.objects.exists()
    assert not SyncError.objects.exclude(state="closed").exists()


def test_a_pull_meanwhile_leaves_the_owner_chosen_here(
    connection: Connection, desk: Desk, sally: User, ulla: User
) -> None:
    person = desk.create(Contact, last_name="Kept", owner=sally)
    desk.push()
    desk.change(person, owner=ulla)
    desk.push()
    live.pull(connection, trigger=SyncRun.Trigger.MANUAL)
    person.refresh_from_db()
    assert person.owner == ulla


def test_a_new_record_of_somebody_unknown_there_goes_out_and_stays_theirs_here(
    connection: Connection, desk: Desk, seller: Seller, ulla: User
) -> None:
    person = desk.create(Contact, last_name="Ullas", owner=ulla)
    tally = desk.push()
    assert (tally.created, tally.held) == (1, 1)
    assert owner_there(seller, "Contact", desk, person) == connection.sync_user_id
    live.pull(connection, trigger=SyncRun.Trigger.MANUAL)
    person.refresh_from_db()
    assert person.owner == ulla


def test_its_owner_follows_once_mapped(
    connection: Connection, desk: Desk, seller: Seller, ulla: User
) -> None:
    person = desk.create(Contact, last_name="Ullas", owner=ulla)
    desk.push()
    SalesforceOwner.objects.filter(email="nikos@acme.example").update(user=ulla, by_hand=True)
    match_owners(connection)
    desk.push()
    assert owner_there(seller, "Contact", desk, person) == id_of("nikos@acme.example")


def test_nobody_as_owner_here_leaves_salesforces(desk: Desk, seller: Seller, sally: User) -> None:
    person = desk.create(Contact, last_name="Left", owner=sally)
    desk.push()
    desk.change(person, owner=None)
    tally = desk.push()
    assert (tally.held, tally.failed) == (0, 0)
    assert owner_there(seller, "Contact", desk, person) == id_of(SALLY)


@pytest.fixture
def former(connection: Connection) -> User:
    """Here still, in Salesforce no longer."""
    former = make_user(email="former@acme.example", first_name="Ray")
    SalesforceOwner.objects.filter(email=FORMER).update(user=former, by_hand=True)
    return former


def test_an_owner_inactive_there_is_told_before_sending(desk: Desk, sally: User, former: User) -> None:
    person = desk.create(Contact, last_name="Old", owner=sally)
    desk.push()
    desk.change(person, owner=former)
    assert desk.push().failed == 0
    error = SyncError.objects.get(state="open")
    assert (error.code, error.held_by_us) == ("INACTIVE_OWNER_OR_USER", True)
    assert "Former Rep" in error.message


def test_a_new_record_of_an_inactive_owner_is_held_whole(desk: Desk, former: User) -> None:
    desk.create(Contact, last_name="Held", owner=former)
    tally = desk.push()
    assert (tally.created, tally.held) == (0, 1)
    assert states() == [("contact", "held")]


def test_it_goes_out_once_the_owner_is_active_there(
    connection: Connection, desk: Desk, seller: Seller, former: User
) -> None:
    person = desk.create(Contact, last_name="Back", owner=former)
    desk.push()
    SalesforceOwner.objects.filter(email=FORMER).update(user=None)
    SalesforceOwner.objects.filter(email="nikos@acme.example").update(user=former, by_hand=True)
    match_owners(connection)
    assert desk.push().created == 1
    assert owner_there(seller, "Contact", desk, person) == id_of("nikos@acme.example")


def test_a_push_by_hand_sends_it_all_the_same(desk: Desk, former: User) -> None:
    desk.create(Contact, last_name="ByHand", owner=former)
    OutboxEntry.objects.update(manual=True)
    assert desk.push().created == 1


def test_an_owner_still_waits_where_the_creates_answer_was_lost(
    desk: Desk, org: SandboxOrg, ulla: User
) -> None:
    person = desk.create(Contact, last_name="Lost", owner=ulla)
    fault(org, "cut_after", operation="create")
    push_once(desk)
    desk.clock.skip_to(desk.clock() + timedelta(seconds=30))
    assert desk.push().adopted == 1
    desk.push()
    assert SyncError.objects.get(state="open").code == "OWNER_NOT_MAPPED"
    person.refresh_from_db()
    assert (person.owner, states()) == (ulla, [("contact", "held")])
