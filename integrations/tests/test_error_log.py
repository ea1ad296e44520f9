"""The error log's pages: causes, one error explained, retry, link, export (spec E1–E3, D10)."""

import csv
import io
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.roles import Role
from crm.tests.factories import make_contact, make_user
from integrations.error_log.causes import causes_of
from integrations.error_log.exporting import harmless
from integrations.models import Connection, ObjectSchema, OutboxEntry, RecordLink, SyncError
from integrations.tests.factories import NOW, connection

pytestmark = pytest.mark.django_db

LOG = "/admin/integrations/syncerror/"
PICKLIST = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
THERE = "003000000000001AAA"


@pytest.fixture
def live() -> Connection:
    live = connection()
    describe = {
        "name": "Contact",
        "recordTypeInfos": [
            {"recordTypeId": "012000000000001AAA", "name": "Partner", "defaultRecordTypeMapping": True}
        ],
        "fields": [
            {
                "name": "LeadSource",
                "label": "Lead Source",
                "type": "picklist",
                "picklistValues": [{"value": "Web"}, {"value": "Phone"}, {"value": "Fax", "active": False}],
            },
            {"name": "LastName", "label": "Last Name", "type": "string"},
        ],
    }
    ObjectSchema.objects.create(connection=live, name="Contact", describe=describe, read_at=NOW)
    return live


def client(role: Role = Role.STAFF) -> Client:
    client = Client()
    client.force_login(make_user(role))
    return client


def refuse(live: Connection, value: str | None = "Fintech", **values: Any) -> SyncError:
    facts: dict[str, Any] = {
        "code": PICKLIST, "field": "LeadSource", "fields": ["LeadSource"], "message": "bad value",
        "sent": {"LastName": "Öberg", "LeadSource": value}, "kind": "contact", "salesforce_object": "Contact",
        "created_at": NOW, "changed_at": NOW,
    }  # fmt: skip
    if "record_id" not in values:
        facts["record_id"] = make_contact(first_name="Åsa", last_name="Öberg").pk
    return SyncError.objects.create(connection=live, **(facts | values))


def text(path: str, role: Role = Role.STAFF) -> str:
    answer = client(role).get(path)
    assert answer.status_code == 200
    return str(answer.content.decode())


def page_of(error: SyncError) -> str:
    return text(f"{LOG}{error.pk}/change/")


def test_errors_of_one_cause_are_one_line_the_largest_first(live: Connection) -> None:
    refuse(live, "Web shop")
    for _ in range(3):
        refuse(live)
    first, second = causes_of(SyncError.objects.all())
    assert (first.sentence, first.what) == ("Lead Source “Fintech” isn't allowed", "3 contacts")
    assert (second.sentence, second.what) == ("Lead Source “Web shop” isn't allowed", "1 contact")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"sent": {"LeadSource": None}}, "Lead Source is empty, and Salesforce requires one of its values"),
        ({"sent": None}, "Lead Source is empty, and Salesforce requires one of its values"),
        ({"code": "REQUIRED_FIELD_MISSING", "field": "LastName"}, "Last Name is empty, and Salesforce requires it"),
        ({"code": "STRING_TOO_LONG", "field": "Unknown__c"}, "Unknown__c is too long"),
        ({"code": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "field": "", "message": "No fax!"}, "No fax!"),
        ({"code": "UNABLE_TO_LOCK_ROW", "field": ""},
         "Somebody else was changing the same record or its account."),
    ],
)  # fmt: skip
def test_a_cause_is_said_in_words(live: Connection, values: dict[str, Any], sentence: str) -> None:
    refuse(live, **values)
    assert causes_of(SyncError.objects.all())[0].sentence == sentence


def test_the_list_begins_with_causes_that_lead_to_their_rows(live: Connection) -> None:
    refuse(live)
    refuse(live, "Web shop")
    refuse(live, field="", code="X")
    everything = text(LOG)
    assert "Lead Source “Fintech” isn" in everything
    for cause in causes_of(SyncError.objects.all()):
        answer = client().get(f"{LOG}?{cause.query}")
        assert answer.context["cl"].result_count == 1


def test_the_list_takes_as_many_queries_however_many_errors_and_causes(live: Connection) -> None:
    visitor = client()

    def queries() -> int:
        with CaptureQueriesContext(database) as captured:
            assert visitor.get(LOG).status_code == 200
        return len(captured)

    refuse(live)
    queries()
    few = queries()
    for number in range(30):
        refuse(live, f"Value {number}", salesforce_id=f"003{number:012d}AAA")
    assert queries() == few <= 14


def test_an_opened_error_says_what_was_sent_and_allowed(live: Connection) -> None:
    page = page_of(refuse(live))
    for words in ("What we sent", "Lead Source", "LeadSource", "Fintech", "Last Name", "Web", "Phone"):
        assert words in page
    assert "Fax" not in page
    assert "Retrying without a fix won't help" in page


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, "None was sent, and Salesforce requires one."),
        ("Fintech", "“Fintech” isn&#x27;t one of the values."),
        ("Web", "but the record type (Partner) doesn&#x27;t allow it."),
        ("Fax", "“Fax” was switched off in Salesforce."),
        ("web", "“Web” is: capitals count."),
    ],
)
def test_a_picklist_says_why_the_value_isnt_taken(live: Connection, value: str | None, why: str) -> None:
    assert why in page_of(refuse(live, value))


def test_what_passes_by_itself_is_not_said_to_need_a_fix(live: Connection) -> None:
    error = refuse(live, code="UNABLE_TO_LOCK_ROW", field="", fields=[], state="retrying")
    assert "without a fix" not in page_of(error)


def test_an_opened_error_leads_to_the_record_on_both_sides(live: Connection) -> None:
    error = refuse(live, salesforce_id=THERE)
    page = page_of(error)
    assert f"/people/{error.record_id}/" in page
    assert f"https://acme.my.salesforce.com/lightning/r/Contact/{THERE}/view" in page


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"state": "held"}, "when somebody retries, or the record changes"),
        (
            {"state": "held", "waits_for_kind": "account", "waits_for_id": 1},
            "when the other record is in Salesforce",
        ),
        ({"state": "unknown"}, "once it is sure what became of the last one"),
        ({"state": "in_flight"}, "under way"),
    ],
)
def test_an_opened_error_says_when_it_is_tried_next(
    live: Connection, row: dict[str, Any], words: str
) -> None:
    error = refuse(live)
    OutboxEntry.objects.update(**row)
    assert words in page_of(error)


def test_an_opened_error_takes_few_queries(live: Connection) -> None:
    error, visitor = refuse(live), client()
    visitor.get(LOG)
    with CaptureQueriesContext(database) as captured:
        visitor.get(f"{LOG}{error.pk}/change/")
    assert len(captured) <= 12


@pytest.mark.parametrize("path", ["999/change/", "x/change/", f"{10**30}/change/"])
def test_an_error_that_isnt_there_is_not_found(live: Connection, path: str) -> None:
    assert client().get(LOG + path).status_code == 404


def test_one_error_is_retried(live: Connection) -> None:
    error = refuse(live)
    OutboxEntry.objects.update(state="held")
    answer = client().post(f"{LOG}{error.pk}/retry/", follow=True)
    assert "1 record is sent again" in answer.content.decode()
    assert (OutboxEntry.objects.get().state, SyncError.objects.get().state) == ("pending", "retrying")


def test_all_of_a_filter_are_retried_after_the_count_was_said(live: Connection) -> None:
    refuse(live)
    refuse(live)
    refuse(live, code="STRING_TOO_LONG")
    address = f"{LOG}retry/?code={PICKLIST}"
    assert "Send 2 again?" in text(address)
    assert not SyncError.objects.filter(state="retrying").exists()
    client().post(address)
    assert set(SyncError.objects.filter(state="retrying").values_list("code", flat=True)) == {PICKLIST}


def test_nothing_but_pull_errors_is_said_to_be_not_retriable(live: Connection) -> None:
    refuse(live, source="pull")
    answer = client().get(f"{LOG}retry/", follow=True)
    assert "None of these can be sent again" in answer.content.decode()


def test_a_selection_is_retried(live: Connection) -> None:
    chosen, _other = refuse(live), refuse(live)
    client().post(LOG, {"action": "retry_selected", "_selected_action": [chosen.pk]})
    assert SyncError.objects.get(state="retrying") == chosen


def test_all_that_a_selection_may_reach_are_counted_first(live: Connection) -> None:
    error = refuse(live)
    sent = {"action": "retry_selected", "_selected_action": [error.pk], "select_across": "1"}
    answer = client().post(f"{LOG}?code={PICKLIST}", sent)
    assert answer["Location"] == f"{LOG}retry/?code={PICKLIST}"


def test_a_duplicate_is_linked_with_the_one_there(live: Connection) -> None:
    error = refuse(live, code="DUPLICATES_DETECTED", existing_id=THERE, existing_ids=[THERE])
    assert f"Link to {THERE}" in page_of(error)
    client().post(f"{LOG}{error.pk}/link/", {"to": THERE})
    assert RecordLink.objects.get(salesforce_id=THERE).record_id == error.record_id


def test_a_link_that_is_taken_is_refused_by_name(live: Connection) -> None:
    holder = make_contact(first_name="Björn", last_name="Borg")
    RecordLink.objects.create(
        connection=live, salesforce_object="Contact", salesforce_id=THERE, kind="contact", record_id=holder.pk
    )
    error = refuse(live, code="DUPLICATES_DETECTED", existing_id=THERE)
    answer = client().post(f"{LOG}{error.pk}/link/", {"to": THERE}, follow=True)
    assert "It is linked with Björn Borg here already" in answer.content.decode()


def exported(query: str = "") -> list[dict[str, str]]:
    answer: Any = client().get(f"{LOG}export/{query}")
    content = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content)))


def test_the_filter_is_exported(live: Connection) -> None:
    refuse(live)
    refuse(live, code="STRING_TOO_LONG")
    [row] = exported(f"?code={PICKLIST}")
    assert (row["record"], row["code"], row["field"], row["state"]) == (
        "Åsa Öberg",
        PICKLIST,
        "LeadSource",
        "open",
    )
    assert '"Fintech"' in row["sent"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["bad value", "a=b", "", None, 7])
def test_other_cells_stay_as_they_are(text: Any) -> None:
    assert harmless(text) == str(text if text is not None else "")


def test_errors_are_searched_by_the_name_of_their_record(live: Connection) -> None:
    refuse(live)
    refuse(live, record_id=make_contact(first_name="Björn", last_name="Borg").pk)
    answer = client().get(f"{LOG}?q=Borg")
    assert answer.context["cl"].result_count == 1


@pytest.mark.parametrize("role", [Role.STAFF, Role.ADMIN])
def test_staff_and_admins_work_with_the_log(live: Connection, role: Role) -> None:
    error = refuse(live)
    assert "Lead Source" in text(LOG, role)
    assert client(role).post(f"{LOG}{error.pk}/retry/").status_code == 302


@pytest.mark.parametrize("path", ["", "{}/change/", "retry/", "export/"])
def test_sales_doesnt_see_the_log(live: Connection, path: str) -> None:
    assert client(Role.SALES).get(LOG + path.format(refuse(live).pk)).status_code == 403


@pytest.mark.parametrize("path", ["{}/retry/", "{}/link/", "retry/"])
def test_sales_retries_nothing(live: Connection, path: str) -> None:
    assert client(Role.SALES).post(LOG + path.format(refuse(live).pk)).status_code == 403
    assert SyncError.objects.get().state == "open"


def test_an_owner_nobody_is_there_leads_an_admin_to_the_owners_page(live: Connection) -> None:
    error = refuse(live, code="OWNER_NOT_MAPPED", field="OwnerId", fields=["OwnerId"], held_by_us=True)
    address = f"{LOG}{error.pk}/change/"
    assert "/salesforce/owners/" in client(Role.ADMIN).get(address).content.decode()
    assert "/salesforce/owners/" not in client().get(address).content.decode()
