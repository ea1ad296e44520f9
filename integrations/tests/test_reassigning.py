"""A new colleague gets the records that Salesforce says are theirs (spec O1)."""

import threading
from datetime import timedelta

import pytest
from django.db import connection as database
from django.db import transaction
from django.test.utils import CaptureQueriesContext

from crm.journal import acting
from crm.models import Contact, CustomField, JournalEntry, User
from crm.tests.factories import make_user
from integrations.configuration import import_configuration
from integrations.models import (
    AuditEntry,
    Connection,
    FieldConflict,
    ObjectSchema,
    OutboxEntry,
    SalesforceOwner,
)
from integrations.sync import reassigning
from integrations.sync.owners import Choice, correct_owner, match_owners
from integrations.sync.reassigning import hand_over, settle_moves
from integrations.sync.refusals import Refused
from integrations.tests import factories
from integrations.tests.factories import NOW, row
from integrations.tests.pull.pulling import before, pull_rows, start_meanwhile
from mappings.models import FieldMap

pytestmark = pytest.mark.django_db

JANE = "005000000000001AAA"
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def live() -> Connection:
    live = factories.connection()
    factories.schemas(live)
    SalesforceOwner.objects.create(
        connection=live, salesforce_id=JANE, name="Jane", email="Jane@acme.example"
    )
    pull_rows(live, "Contact", [row("Contact", 1, LastName="Lovelace", OwnerId=JANE)])
    return live


def test_records_go_to_a_colleague_who_comes_later(live: Connection) -> None:
    jane = make_user(email="jane@acme.example")
    match_owners(live)
    assert Contact.objects.get().owner == jane
    assert JournalEntry.objects.get().changes == {"owner": [None, jane.pk]}
    assert not OutboxEntry.objects.exists()


def test_a_record_given_to_someone_here_stays_theirs(live: Connection) -> None:
    ann = make_user(email="ann@acme.example")
    with acting(ann, "web"):
        Contact.objects.update(owner=ann)
    make_user(email="jane@acme.example")
    match_owners(live)
    assert Contact.objects.get().owner == ann


def test_a_match_made_by_hand_is_kept(live: Connection) -> None:
    ann = make_user(email="ann@acme.example")
    SalesforceOwner.objects.update(user=ann, by_hand=True)
    make_user(email="jane@acme.example")
    match_owners(live)
    assert SalesforceOwner.objects.get().user == ann


def test_matching_again_changes_nothing(live: Connection) -> None:
    make_user(email="jane@acme.example")
    match_owners(live)
    match_owners(live)
    assert JournalEntry.objects.count() == 1


@pytest.fixture
def many(live: Connection) -> Connection:
    rows = [row("Contact", number, LastName="Lovelace", OwnerId=JANE) for number in range(1, 6)]
    pull_rows(live, "Contact", rows)
    return live


def give(to: User) -> None:
    """As a correction leaves it: noted, and no record has followed."""
    with transaction.atomic():
        hand_over(SalesforceOwner.objects.get(salesforce_id=JANE), to)


def test_many_records_follow_in_batches_and_a_cut_off_move_goes_on(
    many: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reassigning, "BATCH", 2)
    jane = make_user()
    give(jane)
    assert not settle_moves(seconds=0)
    assert Contact.objects.filter(owner=jane).count() == 2
    assert settle_moves()
    assert Contact.objects.filter(owner=jane).count() == 5
    assert JournalEntry.objects.count() == 5


def test_a_second_correction_meets_who_followed_and_who_has_not(
    many: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reassigning, "BATCH", 2)
    jane, ann = make_user(), make_user()
    give(jane)
    settle_moves(seconds=0)
    give(ann)
    settle_moves()
    assert Contact.objects.filter(owner=ann).count() == 5
    assert JournalEntry.objects.filter(changes={"owner": [None, ann.pk]}).count() == 3


def test_who_is_given_back_while_records_follow_keeps_them(
    many: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reassigning, "BATCH", 2)
    jane, ann = make_user(), make_user()
    give(jane)
    settle_moves()
    for user in (ann, jane):
        give(user)
        settle_moves(seconds=0)
    settle_moves()
    assert Contact.objects.filter(owner=jane).count() == 5


def test_the_links_are_looked_at_once_for_all_moves(many: Connection) -> None:
    bob = "005000000000002AAA"
    SalesforceOwner.objects.create(connection=many, salesforce_id=bob, name="Bob", email="bob@acme.example")
    pull_rows(many, "Contact", [row("Contact", 6, LastName="Byron", OwnerId=bob)])
    make_user(email="bob@acme.example")
    make_user(email="jane@acme.example")
    with CaptureQueriesContext(database) as queries:
        match_owners(many)
    assert not Contact.objects.filter(owner=None).exists()
    assert len([query for query in queries if "SELECT DISTINCT f.object" in query["sql"]]) == 2


def test_a_pull_beside_a_move_leaves_the_record_to_follow(live: Connection) -> None:
    jane = make_user()
    give(jane)
    run = pull_rows(live, "Contact", [row("Contact", 1, LATER, LastName="King", OwnerId=JANE)], now=LATER)
    assert run.counts["conflicts"] == 0
    settle_moves()
    assert set(Contact.objects.values_list("last_name", "owner")) == {("King", jane.pk)}


def test_a_pull_beside_a_move_brings_another_owner(live: Connection) -> None:
    bob = "005000000000002AAA"
    SalesforceOwner.objects.create(connection=live, salesforce_id=bob, name="Bob", user=make_user())
    give(make_user())
    pull_rows(live, "Contact", [row("Contact", 1, LATER, LastName="King", OwnerId=bob)], now=LATER)
    settle_moves()
    assert Contact.objects.get().owner == SalesforceOwner.objects.get(salesforce_id=bob).user
    assert not FieldConflict.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_who_gets_another_owner_while_a_batch_waits_for_them_does_not_follow(live: Connection) -> None:
    """A pull holds the record when the batch has found its link, and brings an owner nobody is here."""
    give(make_user())
    bob = "005000000000002AAA"
    with transaction.atomic():
        following = [start_meanwhile(settle_moves)] if lock_all() else []
        pull_rows(live, "Contact", [row("Contact", 1, LATER, LastName="King", OwnerId=bob)], now=LATER)
    following[0].join()
    person = Contact.objects.get()
    assert (person.last_name, person.owner) == ("King", None)


def lock_all() -> list[Contact]:
    return list(Contact.objects.select_for_update())


def test_a_custom_field_of_a_user_follows_too(live: Connection) -> None:
    CustomField.objects.create(kind="contact", name="backup", label="Backup", type="user")
    FieldMap.objects.create(object="Contact", field="custom.backup", salesforce="Backup__c")
    schema = ObjectSchema.objects.get(name="Contact")
    schema.describe["fields"].append(factories.field("Backup__c", "reference"))
    schema.save()
    pull_rows(live, "Contact", [row("Contact", 2, LastName="Byron", Backup__c=JANE)])
    jane = make_user(email="jane@acme.example")
    match_owners(live)
    person = Contact.objects.get(last_name="Byron")
    assert (person.custom, person.owner) == ({"backup": jane.pk}, None)


def test_a_correction_by_hand_says_who_made_it(live: Connection) -> None:
    ada, jane = make_user(), make_user()
    correct_owner(live, JANE, Choice(by_hand=True, user=jane), actor=ada, now=NOW)
    entry = JournalEntry.objects.get()
    assert (entry.origin, entry.actor) == ("owners", ada)
    assert Contact.objects.get().owner == jane
    assert AuditEntry.objects.get().changes[0]["to"].endswith("by hand")


def test_nobody_by_hand_stays_nobody_until_given_back(live: Connection) -> None:
    ada, jane = make_user(), make_user(email="jane@acme.example")
    correct_owner(live, JANE, Choice(by_hand=True), actor=ada, now=NOW)
    match_owners(live)
    assert SalesforceOwner.objects.get().user is None
    correct_owner(live, JANE, Choice(by_hand=False), actor=ada, now=NOW)
    assert Contact.objects.get().owner == jane


def test_a_queue_is_nobody(live: Connection) -> None:
    queue = "00G000000000001AAA"
    with pytest.raises(Refused, match="queue"):
        correct_owner(live, queue, Choice(by_hand=True, user=make_user()), actor=make_user(), now=NOW)


@pytest.mark.parametrize("there", [True, False])
def test_who_leaves_one_side_keeps_their_records(live: Connection, there: bool) -> None:
    jane = make_user(email="jane@acme.example")
    match_owners(live)
    SalesforceOwner.objects.update(is_active=there)
    User.objects.filter(pk=jane.pk).update(is_active=not there)
    match_owners(live)
    assert Contact.objects.get().owner == jane


def test_the_configuration_file_has_records_follow(live: Connection) -> None:
    jane = make_user(email="j@acme.example")
    import_configuration({"owners": {"j@acme.example": JANE}}, actor=None, now=NOW)
    assert Contact.objects.get().owner == jane
    assert not OutboxEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("by_hand", [True, False])
def test_what_a_chunk_is_still_writing_follows_too(
    live: Connection, monkeypatch: pytest.MonkeyPatch, by_hand: bool
) -> None:
    ada, jane = make_user(), make_user(email="jane@acme.example")
    others: list[threading.Thread] = []

    def correct() -> None:
        if by_hand:
            correct_owner(live, JANE, Choice(by_hand=True, user=jane), actor=ada, now=NOW)
        else:
            match_owners(live)

    before(
        monkeypatch, "INSERT INTO integrations_recordlink", lambda: others.append(start_meanwhile(correct))
    )
    pull_rows(live, "Contact", [row("Contact", 2, LastName="Byron", OwnerId=JANE)])
    others[0].join()
    assert set(Contact.objects.values_list("last_name", "owner")) == {
        ("Lovelace", jane.pk),
        ("Byron", jane.pk),
    }
    assert not OutboxEntry.objects.exists()
