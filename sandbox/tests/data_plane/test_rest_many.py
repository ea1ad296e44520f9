"""Collections, composite and batch."""

from typing import Any

import pytest

from sandbox.org import Org
from sandbox.tests.data_plane.conftest import Call


def contact(name: str | None, **more: Any) -> dict[str, Any]:
    named = {"LastName": name} if name else {}
    return {"attributes": {"type": "Contact"}, **named, **more}


def send(call: Call, *rows: dict[str, Any], whole: bool = False, method: str = "POST") -> Any:
    return call(method, "/composite/sobjects", {"allOrNone": whole, "records": list(rows)})


def test_each_row_answers_for_itself_in_order(call: Call) -> None:
    answer = send(call, contact("a"), contact(None), contact("b"))

    assert answer.status == 200
    assert [row["success"] for row in answer.json()] == [True, False, True]
    assert answer.json()[1] == {
        "success": False,
        "errors": [
            {
                "statusCode": "REQUIRED_FIELD_MISSING",
                "message": "Required fields are missing: [LastName]",
                "fields": ["LastName"],
            }
        ],
    }


def test_all_or_none_takes_everything_back(org: Org, call: Call) -> None:
    good, bad = send(call, contact("a"), contact(None), whole=True).json()

    assert org.count("Contact") == 0
    assert good["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert "id" not in good
    assert bad["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"


def test_an_update_rolled_back_still_names_its_row(org: Org, ada: str, call: Call) -> None:
    id = org.insert("Contact", {"LastName": "a"}, user_id=ada)
    rows = [contact("b", id=id), contact("c", id="001xx000003DGb2999")]
    good, bad = send(call, *rows, whole=True, method="PATCH").json()

    assert (good["id"], good["success"]) == (id, False)
    assert bad == {
        "success": False,
        "errors": [
            {
                "statusCode": "MALFORMED_ID",
                "message": "Contact ID: id value of incorrect type: 001xx000003DGb2999",
                "fields": ["Id"],
            }
        ],
    }


def test_more_than_two_hundred_rows_are_refused_whole(call: Call) -> None:
    answer = send(call, *[contact("x")] * 201)

    assert (answer.status, answer.json()[0]["errorCode"]) == (400, "EXCEEDED_ID_LIMIT")


def test_more_than_ten_runs_of_a_type_are_refused_whole(call: Call) -> None:
    account = {"attributes": {"type": "Account"}, "Name": "a"}
    answer = send(call, *[contact("x"), account] * 6)

    assert answer.status == 400
    assert "10 chunks" in answer.json()[0]["message"]


def test_an_upsert_of_many_says_which_are_new(org: Org, call: Call) -> None:
    org.add_field("Contact", "Ext__c", "string", length=9, externalId=True)
    path = "/composite/sobjects/Contact/Ext__c"
    rows = [contact("a", Ext__c="1"), contact("a2", Ext__c="1"), contact("b", Ext__c="2")]
    answer = call("PATCH", path, {"records": rows}).json()

    assert [row["created"] for row in answer] == [True, False, True]


@pytest.mark.parametrize(("action", "saved"), [("alert", True), ("block", False)])
def test_the_header_passes_duplicates_that_only_alert(org: Org, call: Call, action: str, saved: bool) -> None:
    org.add_duplicate_rule("Contact", "Same", ["LastName"], action=action)
    send(call, contact("a"))
    body = {"records": [contact("a")]}
    (refused,) = call("POST", "/composite/sobjects", body).json()
    (passed,) = call(
        "POST", "/composite/sobjects", body, Sforce_Duplicate_Rule_Header="allowSave=true"
    ).json()

    assert refused["errors"][0]["statusCode"] == "DUPLICATES_DETECTED"
    assert passed["success"] is saved


def test_the_header_switches_assignment_off_for_many(org: Org, ada: str, call: Call) -> None:
    (queue,) = org.raw_insert("Group", [{"Name": "Inbound", "Type": "Queue"}])
    org.set_setting("assignment_owner.Lead", queue)
    body = {"records": [{"attributes": {"type": "Lead"}, "LastName": "x", "Company": "y"}]}
    (ruled,) = call("POST", "/composite/sobjects", body).json()
    (kept,) = call("POST", "/composite/sobjects", body, Sforce_Auto_Assign="FALSE").json()

    owners = [org.get("Lead", row["id"], ["OwnerId"], user_id=ada)["OwnerId"] for row in (ruled, kept)]
    assert owners == [queue, ada]


def rows_to_upsert(org: Org, ada: str) -> dict[str, dict[str, Any]]:
    """What a first upsert of each object needs, and nothing that may only be given once."""
    deal = {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-06-01"}
    person = org.insert("Contact", {"LastName": "P"}, user_id=ada)
    role = {"OpportunityId": org.insert("Opportunity", deal, user_id=ada), "ContactId": person}
    lead = {"LastName": "L", "Company": "C"}
    return {
        "Account": {"Name": "A"},
        "Contact": {"LastName": "C"},
        "Lead": lead,
        "Opportunity": deal,
        "OpportunityContactRole": role,
    }


@pytest.mark.parametrize("object", ["Account", "Contact", "Lead", "Opportunity", "OpportunityContactRole"])
def test_any_synced_object_is_upserted_by_its_key(org: Org, ada: str, call: Call, object: str) -> None:
    org.add_field(object, "Lockstep_Id__c", "string", length=64, externalId=True, unique=True)
    row = {"attributes": {"type": object}, "Lockstep_Id__c": "k"}
    path = f"/composite/sobjects/{object}/Lockstep_Id__c"
    (first,) = call("PATCH", path, {"records": [row | rows_to_upsert(org, ada)[object]]}).json()
    (second,) = call("PATCH", path, {"records": [row | {"Lockstep_Id__c": "K"}]}).json()

    assert (first["success"], first["created"]) == (True, True), first
    assert (second["id"], second["created"]) == (first["id"], False)


def test_many_are_deleted_by_their_ids(org: Org, call: Call) -> None:
    ids = org.raw_insert("Contact", [{"LastName": "a"}, {"LastName": "b"}])
    answer = call("DELETE", f"/composite/sobjects?ids={','.join(ids)},{ids[0]}&allOrNone=false").json()

    assert [row["success"] for row in answer] == [True, True, False]
    assert answer[2]["errors"][0]["statusCode"] == "ENTITY_IS_DELETED"


def test_many_are_read_with_null_for_those_that_are_not_there(org: Org, call: Call) -> None:
    (id,) = org.raw_insert("Contact", [{"LastName": "a"}])
    asked = {"ids": ["003Lk0000000999IAA", id], "fields": ["LastName"]}
    answer = call("POST", "/composite/sobjects/Contact", asked).json()

    assert answer[0] is None
    assert answer[1]["LastName"] == "a"


def part(method: str, path: str, ref: str, body: Any = None) -> dict[str, Any]:
    return {"method": method, "url": f"/services/data/v60.0{path}", "referenceId": ref, "body": body}


def test_a_later_part_uses_the_answer_of_an_earlier_one(call: Call) -> None:
    query = "/query?q=SELECT Account.Name FROM Contact WHERE AccountId = '@{acc.id}'"
    parts = [
        part("POST", "/sobjects/Account", "acc", {"Name": "A"}),
        part("POST", "/sobjects/Contact", "con", {"LastName": "C", "AccountId": "@{acc.id}"}),
        part("GET", query, "found"),
        part("GET", "/sobjects/Account/@{found.records[0].Account.Name}", "odd"),
    ]
    answers = call("POST", "/composite", {"compositeRequest": parts}).json()["compositeResponse"]

    assert [each["httpStatusCode"] for each in answers] == [201, 201, 200, 400]
    assert answers[2]["body"]["records"][0]["Account"]["Name"] == "A"
    assert answers[0]["httpHeaders"]["Location"].endswith(answers[0]["body"]["id"])


def test_a_part_whose_reference_failed_is_not_run(org: Org, call: Call) -> None:
    parts = [
        part("POST", "/sobjects/Account", "acc", {}),
        part("POST", "/sobjects/Contact", "con", {"LastName": "C", "AccountId": "@{acc.id}"}),
    ]
    first, second = call("POST", "/composite", {"compositeRequest": parts}).json()["compositeResponse"]

    assert first["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert second["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert org.count("Contact") == 0


def test_a_whole_composite_is_rolled_back_when_one_part_fails(org: Org, call: Call) -> None:
    parts = [
        part("POST", "/sobjects/Account", "good", {"Name": "A"}),
        part("POST", "/sobjects/Account", "bad", {}),
    ]
    body = {"allOrNone": True, "compositeRequest": parts}
    good, bad = call("POST", "/composite", body).json()["compositeResponse"]

    assert org.count("Account") == 0
    assert good["httpStatusCode"] == 400
    assert good["body"][0]["message"] == (
        "The transaction was rolled back since another operation in the same transaction failed."
    )
    assert bad["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"


@pytest.mark.parametrize(
    "parts",
    [
        [part("GET", "/limits", f"r{n}") for n in range(26)],
        [part("GET", "/query?q=SELECT Id FROM Contact", f"r{n}") for n in range(6)],
        [{"method": "GET", "url": "/services/data/v60.0/limits"}],
        [part("GET", "/limits", "same"), part("GET", "/limits", "same")],
        [],
    ],
)
def test_a_malformed_composite_is_refused_whole(call: Call, parts: list[dict[str, Any]]) -> None:
    assert call("POST", "/composite", {"compositeRequest": parts}).status == 400


def test_a_batch_goes_on_after_an_error_unless_told_to_halt(call: Call) -> None:
    requests = [{"method": "GET", "url": url} for url in ("v60.0/nowhere", "v60.0/limits")]
    on = call("POST", "/composite/batch", {"batchRequests": requests}).json()
    halted = call("POST", "/composite/batch", {"batchRequests": requests, "haltOnError": True}).json()

    assert [each["statusCode"] for each in on["results"]] == [404, 200]
    assert [each["statusCode"] for each in halted["results"]] == [404, 412]
    assert on["hasErrors"] is True
