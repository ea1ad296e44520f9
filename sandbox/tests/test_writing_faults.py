"""Faults of writes: lost answers with their commit before, after or later, and rows refused one by one."""

import http.client
import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.testing import RunningOrg, start_org
from sandbox.tests.calling import V60, Reply, app_token, send

MANY = f"{V60}/composite/sobjects"
KEY = f"{V60}/sobjects/Contact/Lockstep_Id__c"
KEYED = {"name": "Lockstep_Id__c", "type": "string", "length": 64, "externalId": True, "unique": True}
MINUTE = 61


@pytest.fixture(autouse=True)
def keyed(org: RunningOrg) -> Iterator[None]:
    """Contacts with the external id, and none of them left afterwards."""
    org.control("POST", "/schema/Contact/fields", KEYED)
    yield
    for record in records(org, "SELECT Id FROM Contact"):
        org.control("POST", f"/records/Contact/{record['Id']}/purge")
    org.control("DELETE", "/schema/Contact/fields/Lockstep_Id__c")


def records(org: RunningOrg, soql: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = org.control("GET", f"/query?q={soql.replace(' ', '+')}")["records"]
    return found


def contacts(org: RunningOrg) -> list[str]:
    return [str(row["LastName"]) for row in records(org, "SELECT LastName FROM Contact ORDER BY LastName")]


def call(org: RunningOrg, token: str, method: str, path: str, body: Any) -> Reply:
    return send(org, method, path, json.dumps(body), token=token)


def lose(org: RunningOrg, token: str, fault: str, method: str, path: str, body: Any = None) -> None:
    """Make the call under the fault; its answer never comes."""
    org.control("POST", "/faults", {"name": fault, "match": {"times": 1}})
    with pytest.raises(http.client.RemoteDisconnected):
        call(org, token, method, path, body)


def contact(name: str, **more: Any) -> dict[str, Any]:
    return {"attributes": {"type": "Contact"}, "LastName": name, **more}


PARTS = [
    {"method": "POST", "url": f"{V60}/sobjects/Contact", "referenceId": name, "body": {"LastName": name}}
    for name in "ab"
]
WRITES = [
    pytest.param("POST", f"{V60}/sobjects/Contact", {"LastName": "a"}, id="one"),
    pytest.param("POST", MANY, {"records": [contact("a"), contact("b")]}, id="collection"),
    pytest.param("POST", f"{V60}/composite", {"compositeRequest": PARTS}, id="composite"),
    pytest.param("PATCH", f"{KEY}/k1", {"LastName": "a"}, id="upsert"),
    pytest.param(
        *("PATCH", f"{MANY}/Contact/Lockstep_Id__c"),
        {"records": [contact("a", Lockstep_Id__c="k1")]},
        id="upsert of many",
    ),
]


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
@pytest.mark.parametrize(
    ("fault", "at_once", "in_the_end"),
    [("cut_before", False, False), ("cut_after", True, True), ("commit_later", False, True)],
)
def test_a_lost_answer_says_nothing_of_the_commit(
    *,
    org: RunningOrg,
    token: str,
    fault: str,
    at_once: bool,
    in_the_end: bool,
    method: str,
    path: str,
    body: Any,
) -> None:
    lose(org, token, fault, method, path, body)
    assert bool(contacts(org)) is at_once
    org.control("POST", "/clock", {"advance": MINUTE})
    assert bool(contacts(org)) is in_the_end


def test_a_late_commit_has_the_stamps_of_its_own_time(org: RunningOrg) -> None:
    org.control("POST", "/clock", {"set": "2030-01-31T09:00:00+00:00", "freeze": True})
    lose(org, app_token(org), "commit_later", "POST", f"{V60}/sobjects/Contact", {"LastName": "a"})
    org.control("POST", "/clock", {"advance": 3600})
    (found,) = records(org, "SELECT CreatedDate, SystemModstamp FROM Contact")
    assert (found["CreatedDate"], found["SystemModstamp"]) == ("2030-01-31T09:01:00.000+0000",) * 2


def test_a_late_upsert_updates_what_took_its_key_meanwhile(org: RunningOrg, token: str) -> None:
    lose(org, token, "commit_later", "PATCH", f"{KEY}/k1", {"LastName": "late"})
    assert call(org, token, "PATCH", f"{KEY}/k1", {"LastName": "in time"}).json()["created"] is True
    org.control("POST", "/clock", {"advance": MINUTE})
    assert contacts(org) == ["late"]


def test_a_late_create_is_refused_when_its_key_is_taken(org: RunningOrg, token: str) -> None:
    body = {"LastName": "late", "Lockstep_Id__c": "K1"}
    lose(org, token, "commit_later", "POST", f"{V60}/sobjects/Contact", body)
    call(org, token, "PATCH", f"{KEY}/k1", {"LastName": "in time"})
    org.control("POST", "/clock", {"advance": MINUTE})
    assert contacts(org) == ["in time"]


def test_a_late_update_meets_the_rules_of_its_time(org: RunningOrg, token: str) -> None:
    id = call(org, token, "POST", f"{V60}/sobjects/Contact", {"LastName": "a"}).json()["id"]
    lose(org, token, "commit_later", "PATCH", f"{V60}/sobjects/Contact/{id}", {"LastName": "forbidden"})
    rule = {"name": "No", "forbidden": "LastName = 'forbidden'", "message": "No."}
    org.control("POST", "/rules/Contact/validation", rule)
    org.control("POST", "/clock", {"advance": MINUTE})
    assert contacts(org) == ["a"]
    org.control("DELETE", "/rules/Contact/No")


def test_a_late_delete_finds_its_record_gone(org: RunningOrg, token: str) -> None:
    id = call(org, token, "POST", f"{V60}/sobjects/Contact", {"LastName": "a"}).json()["id"]
    lose(org, token, "commit_later", "DELETE", f"{V60}/sobjects/Contact/{id}")
    assert len(org.control("GET", "/deferred")) == 1
    org.control("POST", "/clock", {"advance": MINUTE})
    assert contacts(org) == []
    assert org.control("GET", "/deferred") == []


@pytest.mark.kill
def test_a_commit_that_is_to_come_outlasts_a_killed_org(tmp_path: Path) -> None:
    with start_org(tmp_path) as org:
        lose(
            org, token := app_token(org), "commit_later", "POST", f"{V60}/sobjects/Contact", {"LastName": "a"}
        )
        (kept,) = sqlite3.connect(org.file).execute("SELECT call FROM _deferred").fetchone()
        assert token not in kept
        org.process.kill()
    with start_org(tmp_path) as again:
        assert contacts(again) == []
        again.control("POST", "/clock", {"advance": MINUTE})
        assert contacts(again) == ["a"]


READS = [
    pytest.param("GET", f"{V60}/query?q=SELECT+Id+FROM+User", None, id="query"),
    pytest.param("POST", f"{MANY}/User", {"ids": ["005"], "fields": ["Id"]}, id="retrieve"),
    pytest.param("GET", f"{V60}/sobjects/User/describe", None, id="describe"),
]


@pytest.mark.parametrize(("method", "path", "body"), READS)
def test_the_answer_of_a_read_can_break_off(
    org: RunningOrg, token: str, method: str, path: str, body: Any
) -> None:
    org.control("POST", "/faults", {"name": "truncated"})
    with pytest.raises(http.client.IncompleteRead):
        call(org, token, method, path, body)
    org.control("POST", "/faults", {"name": "truncated_csv"})
    with pytest.raises(json.JSONDecodeError):
        call(org, token, method, path, body).json()


def test_a_lost_read_leaves_nothing_to_commit(org: RunningOrg, token: str) -> None:
    lose(org, token, "commit_later", "GET", f"{V60}/query?q=SELECT+Id+FROM+Contact")
    assert org.control("GET", "/deferred") == []


@pytest.mark.parametrize(("name", "status"), [("gateway_timeout_after", 504), ("html_after", 200)])
def test_an_answer_of_the_edge_can_hide_a_commit(org: RunningOrg, token: str, name: str, status: int) -> None:
    org.control("POST", "/faults", {"name": name})
    reply = call(org, token, "POST", f"{V60}/sobjects/Contact", {"LastName": "a"})
    assert (reply.status, reply.headers["content-type"][:9]) == (status, "text/html")
    assert contacts(org) == ["a"]


@pytest.mark.parametrize("name", ["rows_locked", "rows_refused"])
def test_every_second_row_can_be_refused(org: RunningOrg, token: str, name: str) -> None:
    org.control("POST", "/faults", {"name": name})
    rows = call(org, token, "POST", MANY, {"records": [contact("a"), contact("b"), contact("c")]}).json()
    assert [row["success"] for row in rows] == [False, True, False]
    assert contacts(org) == ["b"]


@pytest.mark.parametrize("which", [{"refuse_rows": [1]}, {"refuse_values": ["b"]}])
def test_rows_are_refused_by_position_or_by_what_is_in_them(
    org: RunningOrg, token: str, which: dict[str, Any]
) -> None:
    org.control("POST", "/faults", {"do": {"refuse": "STRING_TOO_LONG"} | which})
    rows = call(org, token, "POST", MANY, {"records": [contact("a"), contact("b")]}).json()
    assert rows[0]["success"]
    assert rows[1]["errors"][0]["statusCode"] == "STRING_TOO_LONG"


def test_a_refused_row_takes_all_with_it_when_all_must_be_saved(org: RunningOrg, token: str) -> None:
    org.control("POST", "/faults", {"name": "rows_locked"})
    body = {"allOrNone": True, "records": [contact("a"), contact("b")]}
    codes = [row["errors"][0]["statusCode"] for row in call(org, token, "POST", MANY, body).json()]
    assert codes == ["UNABLE_TO_LOCK_ROW", "ALL_OR_NONE_OPERATION_ROLLED_BACK"]
    assert contacts(org) == []


def test_a_part_of_a_composite_can_be_refused(org: RunningOrg, token: str) -> None:
    org.control("POST", "/faults", {"name": "rows_locked"})
    parts = call(org, token, "POST", f"{V60}/composite", {"compositeRequest": PARTS}).json()
    assert [part["httpStatusCode"] for part in parts["compositeResponse"]] == [400, 201]


def test_a_single_write_can_be_refused_for_its_row(org: RunningOrg, token: str) -> None:
    org.control("POST", "/faults", {"name": "rows_locked", "match": {"operation": "upsert"}})
    reply = call(org, token, "PATCH", f"{KEY}/k1", {"LastName": "a"})
    assert (reply.status, reply.json()[0]["errorCode"]) == (400, "UNABLE_TO_LOCK_ROW")
    assert contacts(org) == []


def test_a_revoked_access_is_refused_until_it_is_given_anew(org: RunningOrg, token: str) -> None:
    org.control("POST", "/faults", {"name": "access_revoked"})
    replies = [send(org, "GET", f"{V60}/limits", token=token) for _ in range(2)]
    assert [reply.status for reply in replies] == [401, 401]
    assert send(org, "GET", f"{V60}/limits", token=app_token(org)).status == 200


def test_a_fault_may_mean_the_object_behind_the_ids(org: RunningOrg, token: str) -> None:
    id = call(org, token, "POST", f"{V60}/sobjects/Contact", {"LastName": "a"}).json()["id"]
    org.control("POST", "/faults", {"name": "unavailable", "match": {"object": "Contact"}})
    assert send(org, "GET", f"{V60}/limits", token=token).status == 200
    assert send(org, "DELETE", f"{MANY}?ids={id}", token=token).status == 503


def test_upserts_of_one_key_at_once_make_one_record(org: RunningOrg, token: str) -> None:
    made: list[bool] = []

    def upsert(number: int) -> None:
        body = {"records": [contact(f"n{number}", Lockstep_Id__c="kK"[number % 2])]}
        rows = call(org, token, "PATCH", f"{MANY}/Contact/Lockstep_Id__c", body).json()
        made.append(rows[0]["created"])

    threads = [threading.Thread(target=upsert, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [False] * 7 + [True]
    assert len(contacts(org)) == 1
