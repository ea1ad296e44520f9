"""What can go wrong on the way: after each of it, both sides agree (design, *Faults it is built for*)."""

from typing import Any

import pytest

from crm.models import Contact
from integrations.models import Connection, ObjectSchema, SyncError
from integrations.salesforce.org import Org
from integrations.sync.pull.extract import Extract
from integrations.tests.pull import live
from integrations.tests.pull.in_step import assert_in_step
from integrations.tests.pull.seller import Seller
from integrations.tests.sandbox_process import SandboxOrg
from mappings.models import FieldMap

pytestmark = pytest.mark.django_db

QUERY = r"/query(All)?(\?|/)"
RESULTS = r"/jobs/query/\w+/results"


def fault(running: SandboxOrg, name: str, **match: Any) -> None:
    running.control("POST", "/faults", {"name": name, "match": match})


def sync_user(running: SandboxOrg, connection: Connection) -> str:
    people = running.control("GET", "/users")
    return next(str(one["username"]) for one in people if one["id"] == connection.sync_user_id)


@pytest.mark.parametrize(
    "name",
    [
        "session_expired",
        "concurrent_limit",
        "too_many_requests",
        "server_error",
        "unavailable",
        "edge_420",
        "bad_gateway",
        "gateway_timeout",
        "html_page",
        "query_timeout",
        "cut_before",
        "cut_after",
        "truncated",
        "truncated_csv",
        "repeated_rows",
        "cursor_lost",
    ],
)
def test_reading_pages_survives(demo_org: SandboxOrg, connection: Connection, name: str) -> None:
    demo_org.control("PATCH", "/options", {"batch_size": 200})
    fault(demo_org, name, path=QUERY, object="Account")
    fault(demo_org, name, path=r"/query(All)?/", nth=2, times=2)
    run = live.pull(connection)
    assert run.state == "succeeded", run.error
    assert_in_step(demo_org, connection)


@pytest.mark.parametrize("name", ["unavailable", "html_page", "cut_after", "truncated", "truncated_csv"])
@pytest.mark.parametrize("step", [r"/jobs/query$", r"/jobs/query/\w+$", RESULTS])
def test_reading_in_bulk_survives(
    demo_org: SandboxOrg, connection: Connection, bulk: None, name: str, step: str
) -> None:
    fault(demo_org, name, path=step, nth=2, times=5)
    run = live.pull(connection)
    assert run.state == "succeeded", run.error
    assert_in_step(demo_org, connection)


def test_a_revoked_session_is_renewed_in_the_middle(
    demo_org: SandboxOrg, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Extract.step

    def step_signed_out(extract: Extract) -> bool:
        demo_org.control("POST", "/tokens/expire")
        return step(extract)

    monkeypatch.setattr(Extract, "step", step_signed_out)
    assert live.pull(connection).state == "succeeded"
    assert_in_step(demo_org, connection)


def test_a_bulk_job_that_fails_half_way_is_told_and_then_made_good(
    demo_org: SandboxOrg, connection: Connection, bulk: None
) -> None:
    fault(demo_org, "bulk_job_fails", path=r"/jobs/query$", nth=4)
    run = live.pull(connection)
    assert (run.state, run.error_code) == ("failed", "BULK_JOB_FAILED")
    assert SyncError.objects.filter(salesforce_object="Opportunity", state="open").count() == 1
    assert live.pull(connection).state == "succeeded"
    assert not SyncError.objects.filter(state="open").exists()
    assert_in_step(demo_org, connection)


def test_a_bulk_job_that_was_deleted_is_made_anew(
    demo_org: SandboxOrg, connection: Connection, bulk: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    download = Org.download_query_page
    deleted: list[str] = []

    def delete_once(org: Org, job_id: str, **options: Any) -> Any:
        if len(deleted) < 2:
            deleted.append(job_id)
            org.delete_query_job(job_id)
        return download(org, job_id, **options)

    monkeypatch.setattr(Org, "download_query_page", delete_once)
    run = live.pull(connection)
    assert run.state == "succeeded", run.error
    assert_in_step(demo_org, connection)


def test_the_daily_limit_stops_at_once_and_loses_nothing(
    demo_org: SandboxOrg, connection: Connection
) -> None:
    fault(demo_org, "daily_limit", path=QUERY, object="Contact", times=2)
    run = live.pull(connection)
    assert run.state == "succeeded", run.error
    assert_in_step(demo_org, connection)


def test_a_field_dropped_while_running_leaves_the_others_going(
    demo_org: SandboxOrg, connection: Connection
) -> None:
    demo_org.control(
        "POST", "/schema/Contact/fields", {"name": "Shoe_Size__c", "type": "string", "length": 40}
    )
    live.finish(live.start(connection))  # the schema now holds it
    FieldMap.objects.filter(object="Contact", field="home_phone").update(salesforce="Shoe_Size__c")
    demo_org.control("DELETE", "/schema/Contact/fields/Shoe_Size__c")
    run = live.pull(connection)
    assert run.state == "succeeded", run.error
    assert_in_step(demo_org, connection)


def test_a_field_that_goes_after_the_schema_was_read_is_told_by_its_name(
    connection: Connection,
) -> None:
    schema = ObjectSchema.objects.get(connection=connection, name="Contact")
    schema.describe["fields"].append({"name": "Gone__c", "label": "Gone", "type": "string", "length": 20})
    schema.save()
    FieldMap.objects.filter(object="Contact", field="home_phone").update(salesforce="Gone__c")
    run = live.pull(connection, follow_schema=False)
    assert run.state == "failed"
    assert run.error_code == "INVALID_FIELD"
    assert "Gone__c" in run.error
    assert live.pull(connection).state == "succeeded"


def test_a_hidden_field_leaves_what_was_pulled(demo_org: SandboxOrg, connection: Connection) -> None:
    live.pull(connection)
    held = Contact.objects.exclude(title="").count()
    hiding = {"username": sync_user(demo_org, connection)}
    demo_org.control("POST", "/schema/Contact/fields/Title/hide", hiding)
    run = live.pull(connection, full=True)
    demo_org.control("POST", "/schema/Contact/fields/Title/hide", hiding | {"hidden": False})
    assert run.state == "succeeded", run.error
    assert Contact.objects.exclude(title="").count() == held


def test_an_object_that_can_not_be_read_leaves_the_others_going(
    demo_org: SandboxOrg, connection: Connection
) -> None:
    fault(demo_org, "no_access", path=QUERY, object="Lead", times=0)
    run = live.pull(connection)
    assert run.state == "failed"
    states = dict(run.children.values_list("object", "state"))
    assert states == {
        "Account": "succeeded",
        "Contact": "succeeded",
        "Lead": "failed",
        "Opportunity": "succeeded",
        "OpportunityContactRole": "succeeded",
    }


def test_rows_hidden_from_the_sync_user_are_not_taken_for_deleted(
    demo_org: SandboxOrg, connection: Connection, seller: Seller
) -> None:
    live.pull(connection)
    person = seller.one("SELECT Id FROM Contact WHERE Title = 'Duplicate'")["Id"]
    hiding = {"username": sync_user(demo_org, connection)}
    demo_org.control("POST", f"/records/Contact/{person}/hide", hiding)
    run = live.pull(connection, full=True)
    demo_org.control("POST", f"/records/Contact/{person}/hide", hiding | {"hidden": False})
    assert run.children.get(object="Contact").counts["deleted"] == 0
    assert live.pull(connection, full=True).state == "succeeded"
    assert_in_step(demo_org, connection)


def test_a_pause_stops_between_two_steps_and_resuming_goes_on(
    demo_org: SandboxOrg, connection: Connection
) -> None:
    run = live.start(connection)
    connection.pause(live.Clock()())
    org = live.door(connection)
    assert not live.slice_of(run, org=org)
    connection.resume()
    assert live.finish(run).state == "succeeded"
    assert_in_step(demo_org, connection)
