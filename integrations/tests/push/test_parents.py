"""Children wait for their parents, never for ever."""

from datetime import timedelta

import pytest

from crm import journal
from crm.models import Account, Contact, ContactRole, Deal, DealStage
from integrations import failpoints
from integrations.models import Connection, OutboxEntry, RecordLink, SyncSettings
from integrations.sync import due
from integrations.sync.push.drain import drain
from integrations.tests.pull import live
from integrations.tests.push.pushing import Desk, fault, push_once, states
from integrations.tests.sandbox_process import SandboxOrg

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_parent_in_a_backfill_is_called_to_the_front(desk: Desk) -> None:
    for n in range(4):
        account = desk.create(Account, name=f"Queue {n} Ltd")
    OutboxEntry.objects.update(live=False, backfill=True)
    person = desk.create(Contact, last_name="Child", account=account)
    org = live.door(desk.connection)
    drain(desk.connection, org, clock=desk.clock, seconds=60, most=1)
    org.close()
    order = list(RecordLink.objects.order_by("id").values_list("kind", "record_id"))
    assert order[1:3] == [("account", account.pk), ("contact", person.pk)]


def test_children_of_a_parent_that_a_pull_adopted_are_swept(desk: Desk, org: SandboxOrg) -> None:
    account = desk.create(Account, name="Adopted Ltd")
    fault(org, "cut_after", operation="create")
    push_once(desk)
    desk.create(Contact, last_name="Waits", account=account)
    OutboxEntry.objects.filter(state="unknown").update(not_before=desk.clock() + timedelta(minutes=5))
    desk.push()
    live.pull(desk.connection)
    assert states() == [("contact", "held")]
    assert due.to_push(desk.clock())


@pytest.mark.parametrize("known", [False, True], ids=["a new person", "a linked person"])
def test_a_parent_that_comes_as_its_child_begins_to_wait_takes_it_along(
    desk: Desk, org: SandboxOrg, known: bool
) -> None:
    person = desk.create(Contact, last_name="Begins to wait") if known else Contact(last_name="Is new")
    desk.push_all()
    account = desk.create(Account, name=f"Comes as {person} waits")
    fault(org, "cut_after", operation="create")
    push_once(desk)
    OutboxEntry.objects.filter(state="unknown").update(not_before=desk.clock() + timedelta(minutes=5))
    with journal.acting(None, "web"):
        person.account = account
        person.save()
    failpoints.arm("push.waits", lambda: live.pull(desk.connection))
    desk.push()
    assert desk.link_of(person).base["AccountId"] == desk.link_of(account).salesforce_id


def test_roles_linked_in_an_org_before_this_one_go_out(desk: Desk) -> None:
    stage = DealStage.objects.filter(pipeline__locked=True).first()
    SyncSettings.objects.update(deals_push_new=False)
    deal = desk.create(Deal, name="Old org", close_date="2026-12-31", stage=stage)
    person = desk.create(Contact, last_name="Old org")
    role = desk.create(ContactRole, deal=deal, contact=person, role="Decision Maker")
    desk.push_all()
    now = desk.clock()
    before = Connection.objects.create(login_url="x", client_id="x", connected_at=now, disconnected_at=now)
    RecordLink.objects.create(
        connection=before,
        salesforce_object="OpportunityContactRole",
        salesforce_id="00K000000000001AAA",
        kind="contact_role",
        record_id=role.pk,
    )
    SyncSettings.objects.update(deals_push_new=True)
    desk.change(deal, name="New org")
    desk.push_all()
    assert RecordLink.objects.filter(
        connection=desk.connection, kind="contact_role", record_id=role.pk
    ).exists()
