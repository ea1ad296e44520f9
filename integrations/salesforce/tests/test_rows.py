from collections.abc import Callable

import pytest

from integrations.salesforce.errors import Gone, NeedsPerson, OutcomeUnknown
from integrations.salesforce.org import Org
from integrations.salesforce.rows import SubRequest, WriteOptions
from integrations.salesforce.tests.scripted_server import Answer, ScriptedServer

OpenDoor = Callable[..., tuple[Org, ScriptedServer]]

ADA = "003aj000002oTldAAE"
SAVED = {"id": ADA, "success": True, "errors": []}
REFUSED = {
    "success": False,
    "errors": [{"statusCode": "REQUIRED_FIELD_MISSING", "message": "x", "fields": ["A"]}],
}


def test_each_row_of_a_collection_has_its_own_fate(door: OpenDoor) -> None:
    org, server = door(Answer([SAVED, REFUSED]))
    saved, refused = org.create_many("Contact", [{"LastName": "Ada"}, {}])
    assert (saved.id, saved.created, saved.error) == (ADA, True, None)
    assert isinstance(refused.error, NeedsPerson)
    assert server.asked[0].body["records"][0] == {"attributes": {"type": "Contact"}, "LastName": "Ada"}


def test_a_collection_whose_answer_lacks_rows_is_unknown(door: OpenDoor) -> None:
    org, _ = door(Answer([SAVED]))
    with pytest.raises(OutcomeUnknown):
        org.create_many("Contact", [{}, {}])


def test_an_empty_collection_asks_nothing(door: OpenDoor) -> None:
    org, server = door(Answer([]))
    assert not org.update_many("Contact", []) + org.delete_many([])
    assert not org.retrieve("Contact", [], ["Id"])
    assert server.asked == []


def test_more_rows_than_salesforce_takes_are_refused(door: OpenDoor) -> None:
    org, _ = door(Answer([]))
    with pytest.raises(ValueError, match="200 at a time"):
        org.create_many("Contact", [{}] * 201)


@pytest.mark.parametrize(
    ("options", "assign", "rule"),
    [
        (WriteOptions(), "FALSE", None),
        (WriteOptions(auto_assign=True), "TRUE", None),
        (WriteOptions(allow_save=True), "FALSE", "allowSave=true"),
    ],
)
def test_options_become_headers(door: OpenDoor, options: WriteOptions, assign: str, rule: str | None) -> None:
    org, server = door(Answer(SAVED, status=201))
    org.create("Contact", {"LastName": "Ada"}, options)
    assert server.asked[0].headers["Sforce-Auto-Assign"] == assign
    assert server.asked[0].headers.get("Sforce-Duplicate-Rule-Header") == rule


@pytest.mark.parametrize(("status", "created"), [(201, True), (200, False)])
def test_an_upsert_tells_whether_it_created(door: OpenDoor, status: int, created: bool) -> None:
    org, server = door(Answer(SAVED, status=status))
    assert org.upsert("Contact", "Key__c", "a/b c", {"LastName": "Ada"}).created is created
    assert server.asked[0].path.endswith("/sobjects/Contact/Key__c/a%2Fb%20c")


def test_a_change_of_a_deleted_record_says_gone(door: OpenDoor) -> None:
    org, _ = door(Answer([{"errorCode": "ENTITY_IS_DELETED", "message": "entity is deleted"}], status=404))
    with pytest.raises(Gone):
        org.update("Contact", ADA, {"Title": None})


def test_an_update_answers_with_nothing(door: OpenDoor) -> None:
    org, server = door(Answer(status=204))
    org.update("Contact", ADA[:15], {"Title": None})
    assert server.asked[0].path.endswith(f"/sobjects/Contact/{ADA}")
    assert server.asked[0].body == {"Title": None}


def test_records_come_in_the_order_asked_for(door: OpenDoor) -> None:
    other = "0015c00002Lz9mUAAR"
    org, _ = door(Answer([{"Id": other}, None, {"attributes": {"url": f"/x/Contact/{ADA}"}, "Title": "Dr"}]))
    rows = org.retrieve("Contact", [ADA, "003000000000001AAA", other], ["Title"])
    assert [bool(row) for row in rows] == [True, False, True]
    assert rows[0] is not None
    assert rows[0]["Title"] == "Dr"


def test_a_composite_answers_each_request(door: OpenDoor) -> None:
    error = [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]
    items = [
        {"referenceId": "b", "httpStatusCode": 404, "body": error, "httpHeaders": {}},
        {"referenceId": "a", "httpStatusCode": 201, "body": SAVED, "httpHeaders": {}},
    ]
    org, server = door(Answer({"compositeResponse": items}))
    first, second = org.composite(
        [
            SubRequest("a", "POST", "sobjects/Contact", {"LastName": "x"}),
            SubRequest("b", "GET", "sobjects/X/1"),
        ]
    )
    assert (first.status, first.error) == (201, None)
    assert isinstance(second.error, Gone)
    assert server.asked[0].body["compositeRequest"][1] == {
        "method": "GET",
        "url": "/services/data/v62.0/sobjects/X/1",
        "referenceId": "b",
    }
