"""Contact roles pulled, and through their life (spec G4): a change there, and what stands here after the next pull."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from crm import journal
from crm.models import Contact, ContactRole, Deal, JournalEntry
from integrations.models import (
    Connection,
    ObjectSchema,
    OutboxEntry,
    RecordLink,
    SyncedObject,
    SyncError,
    SyncRun,
    SyncSettings,
)
from integrations.sync.pull.role_plan import ROLE
from integrations.sync.pull.runs import start_check
from integrations.sync.push.drain import drain
from integrations.tests.pull import live
from integrations.tests.pull.live import Clock, link_of
from integrations.tests.pull.seller import Seller
from integrations.tests.sandbox_process import SandboxOrg

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Desk:
    """A connected workspace beside somebody who works in the org."""

    connection: Connection
    seller: Seller
    org: SandboxOrg

    def pull(self, **options: Any) -> dict[str, int]:
        """What the pull counted of roles."""
        return live.counts(live.pull(self.connection, **options), ROLE)

    def push(self) -> None:
        drain(self.connection, live.door(self.connection), clock=Clock(), seconds=30)

    def made(self, name: str, **values: Any) -> str:
        needed = {
            "Contact": {"LastName": "In a deal"},
            "Opportunity": {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2030-01-01"},
            "Lead": {"LastName": "Lead", "Company": "Ltd"},
        }
        return self.seller.create(name, **(needed.get(name, {}) | values))

    def team(self, **values: Any) -> tuple[str, str, str]:
        """The ids of a deal, a person and the role, pulled."""
        deal, person = self.made("Opportunity"), self.made("Contact")
        role = self.made(ROLE, OpportunityId=deal, ContactId=person, Role="Evaluator", **values)
        self.pull()
        return deal, person, role

    def there(self, role: str) -> dict[str, Any]:
        return self.seller.one(f"SELECT ContactId, Role, IsPrimary FROM {ROLE} WHERE Id = '{role}'")


@pytest.fixture
def desk(connection: Connection, seller: Seller, demo_org: SandboxOrg) -> Desk:
    live.first_pull(connection)
    return Desk(connection, seller, demo_org)


def record_of(model: type[Any], salesforce_id: str) -> Any:
    return model.objects.get(pk=link_of(salesforce_id).record_id)


def roles_of(deal: str) -> list[tuple[str, str, bool]]:
    """Person, role and mark, as they stand here."""
    found = ContactRole.objects.filter(deal=link_of(deal).record_id).order_by("pk")
    return [(str(role.contact), role.role, role.is_primary) for role in found]


def test_the_first_pull_brings_the_roles(desk: Desk) -> None:
    there = desk.org.control("GET", f"/query?q=SELECT+Id+FROM+{ROLE}")["records"]
    assert there
    assert ContactRole.objects.count() == len(there)
    assert RecordLink.objects.filter(kind="contact_role", state="linked").count() == len(there)
    assert not OutboxEntry.objects.exists()


def test_nothing_changed_is_nothing_done(desk: Desk) -> None:
    desk.pull()
    assert not {"created", "updated", "deleted"} & desk.pull(full=True).keys()


def test_a_role_made_there_comes_with_its_values(desk: Desk) -> None:
    deal, _, _ = desk.team(IsPrimary=True)
    assert roles_of(deal) == [("In a deal", "Evaluator", True)]


CHANGES_THERE: dict[str, tuple[Callable[[Desk, str], None], list[tuple[str, str, bool]]]] = {
    "another role": (
        lambda desk, role: desk.seller.change(ROLE, role, Role="Decision Maker"),
        [("In a deal", "Decision Maker", False)],
    ),
    "made primary": (
        lambda desk, role: desk.seller.change(ROLE, role, IsPrimary=True),
        [("In a deal", "Evaluator", True)],
    ),
    "blanked": (lambda desk, role: desk.seller.change(ROLE, role, Role=None), [("In a deal", "", False)]),
    "taken away": (lambda desk, role: desk.seller.delete(ROLE, role), []),
}


@pytest.mark.parametrize("change", CHANGES_THERE)
def test_a_change_there_is_one_here(desk: Desk, change: str) -> None:
    act, expected = CHANGES_THERE[change]
    deal, _, role = desk.team()
    act(desk, role)
    desk.pull()
    assert roles_of(deal) == expected
    assert not OutboxEntry.objects.exists()


def test_a_role_moved_there_to_another_person_moves_here(desk: Desk) -> None:
    deal, _, role = desk.team()
    desk.seller.change(ROLE, role, ContactId=desk.made("Contact", LastName="Takes over"))
    desk.pull()
    assert roles_of(deal) == [("Takes over", "Evaluator", False)]


def test_the_history_names_the_run_that_took_it_away(desk: Desk) -> None:
    _, _, role = desk.team()
    pk = link_of(role).record_id
    desk.seller.delete(ROLE, role)
    run = live.pull(desk.connection)
    entry = JournalEntry.objects.get(kind="contact_role", record_id=pk or 0, action="deleted")
    assert (entry.origin, entry.run) == ("pull", run.children.get(object=ROLE).pk)
    assert link_of(role).state == "gone"


def test_one_person_may_be_two_things_to_a_deal(desk: Desk) -> None:
    deal, person, _ = desk.team()
    desk.made(ROLE, OpportunityId=deal, ContactId=person, Role="Decision Maker")
    desk.pull()
    assert [role for _, role, _ in roles_of(deal)] == ["Evaluator", "Decision Maker"]


def test_the_mark_moves_as_it_does_there_and_nothing_goes_back(desk: Desk) -> None:
    deal, _, _ = desk.team(IsPrimary=True)
    second = desk.made(
        ROLE, OpportunityId=deal, ContactId=desk.made("Contact", LastName="Second"), IsPrimary=True
    )
    desk.pull()
    assert [primary for _, _, primary in roles_of(deal)] == [False, True]
    desk.push()
    assert desk.there(second)["IsPrimary"]


def test_the_mark_given_here_is_taken_from_the_other_on_both_sides(desk: Desk) -> None:
    deal, _, first = desk.team(IsPrimary=True)
    second = desk.made(ROLE, OpportunityId=deal, ContactId=desk.made("Contact", LastName="Second"))
    desk.pull()
    with journal.acting(None, "web"):
        ContactRole.objects.filter(pk=link_of(second).record_id or 0).update(is_primary=True)
    assert [primary for _, _, primary in roles_of(deal)] == [False, True]
    desk.push()
    assert (desk.there(first)["IsPrimary"], desk.there(second)["IsPrimary"]) == (False, True)
    desk.pull()
    desk.push()
    assert [primary for _, _, primary in roles_of(deal)] == [False, True]
    assert not OutboxEntry.objects.exists()


# Both sides


def edit(salesforce_id: str, **values: Any) -> None:
    with journal.acting(None, "web"):
        ContactRole.objects.filter(pk=link_of(salesforce_id).record_id or 0).update(**values)


def test_an_edit_here_stays_while_the_other_field_changes_there(desk: Desk) -> None:
    deal, _, role = desk.team()
    edit(role, role="Ours")
    desk.seller.change(ROLE, role, IsPrimary=True)
    desk.pull()
    assert roles_of(deal) == [("In a deal", "Ours", True)]
    desk.push()
    assert (desk.there(role)["Role"], desk.there(role)["IsPrimary"]) == ("Ours", True)


@pytest.mark.parametrize("first", ["pull", "push"])
def test_where_both_changed_it_salesforce_wins_whichever_comes_first(desk: Desk, first: str) -> None:
    deal, _, role = desk.team()
    edit(role, role="Ours")
    desk.seller.change(ROLE, role, Role="Theirs")
    getattr(desk, first)()
    desk.push()
    assert roles_of(deal) == [("In a deal", "Theirs", False)]
    assert desk.there(role)["Role"] == "Theirs"
    assert not OutboxEntry.objects.exists()


def test_an_update_is_read_before_it_is_written(desk: Desk) -> None:
    deal, _, role = desk.team()
    desk.seller.change(ROLE, role, IsPrimary=True)
    edit(role, role="Ours")
    desk.push()
    assert roles_of(deal) == [("In a deal", "Ours", True)]


def test_an_edit_of_what_was_taken_away_there_goes_with_it(desk: Desk) -> None:
    deal, _, role = desk.team()
    desk.seller.delete(ROLE, role)
    edit(role, role="Too late")
    desk.push()
    desk.pull()
    desk.push()
    assert roles_of(deal) == []
    assert not OutboxEntry.objects.exists()
    assert not SyncError.objects.exclude(state="closed").exists()


def test_the_same_role_made_on_both_sides_is_one(desk: Desk) -> None:
    deal, person = desk.made("Opportunity"), desk.made("Contact")
    desk.pull()
    with journal.acting(None, "web"):
        ContactRole.objects.create(
            deal=record_of(Deal, deal), contact=record_of(Contact, person), role="Buyer"
        )
    role = desk.made(ROLE, OpportunityId=deal, ContactId=person)
    assert desk.pull()["matched"] == 1
    desk.push()
    assert roles_of(deal) == [("In a deal", "Buyer", False)]
    assert desk.there(role)["Role"] == "Buyer"


# Parents


def test_a_role_waits_until_its_person_is_seen(desk: Desk) -> None:
    person, deal = desk.made("Contact", LastName="Late"), desk.made("Opportunity")
    role = desk.made(ROLE, OpportunityId=deal, ContactId=person, Role="Evaluator")
    live.finish(live.start(desk.connection, objects=["Opportunity"]))
    assert (link_of(role).state, link_of(role).suppressed_by) == ("suppressed", person)
    assert roles_of(deal) == []
    desk.org.control("POST", "/clock", {"advance": 1200})
    desk.pull()
    assert roles_of(deal) == [("Late", "Evaluator", False)]


def test_a_role_of_a_deal_outside_the_filter_comes_with_the_deal(desk: Desk) -> None:
    shown = {"field": "NextStep", "operator": "eq", "value": "Show"}
    SyncSettings.objects.update(filters={"Opportunity": [shown]})
    deal = desk.made("Opportunity")
    role = desk.made(ROLE, OpportunityId=deal, ContactId=desk.made("Contact"), Role="Evaluator")
    desk.pull()
    assert link_of(role).state == "suppressed"
    desk.org.control("POST", "/clock", {"advance": 1200})
    desk.seller.change("Opportunity", deal, NextStep="Show")
    desk.pull()
    assert roles_of(deal) == [("In a deal", "Evaluator", False)]


@pytest.mark.parametrize("name", ["Opportunity", "Contact"])
@pytest.mark.parametrize("sync", [True, False])
def test_a_role_goes_or_stays_with_what_was_deleted_there(desk: Desk, name: str, sync: bool) -> None:
    SyncSettings.objects.update(deals_delete_sync=sync, contacts_delete_sync=sync)
    deal, person, role = desk.team()
    pk = link_of(role).record_id
    desk.seller.delete(name, {"Opportunity": deal, "Contact": person}[name])
    desk.pull()
    assert link_of(role).state == "gone"
    assert ContactRole.objects.filter(pk=pk or 0).exists() is not sync
    desk.push()
    assert not OutboxEntry.objects.exists()


@pytest.mark.parametrize("sync", [True, False])
@pytest.mark.parametrize("fails", [True, False], ids=["contacts fail", "deals only"])
def test_a_deleted_role_is_judged_once_its_person_is_read(desk: Desk, fails: bool, sync: bool) -> None:
    SyncSettings.objects.update(contacts_delete_sync=sync)
    deal, person, _ = desk.team()
    taken = desk.made(ROLE, OpportunityId=deal, ContactId=desk.made("Contact", LastName="Taken away"))
    desk.pull()
    desk.seller.delete("Contact", person)
    desk.seller.delete(ROLE, taken)
    desk.org.control("POST", "/clock", {"advance": 1200})
    run = live.start(desk.connection, objects=None if fails else ["Opportunity"])
    run.children.filter(object="Contact").update(state="failed")
    live.finish(run)
    assert len(roles_of(deal)) == 2
    desk.pull()
    assert roles_of(deal) == ([] if sync else [("In a deal", "Evaluator", False)])


def test_a_deal_undeleted_there_brings_its_roles_back(desk: Desk) -> None:
    SyncSettings.objects.update(deals_delete_sync=True)
    deal, _, _ = desk.team()
    desk.seller.delete("Opportunity", deal)
    desk.pull()
    desk.org.control("POST", f"/records/Opportunity/{deal}/undelete", {})
    desk.pull()
    assert roles_of(deal) == [("In a deal", "Evaluator", False)]


@pytest.mark.parametrize("sync", [True, False])
def test_a_deal_deleted_here_takes_its_roles_as_its_own_switch_says(desk: Desk, sync: bool) -> None:
    SyncSettings.objects.update(deals_delete_sync=sync)
    deal, _, role = desk.team()
    with journal.acting(None, "web"):
        record_of(Deal, deal).delete()
    desk.push()
    desk.pull(full=True)
    desk.push()
    rows = desk.org.control("GET", f"/query?all=1&q=SELECT+IsDeleted+FROM+{ROLE}+WHERE+Id='{role}'")
    assert rows["records"][0]["IsDeleted"] is sync
    assert not OutboxEntry.objects.exists()
    assert not SyncError.objects.exclude(state="closed").exists()


def test_a_role_taken_away_here_is_deleted_there_and_stays_away(desk: Desk) -> None:
    deal, _, role = desk.team()
    with journal.acting(None, "web"):
        ContactRole.objects.get(pk=link_of(role).record_id or 0).delete()
    desk.push()
    desk.pull(full=True)
    assert roles_of(deal) == []
    assert link_of(role).state == "gone"


# Who is one with another


@pytest.mark.parametrize("sync", [True, False], ids=["mirrored", "not mirrored"])
def test_roles_follow_people_merged_there(desk: Desk, sync: bool) -> None:
    SyncSettings.objects.update(contacts_merge_sync=sync)
    deal, loser, _ = desk.team()
    master = desk.made("Contact", LastName="Stays")
    desk.made(ROLE, OpportunityId=deal, ContactId=master, Role="Decision Maker")
    desk.pull()
    desk.org.control("POST", f"/records/Contact/{master}/merge", {"losers": [loser]})
    desk.pull()
    assert sorted(roles_of(deal)) == [("Stays", "Decision Maker", False), ("Stays", "Evaluator", False)]
    desk.push()
    assert not OutboxEntry.objects.exists()


def test_a_lead_in_a_deal_here_is_in_it_there_once_it_is_a_contact(desk: Desk) -> None:
    lead, deal = desk.made("Lead", Email="role@lead.example"), desk.made("Opportunity")
    desk.pull()
    with journal.acting(None, "web"):
        role = ContactRole.objects.create(
            deal=record_of(Deal, deal), contact=record_of(Contact, lead), role="Buyer"
        )
    desk.push()
    assert not RecordLink.objects.filter(kind="contact_role", record_id=role.pk).exists()
    contact = desk.made("Contact", LastName="Contact", Email="role@lead.example")
    desk.pull()
    desk.push()
    link = RecordLink.objects.get(kind="contact_role", record_id=role.pk)
    assert desk.there(link.salesforce_id)["ContactId"] == contact


# What isn't shown


def test_no_roles_to_see_is_no_failed_pull(desk: Desk) -> None:
    ObjectSchema.objects.filter(name=ROLE).delete()
    run = live.pull(desk.connection, follow_schema=False)
    assert run.state == "succeeded"
    child = run.children.get(object=ROLE)
    assert (child.state, child.error_code) == ("cancelled", "UNREADABLE_OBJECT")
    assert "read access" in child.error


def test_without_deals_there_are_no_roles(desk: Desk) -> None:
    SyncSettings.objects.update(pull_deals=False)
    run = live.pull(desk.connection)
    assert not run.children.filter(object__in=["Opportunity", ROLE]).exists()


def test_a_repair_takes_no_role_away_and_the_next_pull_does(desk: Desk) -> None:
    deal, _, role = desk.team()
    desk.seller.delete(ROLE, role)
    desk.org.control("POST", "/clock", {"advance": 1200})
    SyncedObject.objects.filter(name=ROLE).update(watermark=Clock()() + timedelta(hours=1))
    check = start_check(
        connection=desk.connection, trigger=SyncRun.Trigger.MANUAL, repairs=True, now=Clock()()
    )
    assert live.finish(check).state == "succeeded"
    assert roles_of(deal)
    desk.pull()
    assert not roles_of(deal)
