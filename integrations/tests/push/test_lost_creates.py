"""A create whose answer was lost is found whoever is signed in now."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from crm.models import Contact
from integrations.models import Connection, SyncRun, SyncSettings
from integrations.sync.external_ids import FIELD
from integrations.sync.preparing import prepare
from integrations.tests.pull import live
from integrations.tests.pull.seller import Seller
from integrations.tests.push.pushing import Desk, fault, push_once, states
from integrations.tests.sandbox_process import SandboxOrg

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def keyed(org: SandboxOrg, connection: Connection) -> Iterator[None]:
    """People carry our key there, until the test is over."""
    names = ("Contact", "Lead")
    field = {"name": FIELD, "type": "string", "length": 36, "externalId": True, "unique": True}
    for name in names:
        org.control("POST", f"/schema/{name}/fields", field)
    door = live.door(connection)
    prepare(connection, door, now=datetime.now(UTC))
    door.close()
    SyncRun.objects.all().delete()
    yield
    for name in names:
        org.control("DELETE", f"/schema/{name}/fields/{FIELD}")


def test_a_lost_create_is_found_after_another_user_signed_in(desk: Desk, org: SandboxOrg) -> None:
    desk.create(Contact, last_name="Other user")
    fault(org, "cut_after", operation="create")
    push_once(desk)
    assert states() == [("contact", "unknown")]
    Connection.objects.update(sync_user_id="005000000000009AAA")
    desk.connection.refresh_from_db()
    desk.clock.skip_to(desk.clock() + timedelta(seconds=30))
    assert desk.push().adopted == 1


def test_a_person_sent_as_contact_and_then_as_lead_is_made_once(
    desk: Desk, org: SandboxOrg, seller: Seller, keyed: None
) -> None:
    desk.create(Contact, last_name="Switched", company_name="X")
    fault(org, "commit_later", {"commit_after": 60}, operation="upsert")
    push_once(desk)
    SyncSettings.objects.update(people_create_as="lead")
    desk.clock.skip_to(desk.clock() + timedelta(seconds=10))
    desk.push()
    org.control("POST", "/clock", {"advance": 120})
    desk.push_all()
    found = [
        seller.one(f"SELECT COUNT(Id) n FROM {o} WHERE LastName = 'Switched'")["n"]
        for o in ("Lead", "Contact")
    ]
    assert sum(found) == 1
