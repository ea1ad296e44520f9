"""Bulk API 2.0 ingest jobs (api.md, section 8)."""

import csv
import http.client
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce

from sandbox.testing import RunningOrg, start_org
from sandbox.tests.calling import V60, Reply, app_token, send, user_id

JOBS = f"{V60}/jobs/ingest"
KEY = {"name": "Lockstep_Id__c", "type": "string", "length": 64, "externalId": True, "unique": True}
OVER = ("JobComplete", "Failed", "Aborted")
Job = dict[str, Any]


@pytest.fixture(scope="module", autouse=True)
def keyed(running: RunningOrg) -> None:
    for name in ("Account", "Contact"):
        running.control("POST", f"/schema/{name}/fields", KEY)


@pytest.fixture(autouse=True)
def emptied(org: RunningOrg) -> Iterator[None]:
    yield
    for row in contacts(org):
        org.control("POST", f"/records/Contact/{row['Id']}/purge")


def contacts(org: RunningOrg) -> list[dict[str, Any]]:
    soql = "SELECT Id, LastName, Title, DoNotCall, Account.Name FROM Contact ORDER BY LastName"
    found: list[dict[str, Any]] = org.control("GET", f"/query?q={soql.replace(' ', '+')}")["records"]
    return found


def names(org: RunningOrg) -> list[str]:
    return [row["LastName"] for row in contacts(org)]


def create(org: RunningOrg, token: str, headers: dict[str, str] | None = None, /, **wanted: str) -> Reply:
    body = {"object": "Contact", "operation": "insert"} | wanted
    return send(org, "POST", JOBS, json.dumps(body), token=token, headers=headers)


def put(org: RunningOrg, token: str, job: Job, text: str) -> Reply:
    return send(org, "PUT", f"{JOBS}/{job['id']}/batches", text, token=token)


def close(org: RunningOrg, token: str, job: Job, state: str = "UploadComplete") -> Reply:
    return send(org, "PATCH", f"{JOBS}/{job['id']}", json.dumps({"state": state}), token=token)


def start(org: RunningOrg, token: str, text: str, **wanted: str) -> Job:
    job: Job = create(org, token, **wanted).json()
    assert put(org, token, job, text).status == 201
    assert close(org, token, job).status == 200
    return job


def wait(org: RunningOrg, token: str, job: Job) -> Job:
    for _ in range(500):
        job |= send(org, "GET", f"{JOBS}/{job['id']}", token=token).json()
        if job["state"] in OVER:
            return job
        time.sleep(0.02)
    raise AssertionError(job)


def finish(org: RunningOrg, token: str, text: str, **wanted: str) -> Job:
    return wait(org, token, start(org, token, text, **wanted))


def results(org: RunningOrg, token: str, job: Job, which: str) -> list[list[str]]:
    reply = send(org, "GET", f"{JOBS}/{job['id']}/{which}", token=token)
    assert reply.status == 200, reply.text
    return list(csv.reader(io.StringIO(reply.text, newline="")))


def failures(org: RunningOrg, token: str, job: Job) -> list[str]:
    return [row[1] for row in results(org, token, job, "failedResults")[1:]]


def test_a_new_job_waits_for_its_upload(org: RunningOrg, token: str) -> None:
    job = create(org, token).json()
    assert (job["state"], job["object"], job["operation"]) == ("Open", "Contact", "insert")
    assert job["contentUrl"] == f"services/data/v60.0/jobs/ingest/{job['id']}/batches"


def test_rows_are_saved_and_told_in_order(org: RunningOrg, token: str) -> None:
    job = finish(org, token, 'LastName,Title\na,"x, ""y"""\nb,\n')
    header, first, second = results(org, token, job, "successfulResults")
    assert header == ["sf__Id", "sf__Created", "LastName", "Title"]
    assert first[1:] == ["true", "a", 'x, "y"']
    assert second[1:] == ["true", "b", ""]
    assert [first[0], second[0]] == [row["Id"] for row in contacts(org)]


def test_a_complete_job_may_have_failed_rows(org: RunningOrg, token: str) -> None:
    job = finish(org, token, "LastName,Email\na,a@b.example\n,c@d.example\ne,nonsense\n")
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == ("JobComplete", 3, 2)
    assert failures(org, token, job) == [
        "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --",
        "INVALID_EMAIL_ADDRESS:Email: invalid email address: nonsense:Email --",
    ]
    assert results(org, token, job, "failedResults")[1][0] == ""
    assert results(org, token, job, "unprocessedrecords") == [["LastName", "Email"]]


@pytest.mark.parametrize(
    ("name", "character"),
    [("COMMA", ","), ("TAB", "\t"), ("PIPE", "|"), ("SEMICOLON", ";"), ("CARET", "^"), ("BACKQUOTE", "`")],
)
@pytest.mark.parametrize(("ending", "line"), [("LF", "\n"), ("CRLF", "\r\n")])
def test_any_delimiter_and_line_ending_is_read_and_written(
    *, org: RunningOrg, token: str, name: str, character: str, ending: str, line: str
) -> None:
    text = line.join([f"LastName{character}Title", f"ü 🚀{character}t", ""])
    job = finish(org, token, text, columnDelimiter=name, lineEnding=ending)
    reply = send(org, "GET", f"{JOBS}/{job['id']}/successfulResults", token=token)
    assert names(org) == ["ü 🚀"]
    assert reply.text.endswith(f'"ü 🚀"{character}"t"{line}')


def test_an_update_leaves_empty_cells_alone_and_empties_by_a_word(org: RunningOrg, token: str) -> None:
    rows = [{"LastName": "a", "Title": "t", "DoNotCall": True} for _ in range(2)]
    one, two = org.control("POST", "/records/Contact", {"records": rows})["ids"]
    text = f"Id,LastName,Title,DoNotCall\n{one},b,,no\n{two},,#N/A,\n"
    job = finish(org, token, text, operation="update")
    assert [row[1] for row in results(org, token, job, "successfulResults")[1:]] == ["false"] * 2
    found = {row["Id"]: (row["LastName"], row["Title"], row["DoNotCall"]) for row in contacts(org)}
    assert found == {one: ("b", "t", False), two: ("a", None, True)}


def test_an_upsert_says_what_it_created(org: RunningOrg, token: str) -> None:
    text = "Lockstep_Id__c,LastName\nk1,a\nK1,b\n,c\n"
    job = finish(org, token, text, operation="upsert", externalIdFieldName="Lockstep_Id__c")
    assert job["externalIdFieldName"] == "Lockstep_Id__c"
    assert [row[1] for row in results(org, token, job, "successfulResults")[1:]] == ["true", "false"]
    assert failures(org, token, job) == ["MISSING_ARGUMENT:Lockstep_Id__c not specified:--"]
    assert names(org) == ["b"]


def test_an_upsert_by_id_makes_the_rows_without_one(org: RunningOrg, token: str) -> None:
    (id,) = org.control("POST", "/records/Contact", {"records": [{"LastName": "a"}]})["ids"]
    finish(org, token, f"Id,LastName\n{id},b\n,c\n", operation="upsert", externalIdFieldName="Id")
    assert names(org) == ["b", "c"]


def test_a_parent_is_named_by_its_external_id(org: RunningOrg, token: str) -> None:
    org.control("POST", "/records/Account", {"records": [{"Name": "Acme", "Lockstep_Id__c": "acc"}]})
    job = finish(org, token, "LastName,Account.Lockstep_Id__c\na,acc\nb,nowhere\nc,#N/A\n")
    assert [row["Account"] and row["Account"]["Name"] for row in contacts(org)] == ["Acme", None]
    assert failures(org, token, job)[0].startswith("INVALID_FIELD:Foreign key external ID: nowhere not found")


@pytest.mark.parametrize(("operation", "in_the_bin"), [("delete", 1), ("hardDelete", 0)])
def test_rows_are_deleted_into_the_bin_or_past_it(
    org: RunningOrg, token: str, operation: str, in_the_bin: int
) -> None:
    (id,) = org.control("POST", "/records/Contact", {"records": [{"LastName": "a"}]})["ids"]
    job = finish(org, token, f"Id\n{id}\n{id}\n001000000000001\n", operation=operation)
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (3, 2)
    assert failures(org, token, job)[1].startswith("MALFORMED_ID:")
    query = f"/query?all=1&q=SELECT+Id+FROM+Contact+WHERE+Id='{id}'"
    assert len(org.control("GET", query)["records"]) == in_the_bin


@pytest.mark.parametrize(
    ("wanted", "text", "why"),
    [
        ({}, "LastName,Nothing__c\na,b\n", "Field name not found : Nothing__c"),
        ({}, "LastName,Nothing.Key__c\na,b\n", "Field name not found : Nothing.Key__c"),
        ({}, "LastName,LASTNAME\na,b\n", "twice"),
        ({}, "LastName,Title\na\n", "Row 1 has 1 columns, the header has 2"),
        ({}, 'LastName\n"a\n', "can't be read"),
        ({}, "LastName\r\na\r\n", "LineEnding is invalid on user data"),
        ({"operation": "delete"}, "Id,LastName\n003,a\n", "must contain only ids"),
    ],
)
def test_an_upload_that_is_no_table_of_the_object_fails_whole(
    *, org: RunningOrg, token: str, wanted: dict[str, str], text: str, why: str
) -> None:
    job = finish(org, token, text, **wanted)
    assert (job["state"], job["numberRecordsProcessed"]) == ("Failed", 0)
    assert job["errorMessage"].startswith("InvalidBatch : ")
    assert why in job["errorMessage"]


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"object": "Nothing"}, "INVALIDENTITY"),
        ({"operation": "merge"}, "INVALIDJOB"),
        ({"operation": "upsert"}, "INVALIDJOB"),
        ({"operation": "upsert", "externalIdFieldName": "Title"}, "INVALIDJOB"),
        ({"columnDelimiter": "HASH"}, "INVALIDJOB"),
        ({"contentType": "XML"}, "INVALIDJOB"),
    ],
)
def test_a_job_that_can_never_be_is_refused_at_once(
    org: RunningOrg, token: str, wanted: dict[str, str], code: str
) -> None:
    reply = create(org, token, **wanted)
    assert (reply.status, reply.json()[0]["errorCode"]) == (400, code)


def test_a_job_takes_one_upload_and_is_closed_once(org: RunningOrg, token: str) -> None:
    job = create(org, token).json()
    replies = [put(org, token, job, "LastName\na\n") for _ in range(2)]
    replies += [close(org, token, job) for _ in range(2)]
    assert [reply.status for reply in replies] == [201, 400, 200, 400]
    wait(org, token, job)
    assert names(org) == ["a"]


def test_results_wait_for_the_end(org: RunningOrg, token: str) -> None:
    job = create(org, token).json()
    assert send(org, "GET", f"{JOBS}/{job['id']}/successfulResults", token=token).status == 400


def test_an_aborted_job_gives_its_rows_back(org: RunningOrg, token: str) -> None:
    job = create(org, token).json()
    put(org, token, job, "LastName\na\nb\n")
    assert close(org, token, job, "Aborted").json()["state"] == "Aborted"
    assert results(org, token, job, "unprocessedrecords") == [["LastName"], ["a"], ["b"]]
    assert names(org) == []


def test_a_running_job_can_be_aborted_between_its_transactions(org: RunningOrg, token: str) -> None:
    org.control("POST", "/faults", {"do": {"slow_job": 60}, "match": {"object": "Contact"}})
    job = start(org, token, "LastName\n" + "a\n" * 300)
    close(org, token, job, "Aborted")
    assert len(results(org, token, job, "unprocessedrecords")) == 301


def test_a_failed_job_keeps_what_it_saved(org: RunningOrg, token: str) -> None:
    org.control("POST", "/faults", {"name": "bulk_job_fails"})
    job = finish(org, token, "LastName\na\nb\nc\nd\n")
    assert (job["state"], job["numberRecordsProcessed"]) == ("Failed", 2)
    assert names(org) == ["a", "b"]
    assert results(org, token, job, "unprocessedrecords")[1:] == [["c"], ["d"]]


def test_rows_of_a_job_can_be_locked_one_by_one(org: RunningOrg, token: str) -> None:
    org.control("POST", "/faults", {"name": "rows_locked", "match": {"method": "PATCH", "object": "Contact"}})
    job = finish(org, token, "LastName\na\nb\nc\n")
    assert names(org) == ["b"]
    assert {text.partition(":")[0] for text in failures(org, token, job)} == {"UNABLE_TO_LOCK_ROW"}


def test_a_job_is_found_by_who_made_it_and_when(org: RunningOrg, token: str) -> None:
    org.control("POST", "/clock", {"set": "2031-05-01T08:00:00+00:00", "freeze": True})
    token = app_token(org)
    org.control("POST", "/faults", {"name": "cut_after", "match": {"operation": "ingest"}})
    with pytest.raises(http.client.RemoteDisconnected):
        create(org, token)
    records = send(org, "GET", f"{JOBS}?jobType=V2Ingest", token=token).json()["records"]
    mine = [job for job in records if job["createdById"] == user_id(org, "integration@acme.example")]
    assert [job["state"] for job in mine if job["createdDate"] == "2031-05-01T08:00:00.000+0000"] == ["Open"]


def test_a_job_may_come_into_being_later(org: RunningOrg, token: str) -> None:
    def ids() -> set[str]:
        return {job["id"] for job in send(org, "GET", JOBS, token=token).json()["records"]}

    before = ids()
    org.control("POST", "/faults", {"name": "commit_later", "match": {"operation": "ingest"}})
    with pytest.raises(http.client.RemoteDisconnected):
        create(org, token)
    assert ids() == before
    org.control("POST", "/clock", {"advance": 61})
    assert len(ids() - before) == 1


def test_a_deleted_job_is_gone(org: RunningOrg, token: str) -> None:
    job = finish(org, token, "LastName\na\n")
    assert send(org, "DELETE", f"{JOBS}/{job['id']}", token=token).status == 204
    reply = send(org, "GET", f"{JOBS}/{job['id']}", token=token)
    assert (reply.status, reply.json()[0]["errorCode"]) == (404, "NOT_FOUND")


def test_a_query_job_is_no_ingest_job(org: RunningOrg, token: str) -> None:
    job = create(org, token).json()
    assert send(org, "GET", f"{V60}/jobs/query/{job['id']}", token=token).status == 404


@pytest.mark.parametrize(("allow", "saved"), [("true", 2), ("false", 1)])
def test_the_headers_of_the_job_hold_for_its_rows(
    org: RunningOrg, token: str, allow: str, saved: int
) -> None:
    org.control("POST", "/rules/Contact/duplicate", {"name": "Same", "fields": ["LastName"]})
    job = create(org, token, {"Sforce-Duplicate-Rule-Header": f"allowSave={allow}"}).json()
    put(org, token, job, "LastName\na\na\n")
    close(org, token, job)
    assert wait(org, token, job)["numberRecordsFailed"] == 2 - saved
    org.control("DELETE", "/rules/Contact/Same")


def test_the_day_s_batches_are_counted_by_ten_thousand_rows(org: RunningOrg, token: str) -> None:
    def left() -> int:
        limits = send(org, "GET", f"{V60}/limits", token=token).json()
        return int(limits["DailyBulkApiBatches"]["Remaining"])

    before = left()
    finish(org, token, "Id\n" + "003\n" * 10_001, operation="delete")
    assert left() == before - 2


@pytest.mark.kill
def test_a_killed_org_goes_on_at_the_first_row_without_an_outcome(tmp_path: Path) -> None:
    rows = 1_000
    with start_org(tmp_path) as org:
        token = app_token(org)
        org.control("POST", "/faults", {"do": {"slow_job": 1.5}})
        job = start(org, token, "LastName\n" + "".join(f"n{n:04}\n" for n in range(rows)))
        while not (job := job | send(org, "GET", f"{JOBS}/{job['id']}", token=token).json())[
            "numberRecordsProcessed"
        ]:
            time.sleep(0.01)
        org.process.kill()
    assert job["numberRecordsProcessed"] < rows
    with start_org(tmp_path) as again:
        done = wait(again, token, job)
        assert (done["state"], done["numberRecordsProcessed"]) == ("JobComplete", rows)
        ids = [row[0] for row in results(again, token, job, "successfulResults")[1:]]
        assert len(set(ids)) == rows
        assert names(again) == [f"n{n:04}" for n in range(rows)]


def test_a_reset_org_takes_no_rows_of_an_earlier_job(tmp_path: Path) -> None:
    with start_org(tmp_path) as org:
        token = app_token(org)
        org.control("POST", "/faults", {"do": {"slow_job": 0.6}})
        start(org, token, "LastName\n" + "a\n" * 600)
        org.control("POST", "/reset", {"seed": "empty"})
        time.sleep(0.7)
        assert names(org) == []


class _Downgrade(HTTPAdapter):
    """The library knows https only, the org speaks http."""

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        request.url = str(request.url).replace("https://", "http://", 1)
        return super().send(request, *args, **more)


@pytest.fixture
def library(org: RunningOrg, token: str) -> Iterator[Any]:
    with requests.Session() as session:
        session.mount(f"https://{urlsplit(org.url).netloc}/", _Downgrade())
        client = Salesforce(instance_url=org.url, session_id=token, session=session, version="60.0")
        yield cast(Any, client).bulk2.Contact


def test_a_client_library_carries_a_job_through(library: Any) -> None:
    (made,) = library.insert(
        records=[{"LastName": "a", "Email": "a@b.example"}, {"LastName": "b", "Email": "no"}], wait=0
    )
    assert (made["numberRecordsTotal"], made["numberRecordsFailed"]) == (2, 1)
    assert '"INVALID_EMAIL_ADDRESS:' in library.get_failed_records(made["job_id"])
    (saved,) = csv.DictReader(io.StringIO(library.get_successful_records(made["job_id"])))
    (gone,) = library.delete(records=[{"Id": saved["sf__Id"]}], wait=0)
    assert (gone["numberRecordsProcessed"], gone["numberRecordsFailed"]) == (1, 0)
    assert library.get_unprocessed_records(gone["job_id"]).strip() == '"Id"'
