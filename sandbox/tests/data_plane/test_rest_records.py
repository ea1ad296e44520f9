"""Records over REST: statuses, bodies and headers."""

import pytest

from sandbox.org import Org
from sandbox.tests.data_plane.conftest import Call, HandClock


def made(call: Call, object: str = "Contact", **values: object) -> str:
    given = {"LastName": "Smith", **values} if object == "Contact" else values
    return str(call("POST", f"/sobjects/{object}/", given).json()["id"])


def test_a_create_answers_with_the_id_and_its_place(call: Call) -> None:
    answer = call("POST", "/sobjects/Contact/", {"LastName": "Smith"})
    id = answer.json()["id"]

    assert answer.status == 201
    assert answer.json() == {"id": id, "success": True, "errors": []}
    assert answer.headers["Location"] == f"/services/data/v60.0/sobjects/Contact/{id}"


def test_a_read_may_ask_for_some_fields(call: Call) -> None:
    id = made(call)
    answer = call("GET", f"/sobjects/Contact/{id[:15]}?fields=Name,DoNotCall")

    assert answer.json() == {
        "attributes": {"type": "Contact", "url": f"/services/data/v60.0/sobjects/Contact/{id}"},
        "Name": "Smith",
        "DoNotCall": False,
    }


def test_an_update_and_a_delete_answer_204_without_a_body(call: Call) -> None:
    id = made(call)

    assert (call("PATCH", f"/sobjects/Contact/{id}", {"Title": "x"}).status) == 204
    assert (call("DELETE", f"/sobjects/Contact/{id}").body) == b""


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/sobjects/Contact/003Lk0000000999IAA", None, 404, "NOT_FOUND"),
        ("GET", "/sobjects/Kontakt/003Lk0000000999IAA", None, 404, "NOT_FOUND"),
        ("GET", "/sobjects/Contact/nonsense", None, 400, "MALFORMED_ID"),
        ("GET", "/services/data/v99.0/sobjects", None, 404, "NOT_FOUND"),
        ("PATCH", "/sobjects/Contact/003Lk0000000999", {}, 404, "INVALID_CROSS_REFERENCE_KEY"),
        ("PATCH", "/sobjects/Contact/001Lk0000000999", {}, 400, "MALFORMED_ID"),
        ("POST", "/sobjects/Contact", None, 400, "JSON_PARSER_ERROR"),
        ("POST", "/sobjects/Contact", [], 400, "JSON_PARSER_ERROR"),
        ("PUT", "/sobjects/Contact/003Lk0000000999", {}, 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/query", None, 400, "MALFORMED_QUERY"),
        ("GET", "/query/0r8Lk0000000009-2000", None, 400, "INVALID_QUERY_LOCATOR"),
    ],
)
def test_a_wrong_request_is_refused(
    call: Call, method: str, path: str, body: object, status: int, code: str
) -> None:
    answer = call(method, path, body)

    assert (answer.status, answer.json()[0]["errorCode"]) == (status, code)


@pytest.fixture
def keyed(org: Org) -> None:
    org.add_field("Contact", "Ext__c", "string", length=40, externalId=True)


@pytest.mark.usefixtures("keyed")
def test_an_upsert_creates_then_updates(call: Call) -> None:
    path = "/sobjects/Contact/Ext__c/a%2Fb%20c"
    first = call("PATCH", path, {"LastName": "x"})
    second = call("PATCH", path, {"Title": "y"})

    assert (first.status, first.json()["created"]) == (201, True)
    assert (second.status, second.json()["created"]) == (200, False)
    assert call("GET", path + "?fields=Ext__c").json()["Ext__c"] == "a/b c"


@pytest.mark.usefixtures("keyed")
def test_several_matches_answer_300_with_their_addresses(call: Call) -> None:
    ids = [made(call, Ext__c="twin") for _ in range(2)]
    answer = call("PATCH", "/sobjects/Contact/Ext__c/twin", {"Title": "x"})

    assert answer.status == 300
    assert answer.json() == [f"/services/data/v60.0/sobjects/Contact/{id}" for id in ids]


@pytest.mark.usefixtures("keyed")
@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        (
            *("Namez/x", {}, 404),
            "Provided external ID field does not exist or is not accessible: Namez",
        ),
        ("Ext__c/x?updateOnly=true", {}, 404, "The requested resource does not exist"),
        ("Ext__c/x", {"Ext__c": "x"}, 400, "The Ext__c field should not be specified in the sobject data."),
    ],
)
def test_an_upsert_may_be_refused(call: Call, path: str, body: object, status: int, message: str) -> None:
    answer = call("PATCH", f"/sobjects/Contact/{path}", body)

    assert (answer.status, answer.json()[0]["message"]) == (status, message)


def test_the_header_passes_an_alerting_duplicate_rule(org: Org, call: Call) -> None:
    org.add_duplicate_rule("Contact", "Same", ["LastName"])
    made(call)
    refused = call("POST", "/sobjects/Contact", {"LastName": "Smith"})
    passed = call(
        "POST",
        "/sobjects/Contact",
        {"LastName": "Smith"},
        Sforce_Duplicate_Rule_Header="allowSave=true; includeRecordDetails=true",
    )

    assert refused.json()[0]["duplicateResult"]["duplicateRuleEntityType"] == "Contact"
    assert "fields" not in refused.json()[0]
    assert passed.status == 201


def test_get_updated_tells_ids_of_whole_minutes(call: Call, hand_clock: HandClock) -> None:
    hand_clock.forward(seconds=10)
    id = made(call)
    window = "start=2026-05-13T10:00:50%2B00:00&end=2026-05-13T10:05:59Z"
    body = call("GET", f"/sobjects/Contact/updated/?{window}").json()

    assert body == {"ids": [id], "latestDateCovered": "2026-05-13T10:00:00.000+0000"}


def test_get_deleted_tells_of_binned_and_purged_rows(org: Org, call: Call) -> None:
    binned, purged = made(call), made(call)
    for id in (binned, purged):
        call("DELETE", f"/sobjects/Contact/{id}")
    org.purge("Contact", purged)
    window = "start=2026-05-13T09:00:00Z&end=2026-05-13T10:05:00Z"
    body = call("GET", f"/sobjects/Contact/deleted/?{window}").json()

    assert [row["id"] for row in body["deletedRecords"]] == [binned, purged]
    assert body["earliestDateAvailable"] == "2026-04-28T10:00:00.000+0000"


@pytest.mark.parametrize(
    ("kind", "start", "end"),
    [
        ("updated", "2026-05-13T10:00:01Z", "2026-05-13T10:00:59Z"),
        ("updated", "2026-04-01T00:00:00Z", "2026-05-13T00:00:00Z"),
        ("deleted", "2026-04-20T00:00:00Z", "2026-05-13T00:00:00Z"),
        ("deleted", "yesterday", "2026-05-13T00:00:00Z"),
    ],
)
def test_a_window_too_narrow_or_too_old_is_refused(call: Call, kind: str, start: str, end: str) -> None:
    answer = call("GET", f"/sobjects/Contact/{kind}/?start={start}&end={end}")

    assert (answer.status, answer.json()[0]["errorCode"]) == (400, "INVALID_REPLICATION_DATE")
