"""The page of what Salesforce no longer shows, and *Mark as gone* (spec C3); the check on the overview."""

from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.models import Contact
from crm.roles import Role
from crm.tests.factories import make_contact, make_user
from integrations.models import AuditEntry, Connection, RecordLink, SyncedObject, SyncRun
from integrations.tests import factories
from integrations.tests.factories import NOW, salesforce_id
from integrations.tests.test_overview import client_of, text_of

pytestmark = pytest.mark.django_db
PAGE = "/integrations/not-visible/"
OVERVIEW = "/integrations/salesforce/"


@pytest.fixture
def live() -> Connection:
    live = factories.connection()
    factories.schemas(live)
    return live


@pytest.fixture
def admin(db: None) -> Client:
    return client_of(Role.ADMIN)


def unseen(live: Connection, **values: Any) -> RecordLink:
    person: Contact = make_contact(**values)
    return RecordLink.objects.create(
        connection=live, salesforce_object="Contact", salesforce_id=salesforce_id("003", person.pk),
        kind="contact", record_id=person.pk, not_visible_since=NOW,
    )  # fmt: skip


def test_what_salesforce_no_longer_shows_is_listed(live: Connection, admin: Client) -> None:
    link = unseen(live, last_name="Unseen")
    page = admin.get(PAGE)
    assert "Ann Unseen" in text_of(page)
    assert link.salesforce_id in text_of(page)


def test_the_empty_page_says_what_would_stand_there(live: Connection, admin: Client) -> None:
    assert "Everything is visible" in text_of(admin.get(PAGE))


def test_marking_one_ends_its_link_and_is_audited(live: Connection, admin: Client) -> None:
    link, other = unseen(live), unseen(live)
    admin.post(PAGE, {"gone": str(link.pk)})
    link.refresh_from_db()
    assert (link.state, link.not_visible_since) == ("gone", None)
    assert RecordLink.objects.get(pk=other.pk).state == "linked"
    assert (
        AuditEntry.objects.get(action="marked as gone").changes[0]["path"] == f"Contact.{link.salesforce_id}"
    )


def test_a_selection_is_marked_at_once(live: Connection, admin: Client) -> None:
    links = [unseen(live) for _ in range(3)]
    admin.post(PAGE, {"gone": "selected", "pick": [str(link.pk) for link in links[:2]]})
    assert RecordLink.objects.filter(state="gone").count() == 2


def test_staff_look_and_mark_nothing(live: Connection, db: None) -> None:
    link, staff = unseen(live), client_of(Role.STAFF)
    assert "Mark ticked" not in text_of(staff.get(PAGE))
    assert staff.post(PAGE, {"gone": str(link.pk)}).status_code == 403
    assert RecordLink.objects.get(pk=link.pk).state == "linked"


def test_many_rows_cost_as_many_queries_as_one(live: Connection, admin: Client) -> None:
    unseen(live)
    with CaptureQueriesContext(database) as few:
        admin.get(PAGE)
    for _ in range(30):
        unseen(live)
    with CaptureQueriesContext(database) as many:
        admin.get(PAGE)
    assert len(many) == len(few)


def test_the_overview_says_what_a_check_found_and_offers_the_repair(live: Connection, admin: Client) -> None:
    found = {"different": 2, "missing_here": 1, "not_visible": 3}
    SyncedObject.objects.filter(name="Contact").update(checked_at=NOW, drift=found)
    page = text_of(admin.get(OVERVIEW))
    assert "2 different, 1 missing here" in page
    assert "3 not visible" in page
    assert "Compare and repair" in page


def test_an_object_in_step_says_so_and_needs_no_repair(live: Connection, admin: Client) -> None:
    SyncedObject.objects.filter(name="Contact").update(checked_at=NOW, drift={"different": 0})
    page = text_of(admin.get(OVERVIEW))
    assert ": in step" in page
    assert "Compare and repair" not in page


@pytest.mark.parametrize("repair", ["", "1"])
def test_an_admin_starts_a_check_by_hand(live: Connection, admin: Client, repair: str) -> None:
    admin.post(f"{OVERVIEW}check/", {"repair": repair})
    run = SyncRun.objects.get(parent=None)
    assert (run.kind, run.repairs, run.trigger) == ("reconcile", bool(repair), "manual")
    assert "Comparing both sides" in text_of(admin.get(OVERVIEW))


def test_sales_see_neither(live: Connection) -> None:
    client = Client()
    client.force_login(make_user(Role.SALES))
    assert client.get(PAGE).status_code == 403
    assert client.post(f"{OVERVIEW}check/").status_code == 403
