import json
from pathlib import Path
from typing import Any

import pytest

from integrations.salesforce.errors import (
    Gone,
    NeedsPerson,
    OutcomeUnknown,
    QueryCursorLost,
    SalesforceError,
    SignInNeeded,
    TryLater,
    classify,
    classify_row,
    is_structured,
    lost_answer,
)
from integrations.salesforce.guidance import guidance_for, known_codes

RECORDED = Path(__file__).parents[4] / "shared" / "salesforce" / "errors.json"


def body(code: str, message: str = "", **more: Any) -> list[dict[str, Any]]:
    return [{"errorCode": code, "message": message, **more}]


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (401, body("INVALID_SESSION_ID", "Session expired or invalid"), SignInNeeded),
        (401, body("INVALID_SESSION_ID", "This session is not valid for use with the REST API"), NeedsPerson),
        (401, "", SignInNeeded),
        (403, "Bad_OAuth_Token", SignInNeeded),
        (400, {"error": "invalid_grant", "error_description": "expired access/refresh token"}, SignInNeeded),
        (400, {"error": "invalid_client_id", "error_description": "client identifier invalid"}, NeedsPerson),
        (403, body("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), TryLater),
        (403, body("API_DISABLED_FOR_ORG"), NeedsPerson),
        (403, "<html>Forbidden</html>", NeedsPerson),
        (404, body("NOT_FOUND", "The requested resource does not exist"), Gone),
        (404, body("NOT_FOUND", "Provided external ID field does not exist: X__c"), NeedsPerson),
        (404, body("ENTITY_IS_DELETED", "entity is deleted"), Gone),
        (400, body("CANNOT_UPDATE_CONVERTED_LEAD"), Gone),
        (400, body("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"), Gone),
        (400, body("INVALID_CROSS_REFERENCE_KEY", "no owner", fields=["OwnerId"]), NeedsPerson),
        (400, body("INVALID_QUERY_LOCATOR"), QueryCursorLost),
        (400, body("UNABLE_TO_LOCK_ROW"), TryLater),
        (400, body("A_CODE_NOBODY_KNOWS"), NeedsPerson),
        (418, None, NeedsPerson),
        (420, "", TryLater),
        (429, "", TryLater),
        (500, body("UNKNOWN_EXCEPTION"), TryLater),
        (502, "<html>Bad gateway</html>", TryLater),
        (503, body("SERVER_UNAVAILABLE"), TryLater),
        (500, body("STORAGE_LIMIT_EXCEEDED"), NeedsPerson),
    ],
)
def test_an_error_is_named_by_the_next_action(
    status: int, answer: Any, expected: type[SalesforceError]
) -> None:
    assert type(classify(status, answer)) is expected


@pytest.mark.parametrize(
    ("message", "scope", "after"),
    [
        ("TotalRequests Limit exceeded.", "daily limit", None),
        ("ConcurrentPerOrgLongTxn Limit exceeded.", "concurrency", 5),
        ("ConcurrentRequests (Concurrent API Requests) Limit exceeded.", "concurrency", 5),
    ],
)
def test_a_limit_tells_how_long_it_lasts(message: str, scope: str, after: float | None) -> None:
    error = classify(403, body("REQUEST_LIMIT_EXCEEDED", message))
    assert isinstance(error, TryLater)
    assert (error.scope, error.after) == (scope, after)


def test_salesforce_may_say_when_to_come_back() -> None:
    error = classify(503, "", {"retry-after": "120"})
    assert isinstance(error, TryLater)
    assert error.after == 120


@pytest.mark.parametrize("key", ["duplicateResut", "duplicateResult"])
def test_a_duplicate_names_the_records_that_are_there(key: str) -> None:
    matches = [{"record": {"Id": "0015c00002Lz9mU"}}, {"record": {"Id": "0015c00002Lz9mUAAR"}}]
    answer = [{"errorCode": "DUPLICATES_DETECTED", key: {"matchResults": [{"matchRecords": matches}]}}]
    error = classify(400, answer)
    assert error.existing_ids == ("0015c00002Lz9mUAAR",)


def test_a_unique_value_names_its_record() -> None:
    text = "duplicate value found: LockstepKeyOfUs__c duplicates value on record with id: 003aj000002oTld"
    assert classify(400, body("DUPLICATE_VALUE", text)).existing_ids == ("003aj000002oTldAAE",)


def test_several_hits_of_an_external_id_are_named() -> None:
    error = classify(300, ["/services/data/v60.0/sobjects/Contact/003aj000002oTldAAE"])
    assert isinstance(error, NeedsPerson)
    assert error.existing_ids == ("003aj000002oTldAAE",)


def test_a_row_of_a_collection_uses_another_key() -> None:
    row = {"statusCode": "REQUIRED_FIELD_MISSING", "message": "Required", "fields": ["LastName"]}
    error = classify_row(row)
    assert (error.code, error.fields, error.status) == ("REQUIRED_FIELD_MISSING", ("LastName",), None)


def test_a_lost_answer_is_unknown_for_a_write_only() -> None:
    assert isinstance(lost_answer("TIMEOUT", "", reads=False), OutcomeUnknown)
    assert isinstance(lost_answer("TIMEOUT", "", reads=True), TryLater)


def test_a_page_is_not_salesforce_speaking() -> None:
    assert is_structured('[{"errorCode": "UNKNOWN_EXCEPTION"}]')
    assert not is_structured(b"<html></html>")


@pytest.mark.parametrize("code", [*sorted(known_codes()), "A_CODE_NOBODY_KNOWS", "HTTP_502"])
def test_every_code_has_words(code: str) -> None:
    words = guidance_for(code)
    assert all(text.endswith(".") for text in (words.meaning, words.why, words.fix))


@pytest.mark.parametrize(
    "code",
    [
        "SEVERAL_CANDIDATES", "MASS_DELETE", "DELETES_ALONG", "OWNER_NOT_MAPPED", "VALUE_NOT_MAPPED", "PARENT_MISSING",
        "OUTCOME_UNKNOWN", "UNREADABLE_OBJECT", "UNUSABLE_VALUE", "OBJECT_FAILED", "JOB_RUNS",
    ],
)  # fmt: skip
def test_our_own_codes_have_words_too(code: str) -> None:
    assert code in known_codes()


@pytest.mark.parametrize("code", sorted(known_codes()))
def test_guidance_is_in_plain_words(code: str) -> None:
    words = guidance_for(code)
    said = f"{words.meaning} {words.why} {words.fix}".lower()
    assert not [jargon for jargon in ("upsert", "sobject", "payload", "exception", "null") if jargon in said]


def recorded() -> list[Any]:
    if not RECORDED.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason="recorded errors are not here"))]
    return [pytest.param(item, id=item["code"]) for item in json.loads(RECORDED.read_text())]


@pytest.mark.parametrize("item", recorded())
def test_recorded_errors_keep_their_code(item: dict[str, Any]) -> None:
    if item["http"] in (None, 302):
        pytest.skip("no answer of the REST API")
    answer = item["body"]
    failed = answer.get("errors") if isinstance(answer, dict) else None
    error = classify_row(failed[0]) if failed else classify(item["http"], answer)
    expected = "DUPLICATE_EXTERNAL_ID" if item["http"] == 300 else item["code"].split(" (")[0]
    assert error.code == expected
    assert error.sentence
