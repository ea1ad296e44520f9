"""The control API: what tests and demos do to the org from outside."""

from typing import Any
from urllib.parse import urlencode

import pytest

from sandbox.testing import RunningOrg
from sandbox.tests.calling import V60, app_token, send

INTEGRATION = "integration@acme.example"


def soql(org: RunningOrg, query: str, **more: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = org.control("GET", "/query?" + urlencode({"q": query, **more}))["records"]
    return found


def test_rows_are_loaded_with_the_stamps_given(org: RunningOrg) -> None:
    stamp = "2020-02-29T12:00:00.000+0000"
    row = {"LastName": "Old", "SystemModstamp": stamp, "CreatedDate": stamp}
    (made,) = org.control("POST", "/records/Contact", {"records": [row]})["ids"]
    (found,) = soql(org, f"SELECT SystemModstamp, CreatedDate FROM Contact WHERE Id = '{made}'")
    assert (found["SystemModstamp"], found["CreatedDate"]) == (stamp, stamp)


def test_a_row_can_be_committed_late(org: RunningOrg) -> None:
    org.control("POST", "/clock", {"freeze": True})
    org.control("POST", "/clock", {"set": "2031-01-01T00:00:00+00:00"})
    row = {"LastName": "Latecomer", "visible_at": "2031-01-01T00:10:00+00:00"}
    org.control("POST", "/records/Contact", {"records": [row]})
    query = "SELECT Id FROM Contact WHERE LastName = 'Latecomer'"
    assert soql(org, query) == []
    org.control("POST", "/clock", {"advance": 601})
    assert len(soql(org, query)) == 1


def test_a_stamp_can_be_bumped_alone(org: RunningOrg) -> None:
    (made,) = org.control("POST", "/records/Lead", {"records": [{"LastName": "x", "Company": "y"}]})["ids"]
    org.control("PATCH", f"/records/Lead/{made}", {"SystemModstamp": "2032-01-01T00:00:00.000+0000"})
    (found,) = soql(org, f"SELECT SystemModstamp, LastModifiedDate FROM Lead WHERE Id = '{made}'")
    assert found["SystemModstamp"] > found["LastModifiedDate"]


def test_csv_rows_are_loaded_by_column_name(org: RunningOrg) -> None:
    content = "name,website,numberofemployees,unknown\nCsv Ltd,https://csv.example,7,x\n"
    send(org, "POST", "/sandbox/api/records/Account/csv", content)
    (found,) = soql(org, "SELECT Website, NumberOfEmployees FROM Account WHERE Name = 'Csv Ltd'")
    assert (found["Website"], found["NumberOfEmployees"]) == ("https://csv.example", 7)


def test_generated_rows_are_the_same_for_the_same_seed(org: RunningOrg) -> None:
    for _ in range(2):
        org.control("POST", "/generate", {"object": "Opportunity", "count": 3, "seed": 9})
    rows = soql(org, "SELECT Name, Amount FROM Opportunity ORDER BY Id")
    assert [row["Amount"] for row in rows[:3]] == [row["Amount"] for row in rows[3:6]]


def test_merge_delete_and_undelete_as_a_person_would(org: RunningOrg) -> None:
    rows = [{"LastName": "Winner"}, {"LastName": "Loser"}]
    winner, loser = org.control("POST", "/records/Contact", {"records": rows})["ids"]
    org.control("POST", f"/records/Contact/{winner}/merge", {"losers": [loser]})
    (gone,) = soql(org, f"SELECT IsDeleted, MasterRecordId FROM Contact WHERE Id = '{loser}'", all="1")
    assert (gone["IsDeleted"], gone["MasterRecordId"]) == (True, winner)
    org.control("DELETE", f"/records/Contact/{winner}")
    org.control("POST", f"/records/Contact/{winner}/undelete")
    assert len(soql(org, f"SELECT Id FROM Contact WHERE Id = '{winner}'")) == 1


def test_a_lead_is_converted(org: RunningOrg) -> None:
    (lead,) = org.control("POST", "/records/Lead", {"records": [{"LastName": "C", "Company": "Conv"}]})["ids"]
    made = org.control("POST", f"/records/Lead/{lead}/convert")
    (found,) = soql(org, f"SELECT IsConverted, ConvertedContactId FROM Lead WHERE Id = '{lead}'")
    assert (found["IsConverted"], found["ConvertedContactId"]) == (True, made["contactId"])


def field_names(org: RunningOrg, name: str) -> set[str]:
    description = org.call("GET", f"{V60}/sobjects/{name}/describe", token=app_token(org))
    return {field["name"] for field in description["fields"]}


def test_a_field_comes_is_hidden_and_goes(org: RunningOrg) -> None:
    org.control("POST", "/schema/Lead/fields", {"name": "Shoe__c", "type": "string", "length": 9})
    assert "Shoe__c" in field_names(org, "Lead")
    org.control("POST", "/schema/Lead/fields/Shoe__c/hide", {"username": INTEGRATION})
    assert "Shoe__c" not in field_names(org, "Lead")
    org.control("POST", "/schema/Lead/fields/Shoe__c/hide", {"username": INTEGRATION, "hidden": False})
    org.control("DELETE", "/schema/Lead/fields/Shoe__c")
    assert "Shoe__c" not in field_names(org, "Lead")


def test_rules_are_made_and_removed(org: RunningOrg, token: str) -> None:
    rule = {"name": "NoX", "forbidden": "Company = 'X'", "message": "Not X", "field": "Company"}
    org.control("POST", "/rules/Lead/validation", rule)
    lead = {"LastName": "L", "Company": "X"}
    with pytest.raises(RuntimeError, match="FIELD_CUSTOM_VALIDATION_EXCEPTION"):
        org.call("POST", f"{V60}/sobjects/Lead", lead, token=token)
    org.control("DELETE", "/rules/Lead/NoX")
    assert org.call("POST", f"{V60}/sobjects/Lead", lead, token=token)["success"]


def test_all_sessions_can_be_ended(org: RunningOrg, token: str) -> None:
    assert org.control("POST", "/tokens/expire")["ended"] >= 1
    assert send(org, "GET", f"{V60}/limits", token=token).status == 401


def test_calls_are_logged_and_counted(org: RunningOrg, token: str) -> None:
    org.control("DELETE", "/requests")
    send(org, "GET", f"{V60}/limits", token=token)
    (entry,) = org.control("GET", "/requests")
    assert (entry["method"], entry["path"], entry["user"]) == ("GET", f"{V60}/limits", INTEGRATION)
    assert org.control("GET", "/requests/counts")["api_calls"] == 1


def test_small_batches_for_everyone(org: RunningOrg, token: str) -> None:
    org.control("POST", "/generate", {"object": "Account", "count": 300})
    org.control("PATCH", "/options", {"batch_size": 200})
    page = org.call("GET", f"{V60}/query?q=SELECT+Id+FROM+Account", token=token)
    assert (len(page["records"]), page["done"]) == (200, False)


def test_a_json_page_can_repeat_rows(org: RunningOrg, token: str) -> None:
    org.control("POST", "/faults", {"name": "repeated_rows"})
    page = org.call("GET", f"{V60}/query?q=SELECT+Id+FROM+User", token=token)
    assert len(page["records"]) == page["totalSize"] + 3


def test_a_reset_keeps_clients_connected(org: RunningOrg, token: str) -> None:
    org.control("POST", "/reset", {"seed": "demo"})
    assert org.control("GET", "/counts")["Contact"] > 300
    assert send(org, "GET", f"{V60}/limits", token=token).status == 200
    org.control("POST", "/reset", {"seed": "empty"})
    assert org.control("GET", "/counts")["Contact"] == 0


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("POST", "/records/Nothing", {"records": []}, "Nothing"),
        ("POST", "/records/Lead", {"records": [{"Hat": 1}]}, "Hat"),
        ("POST", "/clock", {"set": "2030-01-01"}, "offset"),
        ("PATCH", "/options", {"speed": 3}, "speed"),
        ("PATCH", "/options", {"daily_limit": "many"}, "daily_limit"),
        ("POST", "/generate", {"object": "Task", "count": 1}, "object"),
        ("PATCH", "/users/nobody@acme.example", {"active": False}, "nobody"),
        ("POST", "/apps", {"client_id": "x"}, "client_secret"),
        ("GET", "/nowhere", None, "no such call"),
    ],
)
def test_a_wrong_call_is_answered_in_words(
    org: RunningOrg, method: str, path: str, body: Any, words: str
) -> None:
    with pytest.raises(RuntimeError, match=f": 4.*{words}"):
        org.control(method, path, body)
