from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.roles import Role
from crm.tests.factories import make_contact, make_user
from integrations.models import AuditEntry, Connection, OutboxEntry, SyncError
from integrations.tests import factories
from integrations.tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_admin() -> Client:
    client = Client()
    client.force_login(make_user(Role.ADMIN))
    return client


def errors(number: int, **fields: Any) -> None:
    live = Connection.objects.first() or factories.connection()
    for _ in range(number):
        SyncError.objects.create(
            connection=live,
            kind="contact",
            record_id=make_contact().pk,
            created_at=NOW,
            changed_at=NOW,
            **({"code": "STRING_TOO_LONG", "message": "Title: data value too large"} | fields),
        )


def runs(number: int) -> None:
    live = Connection.objects.first() or factories.connection()
    for _ in range(number):
        factories.run(live, "Contact", state="succeeded", started_by=make_user(), started_at=NOW)


def audits(number: int) -> None:
    for _ in range(number):
        change = {"path": "settings.people.push_new", "from": False, "to": True}
        AuditEntry.objects.create(at=NOW, action="settings", actor=make_user(), changes=[change])


def waiting(number: int) -> None:
    for _ in range(number):
        make_contact()


def users(number: int) -> None:
    for _ in range(number):
        make_user()


LISTS = {
    "integrations/syncerror": errors,
    "integrations/syncrun": runs,
    "integrations/auditentry": audits,
    "integrations/outboxentry": waiting,
    "crm/user": users,
}


@pytest.mark.parametrize("page", LISTS)
def test_a_list_of_any_length_takes_as_many_queries(as_admin: Client, page: str) -> None:
    def queries() -> int:
        with CaptureQueriesContext(database) as captured:
            assert as_admin.get(f"/admin/{page}/").status_code == 200
        return len(captured)

    LISTS[page](2)
    queries()
    few = queries()
    LISTS[page](40)
    assert queries() == few


def test_no_list_counts_a_whole_table(as_admin: Client) -> None:
    waiting(1)
    with CaptureQueriesContext(database) as captured:
        as_admin.get("/admin/integrations/outboxentry/")
    counts = [query["sql"] for query in captured if "COUNT(" in query["sql"]]
    assert counts
    assert all("LIMIT 10001" in sql for sql in counts)


def test_open_errors_come_first_and_closed_ones_on_demand(as_admin: Client) -> None:
    errors(1, message="Still broken")
    errors(1, message="Long mended", state="closed")
    assert "Long mended" not in as_admin.get("/admin/integrations/syncerror/").content.decode()
    assert "Long mended" in as_admin.get("/admin/integrations/syncerror/?state=closed").content.decode()


def test_errors_are_searched_by_message(as_admin: Client) -> None:
    errors(1, message="Industry “Fintech” isn't allowed")
    assert "Fintech" in as_admin.get("/admin/integrations/syncerror/?q=fintech").content.decode()
    assert "isn't allowed" not in as_admin.get("/admin/integrations/syncerror/?q=zzz").content.decode()


def test_what_salesforce_said_is_text_not_html(as_admin: Client) -> None:
    errors(1, message="<script>alert(1)</script>", sent={"Title": "<script>alert(2)</script>"})
    for page in ("", f"{SyncError.objects.get().pk}/change/"):
        assert "<script>alert" not in as_admin.get(f"/admin/integrations/syncerror/{page}").content.decode()


def test_a_waiting_row_names_its_record(as_admin: Client) -> None:
    make_contact(first_name="Åsa", last_name="Öberg")
    assert OutboxEntry.objects.exists()
    assert "Åsa Öberg" in as_admin.get("/admin/integrations/outboxentry/").content.decode()


def test_the_audit_says_from_what_to_what(as_admin: Client) -> None:
    audits(1)
    assert (
        "Create new people in Salesforce: off → on"
        in as_admin.get("/admin/integrations/auditentry/").content.decode()
    )


@pytest.mark.parametrize(
    ("query", "shown"), [("code=DELETED", True), ("code=STRING_TOO_LONG", False), ("code=x", False)]
)
def test_errors_are_filtered_by_code(as_admin: Client, query: str, shown: bool) -> None:
    errors(1, code="DELETED", message="It is gone")
    errors(1)
    page = as_admin.get(f"/admin/integrations/syncerror/?{query}").content.decode()
    assert ("It is gone" in page) is shown
    assert "?code=STRING_TOO_LONG" in page


@pytest.mark.parametrize(("query", "rows"), [("", 1), ("?object=Contact", 1), ("?object=Account", 0)])
def test_runs_are_filtered_by_object(as_admin: Client, query: str, rows: int) -> None:
    runs(1)
    answer = as_admin.get(f"/admin/integrations/syncrun/{query}")
    assert answer.context["cl"].result_count == rows


@pytest.mark.parametrize("name", ["syncerror", "syncrun"])
def test_no_filter_looks_through_all_rows_for_its_choices(as_admin: Client, name: str) -> None:
    with CaptureQueriesContext(database) as captured:
        as_admin.get(f"/admin/integrations/{name}/")
    assert not [
        query["sql"] for query in captured if "DISTINCT" in query["sql"] and "LIMIT" not in query["sql"]
    ]


def test_a_run_of_all_objects_adds_up_its_children(as_admin: Client) -> None:
    live = factories.connection()
    whole = factories.run(live, state="succeeded")
    for name, read in (("Opportunity", 1200), ("Contact", 34)):
        factories.run(live, name, state="succeeded", parent=whole, read=read, counts={"created": read})
    page = as_admin.get("/admin/integrations/syncrun/").content.decode()
    assert all(words in page for words in ("All objects", "1,234", "Deals", "1,200"))
    one = as_admin.get(f"/admin/integrations/syncrun/{whole.pk}/change/").content.decode()
    assert "1,234 created" in one


def test_the_audit_leaves_out_what_stayed(as_admin: Client) -> None:
    stayed = {"path": "connection.state", "from": "configuring", "to": "configuring"}
    AuditEntry.objects.create(at=NOW, action="extended the window", changes=[stayed])
    assert "Setting up" not in as_admin.get("/admin/integrations/auditentry/").content.decode()
