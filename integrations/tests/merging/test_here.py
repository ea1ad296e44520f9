"""What a merge made here does to links, outbox and journal (spec C9). What the org holds is `test_both_sides`."""

from typing import Any

import pytest

from crm import journal
from crm.comparing import compare
from crm.models import Contact, ContactRole, JournalEntry, Record, User
from crm.tests.factories import make_account, make_contact, make_deal, make_user
from integrations.merging.here import merge_here
from integrations.models import Connection, OutboxEntry, RecordLink, SyncedObject, SyncError
from integrations.sync.merging import settled_pairs
from integrations.sync.refusals import Refused
from integrations.tests import factories
from integrations.tests.factories import NOW, salesforce_id

pytestmark = pytest.mark.django_db
OBJECTS = {"contact": "Contact", "account": "Account", "deal": "Opportunity"}


@pytest.fixture
def live() -> Connection:
    live = factories.connection()
    for name in ("Account", "Contact", "Lead", "Opportunity"):
        SyncedObject.objects.create(connection=live, name=name, linked=10, suppressed=5)
    return live


@pytest.fixture
def user() -> User:
    return make_user(first_name="Mia", last_name="Merger")


def link(live: Connection, record: Record, object_name: str = "", **values: Any) -> RecordLink:
    name = object_name or OBJECTS[record.kind]
    return RecordLink.objects.create(
        connection=live, salesforce_object=name, salesforce_id=salesforce_id(factories.PREFIXES[name], record.pk),
        kind=record.kind, record_id=record.pk, **values,
    )  # fmt: skip


def merge(loser: Record, survivor: Record, user: User | None = None, **more: Any) -> None:
    OutboxEntry.objects.all().delete()  # what making them put there
    merge_here(kind=survivor.kind, survivor_id=survivor.pk, loser_id=loser.pk, user=user, now=NOW, **more)
    survivor.refresh_from_db()


def stands(link: RecordLink) -> tuple[str, int | None, str]:
    link.refresh_from_db()
    return link.state, link.record_id, link.suppressed_by


def counted(live: Connection, name: str) -> tuple[int, int]:
    synced = SyncedObject.objects.get(connection=live, name=name)
    return synced.linked, synced.suppressed


@pytest.mark.parametrize("make", [make_contact, make_account, make_deal])
def test_of_two_links_the_survivors_stays_and_the_other_is_a_tombstone(live: Connection, make: Any) -> None:
    loser, survivor = make(), make()
    ended, kept = link(live, loser), link(live, survivor)
    merge(loser, survivor)
    assert stands(kept) == ("linked", survivor.pk, "")
    assert stands(ended) == ("tombstone", survivor.pk, kept.salesforce_id)
    assert ended.merged_record_id == loser.pk
    assert counted(live, kept.salesforce_object) == (9, 5)
    assert not OutboxEntry.objects.exists()


def test_a_survivor_without_a_link_takes_over_the_others(live: Connection) -> None:
    loser, survivor = make_contact(), make_contact()
    moved = link(live, loser, base={"Title": "CEO"})
    merge(loser, survivor)
    assert stands(moved) == ("linked", survivor.pk, "")
    assert (moved.base, counted(live, "Contact")) == ({"Title": "CEO"}, (10, 5))
    assert OutboxEntry.objects.get().record_id == survivor.pk


def test_a_survivor_that_never_was_in_salesforce_stays_so(live: Connection) -> None:
    loser, survivor = make_contact(), make_contact()
    merge(loser, survivor)
    assert not RecordLink.objects.exists()
    assert not OutboxEntry.objects.exists()


@pytest.mark.parametrize("lead_survives", [True, False])
@pytest.mark.parametrize(
    ("emails", "state", "counts"),
    [(("a@x.example", "a@x.example"), "suppressed", (9, 6)), (("a@x.example", "b@x.example"), "tombstone", (9, 5))],
)  # fmt: skip
def test_of_a_lead_and_a_contact_the_contacts_link_stays(
    live: Connection, lead_survives: bool, emails: tuple[str, str], state: str, counts: tuple[int, int]
) -> None:
    person, other = make_contact(), make_contact()
    lead = link(live, person, "Lead", match_key=emails[0])
    contact = link(live, other, "Contact", match_key=emails[1])
    survivor, loser = (person, other) if lead_survives else (other, person)
    merge(loser, survivor)
    assert stands(contact) == ("linked", survivor.pk, "")
    assert stands(lead) == (state, survivor.pk, contact.salesforce_id)
    assert (counted(live, "Lead"), counted(live, "Contact")) == (counts, (10, 5))


@pytest.mark.parametrize(
    ("email", "state"), [("kept@x.example", "suppressed"), ("old@x.example", "tombstone")]
)
def test_a_lead_left_out_because_of_the_merged_contact_comes_not_back(
    live: Connection, email: str, state: str
) -> None:
    loser, survivor = make_contact(), make_contact()
    ended = link(live, loser, match_key="old@x.example")
    kept = link(live, survivor, match_key="kept@x.example")
    lead = RecordLink.objects.create(
        connection=live, salesforce_object="Lead", salesforce_id=salesforce_id("00Q", 1), kind="contact",
        state="suppressed", suppressed_by=ended.salesforce_id, match_key=email,
    )  # fmt: skip
    merge(loser, survivor)
    assert stands(lead) == (state, survivor.pk, kept.salesforce_id)


def test_links_that_moved_nothing_stand_for_the_survivor(live: Connection) -> None:
    first, second, third = make_contact(), make_contact(), make_contact()
    links = [link(live, record) for record in (first, second, third)]
    merge(first, second)
    merge(second, third)
    assert [stands(one)[:2] for one in links] == [("tombstone", third.pk)] * 2 + [("linked", third.pk)]
    assert counted(live, "Contact") == (8, 5)


def test_links_of_an_ended_connection_follow_too(live: Connection) -> None:
    ended = factories.connection(org_id="00D000000000002EAA", disconnected_at=NOW)
    loser, survivor = make_contact(), make_contact()
    old = link(ended, loser)
    merge(loser, survivor)
    assert stands(old) == ("linked", survivor.pk, "")


def test_hidden_records_are_counted_by_their_links(live: Connection) -> None:
    SyncedObject.objects.update(hidden=3)
    loser, survivor = make_contact(hidden=True), make_contact()
    link(live, loser)
    merge(loser, survivor)
    assert SyncedObject.objects.get(name="Contact").hidden == 2


def test_chosen_values_are_an_edit_of_the_survivor_that_goes_out(live: Connection, user: User) -> None:
    account = make_account()
    loser = make_contact(title="Chair", account=account, custom={"tier": "Gold", "size": 1})
    survivor = make_contact(title="CEO", custom={"size": 2})
    link(live, loser), link(live, survivor)
    merge(loser, survivor, user, take=["title", "account", "custom.tier"])
    assert (survivor.title, survivor.account, survivor.custom) == (
        "Chair",
        account,
        {"tier": "Gold", "size": 2},
    )
    entry = JournalEntry.objects.filter(record_id=survivor.pk, kind="contact").latest("id")
    assert entry.changes["title"] == ["CEO", "Chair"]
    assert (entry.actor, entry.origin) == (user, "web")
    assert OutboxEntry.objects.get().record_id == survivor.pk


def test_nothing_of_the_loser_waits_or_complains_any_more(live: Connection) -> None:
    loser, survivor = make_contact(), make_contact()
    error = SyncError.objects.create(
        connection=live, kind="contact", record_id=loser.pk, code="X", message="x", created_at=NOW, changed_at=NOW
    )  # fmt: skip
    OutboxEntry.objects.filter(record_id=loser.pk).update(state="held")
    merge_here(kind="contact", survivor_id=survivor.pk, loser_id=loser.pk, user=None, now=NOW)
    assert not OutboxEntry.objects.filter(kind="contact", record_id=loser.pk).exists()
    error.refresh_from_db()
    assert error.state == "closed"


def test_who_was_in_a_deal_twice_is_in_it_once_and_salesforce_keeps_both_roles(live: Connection) -> None:
    loser, survivor, deal = make_contact(), make_contact(), make_deal()
    dropped = ContactRole.objects.create(contact=loser, deal=deal)
    ContactRole.objects.create(contact=survivor, deal=deal)
    role = RecordLink.objects.create(
        connection=live, salesforce_object="OpportunityContactRole", salesforce_id=salesforce_id("00K", 1),
        kind="contact_role", record_id=dropped.pk,
    )  # fmt: skip
    merge(loser, survivor)
    assert stands(role)[0] == "tombstone"
    assert not OutboxEntry.objects.filter(kind="contact_role").exists()


@pytest.mark.parametrize("state", ["in_flight", "unknown"])
@pytest.mark.parametrize("which", ["loser", "survivor"])
def test_what_is_on_its_way_to_salesforce_is_not_merged(live: Connection, state: str, which: str) -> None:
    people = {"loser": make_contact(last_name="Loser"), "survivor": make_contact(last_name="Survivor")}
    OutboxEntry.objects.filter(kind="contact", record_id=people[which].pk).update(state=state)
    with pytest.raises(Refused, match=f"{which.title()} is on its way to Salesforce"):
        merge_here(
            kind="contact", survivor_id=people["survivor"].pk, loser_id=people["loser"].pk, user=None, now=NOW
        )
    assert not Contact.objects.exclude(merged_into=None).exists()


def test_what_was_merged_already_is_not_merged_again(live: Connection) -> None:
    first, second, third = make_contact(), make_contact(last_name="Two"), make_contact()
    merge(first, second)
    for pair in ((first, third), (third, first)):
        with pytest.raises(Refused, match="was merged into Ann Two already"):
            merge(*pair)


def test_a_deleted_one_and_the_same_one_are_refused_in_words(live: Connection) -> None:
    person, gone = make_contact(), make_contact()
    Contact.objects.filter(pk=gone.pk).delete()
    with pytest.raises(Refused, match="deleted meanwhile"):
        merge(gone, person)
    with pytest.raises(Refused, match="with itself"):
        merge(person, person)
    with pytest.raises(Refused, match="Only people, accounts and deals"):
        merge_here(kind="contact_role", survivor_id=1, loser_id=2, user=None, now=NOW)


def test_nobody_merges_by_values_they_never_saw(live: Connection) -> None:
    loser, survivor = make_contact(title="A"), make_contact()
    seen = compare(survivor, loser).fingerprint
    with journal.acting(None, "web"):
        loser.change({"title": "B"})
    with pytest.raises(Refused, match="changed meanwhile"):
        merge(loser, survivor, seen=seen)
    loser.refresh_from_db()
    merge(loser, survivor, seen=compare(survivor, loser).fingerprint)


@pytest.mark.parametrize("which", ["survivor", "loser"])
def test_what_stands_outside_the_pull_filter_isnt_merged(live: Connection, which: str) -> None:
    people = {"loser": make_contact(last_name="Loser"), "survivor": make_contact(last_name="Survivor")}
    link(live, people[which], outside="frozen")
    with pytest.raises(Refused, match=f"{which.title()} doesn't meet the pull filter"):
        merge_here(
            kind="contact", survivor_id=people["survivor"].pk, loser_id=people["loser"].pk, user=None, now=NOW
        )


@pytest.mark.parametrize(
    ("finds", "left"),
    [([[(1, 2)], [(1, 2)]], [(1, 2)]), ([[(1, 2)], [(1, 3)], [(1, 3)]], [(1, 3)]), ([[(1, 2)], []], [])],
)
def test_pairs_to_merge_are_those_still_found_once_locked(finds: list[Any], left: list[Any]) -> None:
    answers = iter(finds)
    assert settled_pairs("contact", lambda: next(answers)) == left
