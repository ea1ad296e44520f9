"""A step that meets a deadlock, in a chunk of a pull and outside of one, or in a push: tried again, it counts once."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from django.db import connection as database

from crm.models import Contact, PotentialDuplicate
from integrations.models import Connection, OutboxEntry, RecordLink, SyncSettings
from integrations.tests.pull import live
from integrations.tests.pull.seller import Seller
from integrations.tests.pull.test_merges_there import made, merge, record_of
from integrations.tests.push.pushing import Desk
from integrations.tests.sandbox_process import SandboxOrg

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pulled(connection: Connection) -> Connection:
    SyncSettings.objects.update(contacts_merge_sync=True, contacts_delete_sync=True)
    live.first_pull(connection)
    return connection


@contextmanager
def one_deadlock(writing: str) -> Iterator[None]:
    """The first such write ends as the victim of one; a sequence remembers it, as no rollback resets it."""
    with database.cursor() as cursor:
        cursor.execute("CREATE SEQUENCE lockstep_victims")
        cursor.execute(
            "CREATE FUNCTION lockstep_victim() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " IF nextval('lockstep_victims') = 1 THEN RAISE SQLSTATE '40P01'; END IF; RETURN NULL; END $$"
        )
        cursor.execute(
            f"CREATE TRIGGER lockstep_victim AFTER {writing} FOR EACH ROW EXECUTE FUNCTION lockstep_victim()"
        )
        try:
            yield
            cursor.execute("SELECT is_called FROM lockstep_victims")
            assert cursor.fetchone() == (True,)
        finally:
            cursor.execute("DROP FUNCTION lockstep_victim CASCADE")
            cursor.execute("DROP SEQUENCE lockstep_victims")


def test_in_a_chunk(pulled: Connection, seller: Seller) -> None:
    made(seller, "Contact", 1)
    with one_deadlock("INSERT ON crm_contact"):
        run = live.pull(pulled)
    assert live.counts(run, "Contact")["created"] == 1
    assert run.children.get(object="Contact").done == live.counts(run, "Contact")["seen"]


def test_in_a_merge_there(pulled: Connection, seller: Seller, demo_org: SandboxOrg) -> None:
    master, loser = made(seller, "Contact", 2)
    live.pull(pulled)
    merge(demo_org, "Contact", master, loser)
    with one_deadlock("UPDATE OF merged_into_id ON crm_contact"):
        run = live.pull(pulled)
    assert live.counts(run, "Contact")["merged"] == 1
    assert record_of("Contact", loser) == record_of("Contact", master)


def test_in_a_delete_there(pulled: Connection, seller: Seller) -> None:
    (sid,) = made(seller, "Contact", 1)
    live.pull(pulled)
    record = record_of("Contact", sid)
    seller.delete("Contact", sid)
    with one_deadlock("DELETE ON crm_contact"):
        run = live.pull(pulled)
    assert run.state == "succeeded"
    assert not Contact.objects.filter(pk=record.pk).exists()


def test_while_an_account_comes_after_its_people(pulled: Connection, seller: Seller) -> None:
    (account,) = made(seller, "Account", 1)
    (sid,) = made(seller, "Contact", 1, AccountId=account)
    live.finish(live.start(pulled, objects=["Contact"]))
    live.finish(live.start(pulled, objects=["Account"]))
    with one_deadlock("UPDATE OF account_id ON crm_contact"):
        run = live.pull(pulled)
    assert run.state == "succeeded"
    assert record_of("Contact", sid).account == record_of("Account", account)


def test_while_potential_duplicates_are_looked_for(pulled: Connection) -> None:
    for _ in range(2):
        Contact.objects.create(last_name=uuid4().hex, email="twin@same.example")
    with one_deadlock("INSERT ON crm_potentialduplicate"):
        run = live.pull(pulled)
    assert run.state == "succeeded"
    assert PotentialDuplicate.objects.filter(kind="contact").exists()


def test_while_records_are_asked_for_by_their_ids(pulled: Connection) -> None:
    link = RecordLink.objects.filter(kind="contact", state="linked").earliest("pk")
    RecordLink.objects.filter(pk=link.pk).update(salesforce_id="003000000000404AAA", reread=True)
    with one_deadlock("UPDATE OF reread ON integrations_recordlink"):
        run = live.pull(pulled)
    assert run.state == "succeeded"
    assert not RecordLink.objects.filter(reread=True).exists()


def test_at_the_end_of_an_object(pulled: Connection, seller: Seller) -> None:
    made(seller, "Contact", 1)
    with one_deadlock("UPDATE OF watermark ON integrations_syncedobject"):
        run = live.pull(pulled)
    assert run.state == "succeeded"
    assert {child.state for child in run.children.all()} == {"succeeded"}


def test_when_a_push_settles_what_was_made(pulled: Connection, desk: Desk) -> None:
    SyncSettings.objects.update(people_push_new=True)
    person = desk.create(Contact, last_name="Settled")
    with one_deadlock("INSERT ON integrations_recordlink"):
        assert desk.push().created == 1
    assert desk.link_of(person).base["LastName"] == "Settled"
    assert not OutboxEntry.objects.exists()
