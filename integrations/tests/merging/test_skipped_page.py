"""The page of what pulls skip, and *Bring back* (spec C8, C9)."""

import re
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.models import Contact
from crm.roles import Role
from crm.tests.factories import make_contact, make_user
from integrations.merging.here import merge_here
from integrations.models import AuditEntry, Connection, OutboxEntry, RecordLink, SyncedObject
from integrations.tests import factories
from integrations.tests.factories import NOW, salesforce_id

pytestmark = pytest.mark.django_db
PAGE = "/integrations/skipped/"


@pytest.fixture
def live() -> Connection:
    live = factories.connection()
    factories.schemas(live)
    return live


def signed_in(role: Role) -> Client:
    client = Client()
    client.force_login(make_user(role, first_name="Stan", last_name=role.value))
    return client


@pytest.fixture
def staff(db: None) -> Client:
    return signed_in(Role.STAFF)


def deleted_here(live: Connection, number: int = 1, **values: Any) -> RecordLink:
    return RecordLink.objects.create(
        connection=live, salesforce_object="Contact", salesforce_id=salesforce_id("003", 10_000_000 + number),
        kind="contact", record_id=10_000_000 + number, state="tombstone",
        base={"FirstName": "Gone", "LastName": f"No {number}"}, **values,
    )  # fmt: skip


def merged_here(live: Connection, last_name: str = "Merged") -> tuple[Contact, Contact, RecordLink]:
    loser, survivor = make_contact(last_name=last_name), make_contact(last_name="Kept")
    for record in (loser, survivor):
        RecordLink.objects.create(
            connection=live, salesforce_object="Contact", salesforce_id=salesforce_id("003", record.pk),
            kind="contact", record_id=record.pk,
        )  # fmt: skip
    OutboxEntry.objects.all().delete()
    merge_here(kind="contact", survivor_id=survivor.pk, loser_id=loser.pk, user=None, now=NOW)
    return loser, survivor, RecordLink.objects.get(state="tombstone", record_id=survivor.pk)


def text_of(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def said(answer: Any) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


def test_what_was_merged_or_deleted_here_is_listed_with_where_it_went(
    live: Connection, staff: Client
) -> None:
    loser, survivor, _ = merged_here(live)
    deleted_here(live)
    page = staff.get(PAGE)
    assert "Ann Merged merged into Ann Kept" in text_of(page)
    assert "Gone No 1" in text_of(page)
    assert "Deleted here" in text_of(page)
    for record in (loser, survivor):
        assert f'href="{record.get_absolute_url()}"' in page.content.decode()


def test_only_tombstones_of_the_live_connection_are_listed(live: Connection, staff: Client) -> None:
    ended = factories.connection(org_id="00D000000000002EAA", disconnected_at=NOW)
    deleted_here(ended)
    RecordLink.objects.create(
        connection=live, salesforce_object="OpportunityContactRole", salesforce_id=salesforce_id("00K", 1),
        kind="contact_role", record_id=1, state="tombstone",
    )  # fmt: skip
    assert "Nothing is skipped" in text_of(staff.get(PAGE))


def test_one_is_brought_back_and_that_is_audited(live: Connection, staff: Client) -> None:
    link, other = deleted_here(live, 1), deleted_here(live, 2)
    answer = staff.post(PAGE, {"bring": str(link.pk)})
    assert said(answer) == ["1 record comes back with the next pull."]
    link.refresh_from_db()
    assert (link.state, link.base, link.reread, link.system_modstamp) == ("gone", {}, True, None)
    assert RecordLink.objects.get(pk=other.pk).state == "tombstone"
    entry = AuditEntry.objects.get(action="brought back")
    assert (str(entry.actor), entry.changes[0]["path"]) == ("Stan Staff", f"Contact.{link.salesforce_id}")
    assert SyncedObject.objects.get(name="Contact").gone == 1


def test_a_selection_is_brought_back_at_once(live: Connection, staff: Client) -> None:
    links = [deleted_here(live, number) for number in range(3)]
    answer = staff.post(PAGE, {"bring": "selected", "pick": [str(link.pk) for link in links[:2]]})
    assert said(answer) == ["2 records come back with the next pull."]
    assert RecordLink.objects.filter(reread=True).count() == 2


def test_clicked_twice_is_brought_back_once(live: Connection, staff: Client) -> None:
    link = deleted_here(live)
    staff.post(PAGE, {"bring": str(link.pk)})
    assert said(staff.post(PAGE, {"bring": str(link.pk)}))[-1].startswith("That was brought back already")
    assert AuditEntry.objects.filter(action="brought back").count() == 1
    assert SyncedObject.objects.get(name="Contact").gone == 1


@pytest.mark.parametrize("sent", [{}, {"bring": "selected"}, {"bring": "x"}, {"bring": "9" * 30}])
def test_nothing_ticked_brings_nothing_back(live: Connection, staff: Client, sent: dict[str, str]) -> None:
    deleted_here(live)
    assert said(staff.post(PAGE, sent)) == ["Nothing was brought back: tick the records first."]
    assert not RecordLink.objects.filter(reread=True).exists()


def test_sales_bring_nothing_back(live: Connection) -> None:
    link = deleted_here(live)
    assert signed_in(Role.SALES).post(PAGE, {"bring": str(link.pk)}).status_code == 403
    assert RecordLink.objects.get().state == "tombstone"


@pytest.mark.parametrize(("role", "may"), [(Role.STAFF, True), (Role.SALES, False)])
def test_a_merged_persons_page_offers_it_too(live: Connection, role: Role, may: bool) -> None:
    loser, survivor, link = merged_here(live)
    fragment = f"/integrations/fragments/skipped/contact/{loser.pk}/"
    client = signed_in(role)
    assert fragment in client.get(loser.get_absolute_url()).content.decode()
    shown = client.get(fragment)
    assert f"contact {link.salesforce_id}" in text_of(shown)
    assert ("<form" in shown.content.decode()) is may
    assert not client.get(f"/integrations/fragments/skipped/contact/{survivor.pk}/").content.strip()


def test_pages_go_by_key_with_as_many_queries(live: Connection, staff: Client) -> None:
    merged_here(live)
    few = queries_of(staff)
    for number in range(55):
        deleted_here(live, 100 + number)
    for _ in range(5):
        merged_here(live)
    assert queries_of(staff) == few
    first = staff.get(PAGE).context["page"]
    second = staff.get(f"{PAGE}?after={first.after}").context["page"]
    ids = [row.link.pk for row in [*first.rows, *second.rows]]
    assert len(set(ids)) == len(ids) == RecordLink.objects.filter(state="tombstone").count()


def queries_of(client: Client) -> int:
    client.get(PAGE)
    with CaptureQueriesContext(database) as queries:
        client.get(PAGE)
    return len(queries)


def test_the_list_is_filtered_by_object(live: Connection, staff: Client) -> None:
    deleted_here(live)
    assert len(staff.get(f"{PAGE}?object=Contact").context["page"].rows) == 1
    assert not staff.get(f"{PAGE}?object=Account").context["page"].rows
    assert staff.get(f"{PAGE}?object=Nonsense").status_code == 200
