"""Whole pulls over HTTP, and that both sides agree after each."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote_plus

import pytest

from crm.models import Account, Contact, Deal
from integrations.models import Connection, RecordLink, SyncedObject, SyncRun
from integrations.sync.pull.staging import StagingTable
from integrations.tests.pull import live
from integrations.tests.pull.in_step import assert_in_step, org_rows
from integrations.tests.pull.seller import Seller
from integrations.tests.sandbox_process import SandboxOrg, sandbox_org

pytestmark = pytest.mark.django_db


def test_the_first_pull_brings_every_record_once(
    demo_org: SandboxOrg, connection: Connection, way: str
) -> None:
    run = live.pull(connection)
    assert run.state == "succeeded", run.error
    assert_in_step(demo_org, connection)
    assert ("jobs/query" in str(demo_org.control("GET", "/requests/counts"))) or way == "rest"


def test_the_counts_add_up(demo_org: SandboxOrg, connection: Connection) -> None:
    run = live.pull(connection)
    leads = org_rows(demo_org, "SELECT Id, IsDeleted, IsConverted FROM Lead")
    alive = [row for row in leads if not row["IsDeleted"]]
    counted = live.counts(run, "Lead")
    assert counted["seen"] == len(leads)
    assert counted["created"] + counted["suppressed"] == len(alive)
    assert counted["converted"] == sum(row["IsConverted"] for row in alive)


def test_a_pull_with_nothing_new_touches_nothing(demo_org: SandboxOrg, connection: Connection) -> None:
    live.pull(connection)
    counted = live.counts(live.pull(connection, full=True), "Contact")
    assert (
        counted["unchanged"] == RecordLink.objects.filter(salesforce_object="Contact", state="linked").count()
    )
    assert not counted.keys() & {"created", "updated", "conflicts"}
    assert_in_step(demo_org, connection)


def test_what_changed_in_between_follows(
    demo_org: SandboxOrg, connection: Connection, seller: Seller, way: str
) -> None:
    live.pull(connection)
    person = seller.one("SELECT Id FROM Contact WHERE Title = 'Duplicate'")["Id"]
    seller.change("Contact", person, Title="Chief “Quote” Officer, \\N", LastName="O'Brien-مرحبا 🎈")
    account = seller.create("Account", Name=f"Société {way}", Website=f"https://www.{way}.example")
    seller.create("Contact", LastName="Late", Email=f"late@{way}.example", AccountId=account)
    seller.delete(
        "Opportunity", seller.one("SELECT Id FROM Opportunity WHERE StageName = 'Prospecting'")["Id"]
    )
    run = live.pull(connection)
    assert run.state == "succeeded", run.error
    assert live.counts(run, "Opportunity")["deleted"] == 1
    assert Contact.objects.filter(last_name="Late", account__name=f"Société {way}").count() == 1
    assert_in_step(demo_org, connection)


def test_a_later_pull_reads_what_is_new_alone(connection: Connection, seller: Seller) -> None:
    live.pull(connection)
    SyncedObject.objects.update(staged=datetime.now(UTC) - timedelta(minutes=1), staged_id="")
    seller.create("Account", Name="One More Ltd")
    run = live.pull(connection)
    assert live.counts(run, "Account")["created"] == 1
    assert live.counts(run, "Contact").get("seen", 0) < 10


def test_an_object_without_records_is_not_counted_there(tmp_path: Path, db: None) -> None:
    with sandbox_org(tmp_path) as org:
        connection = live.connect(org)
        live.pull(connection)
        live.pull(connection)
        asked = [unquote_plus(str(request)) for request in org.control("GET", "/requests")]
    assert any("FROM Contact" in request for request in asked)
    assert not [request for request in asked if "COUNT()" in request]
    assert set(SyncedObject.objects.values_list("there", flat=True)) == {0}


def test_a_commit_that_comes_late_is_not_missed(demo_org: SandboxOrg, connection: Connection) -> None:
    live.pull(connection)
    older = (datetime.now(UTC) - timedelta(minutes=4)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    stamps = {"SystemModstamp": older, "LastModifiedDate": older, "CreatedDate": older}
    demo_org.control("POST", "/records/Account", {"records": [{"Name": "Late Commit Ltd", **stamps}]})
    live.pull(connection)
    assert Account.objects.filter(name="Late Commit Ltd").count() == 1
    assert_in_step(demo_org, connection)


def test_many_records_on_one_stamp_are_all_read(
    demo_org: SandboxOrg, connection: Connection, way: str
) -> None:
    demo_org.control("PATCH", "/options", {"batch_size": 200})
    stamp = "2026-01-05T08:00:00.000+0000"
    stamps = {"SystemModstamp": stamp, "LastModifiedDate": stamp, "CreatedDate": stamp}
    rows = [{"Name": f"Same Second {way} {number}", **stamps} for number in range(450)]
    demo_org.control("POST", "/records/Account", {"records": rows})
    live.pull(connection)
    demo_org.control("PATCH", "/options", {"batch_size": None})
    assert Account.objects.filter(name__startswith=f"Same Second {way}").count() == 450
    assert_in_step(demo_org, connection)


def test_ids_are_kept_in_18_characters(connection: Connection) -> None:
    live.pull(connection)
    assert {len(link.salesforce_id) for link in RecordLink.objects.all()} == {18}


def test_what_is_undeleted_there_becomes_a_new_record(
    demo_org: SandboxOrg, connection: Connection, seller: Seller
) -> None:
    deal = seller.create("Opportunity", Name="Wavers", StageName="Prospecting", CloseDate="2030-01-31")
    live.pull(connection)
    seller.delete("Opportunity", deal)
    live.pull(connection)
    demo_org.control("POST", f"/records/Opportunity/{deal}/undelete")
    live.pull(connection)
    assert Deal.objects.filter(name="Wavers").count() == 2
    assert_in_step(demo_org, connection, own_records=1)


def test_the_window_reads_and_turning_on_only_applies(demo_org: SandboxOrg) -> None:
    connection = live.connect(demo_org, activated=False)
    live.pull(connection, trigger=SyncRun.Trigger.SCHEDULE)
    assert not Contact.objects.exists()
    connection.activate(datetime.now(UTC))
    demo_org.control("DELETE", "/requests")
    run = live.first_pull(connection)
    assert run.children.get(object="Contact").read < 20
    assert_in_step(demo_org, connection)


def test_a_lost_staging_table_is_read_again(demo_org: SandboxOrg) -> None:
    connection = live.connect(demo_org, activated=False)
    live.pull(connection)
    connection.activate(datetime.now(UTC))
    StagingTable(connection.pk, "Contact").truncate_after(-1)
    StagingTable(connection.pk, "Lead").drop()
    run = live.first_pull(connection)
    assert run.state == "succeeded", run.error
    assert_in_step(demo_org, connection)
