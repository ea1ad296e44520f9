import json
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.operations import operation_of
from sandbox.testing import RunningOrg
from sandbox.tests.calling import V60, send
from sandbox.traffic import Allowance, Entry, RequestLog

NOON = datetime(2030, 1, 31, 12, tzinfo=UTC)


def test_the_allowance_ends_and_comes_back_after_a_day() -> None:
    allowance = Allowance(daily=2)
    assert [allowance.spend(NOON) for _ in range(3)] == [True, True, False]
    assert allowance.used(NOON) == 2
    assert allowance.spend(NOON + timedelta(hours=25))


def test_calls_at_once_are_counted_down_again() -> None:
    allowance = Allowance(concurrent=1)
    with allowance.running() as first, allowance.running() as second:
        assert (first, second) == (True, False)
    with allowance.running() as later:
        assert later


def test_the_log_keeps_the_newest() -> None:
    log = RequestLog(size=2)
    for path in ("/a", "/b", "/c"):
        log.add(Entry("", "GET", path, "", "", 200, 1.0, True))
    assert [entry["path"] for entry in log.entries()] == ["/b", "/c"]
    assert log.counts()["api_calls"] == 2


def test_calls_are_counted_by_what_they_do_and_rows_with_them(org: RunningOrg, token: str) -> None:
    org.control("DELETE", "/requests")
    rows = [{"attributes": {"type": "Account"}, "Name": f"Traffic {n}"} for n in range(3)]
    path = f"{V60}/composite/sobjects"
    send(
        org, "POST", path, json.dumps({"records": rows}), token=token, headers={"Sforce-Auto-Assign": "FALSE"}
    )
    send(org, "GET", f"{V60}/query?q=SELECT+Id+FROM+Account", token=token)
    counts = org.control("GET", "/requests/counts")
    assert counts["by_kind"] == {"writing": 1, "reading": 1}
    assert counts["rows"] == {"create": 3, "query": 3}
    assert org.control("GET", "/requests")[0]["headers"] == {"Sforce-Auto-Assign": "FALSE"}


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("POST", "/sobjects/Contact", "create"),
        ("PATCH", "/sobjects/Contact/003", "update"),
        ("PATCH", "/sobjects/Contact/Key__c/a%2Fb", "upsert"),
        ("DELETE", "/composite/sobjects", "delete"),
        ("PATCH", "/composite/sobjects", "update"),
        ("PATCH", "/composite/sobjects/Contact/Key__c", "upsert"),
        ("POST", "/composite/sobjects/Contact", "retrieve"),
        ("GET", "/sobjects/Contact/003", "retrieve"),
        ("POST", "/composite", "composite"),
        ("GET", "/queryAll/0r8-2000", "query"),
        ("GET", "/sobjects/Contact/describe", "describe"),
        ("GET", "/sobjects/Contact/updated/", "replicate"),
        ("PUT", "/jobs/ingest/750/batches", "ingest"),
        ("GET", "/jobs/ingest/750/failedResults", "ingest_read"),
        ("POST", "/jobs/query", "bulk_query"),
        ("GET", "/limits", "other"),
    ],
)
def test_a_call_is_named_by_what_it_does(method: str, path: str, operation: str) -> None:
    assert operation_of(method, V60 + path) == operation
    assert operation_of(method, "/services/oauth2/token") == ""
