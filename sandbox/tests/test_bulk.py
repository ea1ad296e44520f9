"""Bulk API 2.0 query jobs (api.md, section 8)."""

import csv
import io
import time
from pathlib import Path
from typing import Any

import pytest

from sandbox.testing import RunningOrg, start_org
from sandbox.tests.calling import V60, Reply, app_token, send

JOBS = f"{V60}/jobs/query"
ROWS = 25
ODD = 'Says "hi", or\nnot; ünïcode 🚀'


@pytest.fixture(scope="module", autouse=True)
def contacts(running: RunningOrg) -> None:
    rows = [{"LastName": f"Person {n:03}", "Description": ODD} for n in range(ROWS)]
    running.control("POST", "/records/Contact", {"records": rows})


def start(org: RunningOrg, token: str, query: str, **more: str) -> dict[str, Any]:
    job: dict[str, Any] = org.call("POST", JOBS, {"operation": "query", "query": query, **more}, token=token)
    return job


def finish(org: RunningOrg, token: str, query: str, **more: str) -> dict[str, Any]:
    return wait(org, token, start(org, token, query, **more))


def wait(org: RunningOrg, token: str, job: dict[str, Any]) -> dict[str, Any]:
    for _ in range(200):
        job |= org.call("GET", f"{JOBS}/{job['id']}", token=token)
        if job["state"] in ("JobComplete", "Failed", "Aborted"):
            return job
        time.sleep(0.02)
    raise AssertionError(job)


def results(org: RunningOrg, token: str, job: dict[str, Any], query: str = "") -> Reply:
    return send(org, "GET", f"{JOBS}/{job['id']}/results{query}", token=token)


def rows_of(reply: Reply) -> list[list[str]]:
    return list(csv.reader(io.StringIO(reply.text, newline="")))[1:]


ALL = "SELECT Id, LastName, Description, IsDeleted, CreatedDate, AccountId FROM Contact ORDER BY LastName"


def test_a_new_job_is_described_briefly(org: RunningOrg, token: str) -> None:
    job = start(org, token, ALL)
    assert job["id"].startswith("750")
    assert (job["state"], job["object"], job["apiVersion"]) == ("UploadComplete", "Contact", 60.0)


def test_a_finished_job_says_how_many_rows_it_has(org: RunningOrg, token: str) -> None:
    job = finish(org, token, ALL)
    assert (job["state"], job["numberRecordsProcessed"], job["jobType"]) == ("JobComplete", ROWS, "V2Query")


def test_the_csv_is_quoted_throughout(org: RunningOrg, token: str) -> None:
    reply = results(org, token, finish(org, token, ALL))
    first = reply.text.splitlines()[0]
    assert first == '"Id","LastName","Description","IsDeleted","CreatedDate","AccountId"'
    row = rows_of(reply)[0]
    assert row[1:4] == ["Person 000", ODD, "false"]
    assert row[4].endswith(".000Z")
    assert row[5] == ""
    assert (reply.headers["content-type"], reply.headers["sforce-locator"]) == ("text/csv", "null")


def test_pages_join_to_the_whole_and_each_has_the_header(org: RunningOrg, token: str) -> None:
    job, locator, found = finish(org, token, ALL), "", []
    while locator != "null":
        reply = results(org, token, job, f"?maxRecords=10&locator={locator}")
        assert reply.text.startswith('"Id"')
        assert int(reply.headers["sforce-numberofrecords"]) == len(rows_of(reply))
        found += rows_of(reply)
        locator = reply.headers["sforce-locator"]
    assert [row[1] for row in found] == [f"Person {n:03}" for n in range(ROWS)]


def test_result_pages_can_be_fetched_side_by_side(org: RunningOrg, token: str) -> None:
    job = finish(org, token, ALL)
    answer = org.call("GET", f"{JOBS}/{job['id']}/resultPages?maxRecords=4", token=token)
    assert (len(answer["resultPages"]), answer["done"]) == (5, False)
    rest = org.call("GET", answer["nextRecordsUrl"], token=token)
    pages = [
        send(org, "GET", page["resultUrl"], token=token)
        for page in answer["resultPages"] + rest["resultPages"]
    ]
    assert rest["done"]
    assert sum(len(rows_of(page)) for page in pages) == ROWS


def test_delimiter_and_line_ending_are_as_asked(org: RunningOrg, token: str) -> None:
    query = "SELECT Id, LastName FROM Contact LIMIT 1"
    job = finish(org, token, query, columnDelimiter="TAB", lineEnding="CRLF")
    assert results(org, token, job).text.startswith('"Id"\t"LastName"\r\n')


def test_a_parent_s_field_is_a_column(org: RunningOrg, token: str) -> None:
    reply = results(org, token, finish(org, token, "SELECT Id, Owner.Email FROM Contact LIMIT 1"))
    assert reply.text.startswith('"Id","Owner.Email"')
    assert rows_of(reply)[0][1] == "admin@acme.example"


def test_an_empty_result_is_a_header(org: RunningOrg, token: str) -> None:
    reply = results(org, token, finish(org, token, "SELECT Id FROM Lead"))
    assert (reply.text, reply.headers["sforce-numberofrecords"]) == ('"Id"\n', "0")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT COUNT(Id) FROM Contact", "API_ERROR"),
        ("SELECT LastName FROM Contact GROUP BY LastName", "API_ERROR"),
        ("SELECT Id FROM Contact OFFSET 5", "API_ERROR"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "API_ERROR"),
        ("SELECT Id, MailingAddress FROM Contact", "INVALID_FIELD"),
        ("SELECT Nothing FROM Contact", "INVALID_FIELD"),
        ("SELECT Id FROM Nothing", "INVALID_TYPE"),
        ("SELECT FROM", "MALFORMED_QUERY"),
        ("", "INVALIDJOB"),
    ],
)
def test_what_bulk_cannot_do_is_refused_at_once(org: RunningOrg, token: str, query: str, code: str) -> None:
    with pytest.raises(RuntimeError, match=f": 400 .*{code}"):
        start(org, token, query)


def test_words_in_a_literal_are_no_keywords(org: RunningOrg, token: str) -> None:
    query = "SELECT Id FROM Contact WHERE LastName = 'GROUP BY count( OFFSET 5'"
    assert finish(org, token, query)["state"] == "JobComplete"


def test_a_semi_join_is_no_child_query(org: RunningOrg, token: str) -> None:
    query = "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact)"
    assert finish(org, token, query)["state"] == "JobComplete"


def test_query_all_has_the_deleted(org: RunningOrg, token: str) -> None:
    org.control("POST", "/records/Lead", {"records": [{"LastName": "x", "Company": "y", "IsDeleted": True}]})
    alive = finish(org, token, "SELECT Id FROM Lead")
    everything = finish(org, token, "SELECT Id FROM Lead", operation="queryAll")
    assert (alive["numberRecordsProcessed"], everything["numberRecordsProcessed"]) == (0, 1)


def test_a_running_job_can_be_aborted(org: RunningOrg, token: str) -> None:
    org.control("POST", "/faults", {"name": "bulk_job_slow"})
    job = start(org, token, ALL)
    aborted = org.call("PATCH", f"{JOBS}/{job['id']}", {"state": "Aborted"}, token=token)
    assert aborted["state"] == "Aborted"
    assert results(org, token, job).status == 400


def test_a_deleted_job_is_gone(org: RunningOrg, token: str) -> None:
    job = finish(org, token, ALL)
    assert send(org, "DELETE", f"{JOBS}/{job['id']}", token=token).status == 204
    reply = results(org, token, job)
    assert (reply.status, reply.json()[0]["errorCode"]) == (404, "NOT_FOUND")


def test_a_job_lives_for_a_week(org: RunningOrg) -> None:
    job = finish(org, app_token(org), ALL)
    org.control("POST", "/clock", {"advance": 7 * 86_400 + 1})
    assert send(org, "GET", f"{JOBS}/{job['id']}", token=app_token(org)).status == 404


def test_a_killed_org_takes_its_jobs_up_again(tmp_path: Path) -> None:
    with start_org(tmp_path) as org:
        org.control("POST", "/faults", {"do": {"slow_job": 0.5}})
        token = app_token(org)
        job = start(org, token, "SELECT Id FROM User")
        org.process.kill()
    with start_org(tmp_path) as again:
        assert wait(again, token, job)["numberRecordsProcessed"] == 12


def test_results_want_the_version_of_the_job(org: RunningOrg, token: str) -> None:
    job = finish(org, token, ALL)
    other = f"/services/data/v61.0/jobs/query/{job['id']}/results"
    assert send(org, "GET", other, token=token).status == 409


def test_an_invented_locator_is_refused(org: RunningOrg, token: str) -> None:
    job = finish(org, token, ALL)
    assert results(org, token, job, "?locator=OTk5OTk5").status == 400
    assert results(org, token, job, "?locator=%21%21").status == 400


def test_a_job_can_fail_half_way(org: RunningOrg, token: str) -> None:
    org.control("POST", "/faults", {"name": "bulk_job_fails"})
    job = finish(org, token, ALL)
    assert job["state"] == "Failed"
    assert "half-way" in job["errorMessage"]


def test_a_page_can_repeat_rows_of_the_page_before(org: RunningOrg, token: str) -> None:
    job = finish(org, token, ALL)
    second = results(org, token, job, "?maxRecords=10").headers["sforce-locator"]
    org.control("POST", "/faults", {"name": "repeated_rows"})
    rows = rows_of(results(org, token, job, f"?maxRecords=10&locator={second}"))
    assert [row[1] for row in rows][:4] == ["Person 007", "Person 008", "Person 009", "Person 010"]


def test_a_page_can_be_silently_short(org: RunningOrg, token: str) -> None:
    job = finish(org, token, ALL)
    whole = results(org, token, job)
    org.control("POST", "/faults", {"name": "truncated_csv", "match": {"path": "/results"}})
    half = results(org, token, job)
    assert whole.body.startswith(half.body)
    assert len(half.body) == len(whole.body) // 2
