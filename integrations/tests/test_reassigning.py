"""A new colleague gets the records that Salesforce says are theirs (spec O1)."""

import pytest

from crm.journal import acting
from crm.models import Contact, JournalEntry
from crm.tests.factories import make_user
from integrations.models import Connection, OutboxEntry, SalesforceOwner
from integrations.sync.owners import match_owners
from integrations.tests import factories
from integrations.tests.factories import row
from integrations.tests.pull.pulling import pull_rows

pytestmark = pytest.mark.django_db

JANE = "005000000000001AAA"


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
