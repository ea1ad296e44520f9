import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from integrations.salesforce.describes import parse_describe
from integrations.salesforce.org import Org
from integrations.salesforce.tests.scripted_server import Answer, ScriptedServer

OpenDoor = Callable[..., tuple[Org, ScriptedServer]]

DESCRIBES = Path(__file__).parents[4] / "shared" / "salesforce" / "describe"
CHANGED = "Mon, 02 Mar 2026 08:00:00 GMT"
FIELD = {"name": "Tier__c", "type": "picklist", "createable": True, "updateable": True, "nillable": False}
CONTACT = {"name": "Contact", "label": "Contact", "keyPrefix": "003", "queryable": True, "fields": [FIELD]}


def field(**more: Any) -> Any:
    described = parse_describe(CONTACT | {"fields": [FIELD | more]}).field("tier__c")
    assert described is not None
    return described


def test_a_describe_remembers_when_it_changed(door: OpenDoor) -> None:
    org, _ = door(Answer(CONTACT, headers={"Last-Modified": CHANGED}))
    found = org.describe("Contact")
    assert found is not None
    assert found.last_modified == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert found.raw == CONTACT


def test_a_describe_that_did_not_change_is_none(door: OpenDoor) -> None:
    org, server = door(Answer(status=304))
    assert org.describe("Contact", if_modified_since=datetime(2026, 3, 2, 8, tzinfo=UTC)) is None
    assert server.asked[0].headers["If-Modified-Since"] == CHANGED


@pytest.mark.parametrize(
    ("more", "required"),
    [
        ({}, True),
        ({"nillable": True}, False),
        ({"defaultedOnCreate": True}, False),
        ({"createable": False}, False),
    ],
)
def test_required_is_what_create_cannot_do_without(more: dict[str, Any], required: bool) -> None:
    assert field(**more).required_on_create is required


@pytest.mark.parametrize(("given", "indexes"), [("gAAA", (0,)), ("oAAA", (0, 2)), (None, None), ("?", None)])
def test_a_dependent_value_names_its_controlling_values(given: str | None, indexes: object) -> None:
    described = field(picklistValues=[{"value": "Gold", "label": None, "validFor": given}])
    assert described.picklist_values[0].valid_for == indexes
    assert described.picklist_values[0].label == "Gold"


def test_a_key_of_ours_needs_a_unique_writable_external_id() -> None:
    assert field(externalId=True, unique=True).usable_external_id
    assert not field(externalId=True, unique=True, updateable=False).usable_external_id


def test_picklists_come_by_record_type(door: OpenDoor) -> None:
    values = [{"value": "A", "label": "Ah", "validFor": [1]}, {"value": "B", "label": "Be", "validFor": []}]
    tier = {"controllerValues": {"x": 0, "y": 1}, "defaultValue": values[0], "values": values}
    org, server = door(Answer({"picklistFieldValues": {"Tier__c": tier}}))
    found = org.picklist_values("Contact")["Tier__c"]
    assert (found.default, found.values[0].default, found.values[0].valid_for) == ("A", True, (1,))
    assert server.asked[0].path.endswith("/ui-api/object-info/Contact/picklist-values/012000000000000AAA")


def test_record_counts_come_by_object(door: OpenDoor) -> None:
    org, server = door(Answer({"sObjects": [{"name": "Lead", "count": 7}]}))
    assert org.record_counts(["Lead", "Account"]) == {"Lead": 7}
    assert server.asked[0].path.endswith("limits/recordCount?sObjects=Lead%2CAccount")


def test_nested_limits_are_read_past(door: OpenDoor) -> None:
    org, _ = door(Answer({"DailyApiRequests": {"Max": 5, "Remaining": 4, "App": {"Max": 0, "Remaining": 0}}}))
    calls = org.limits().daily_calls
    assert calls is not None
    assert (calls.max, calls.remaining) == (5, 4)


@pytest.mark.skipif(not DESCRIBES.exists(), reason="recorded describes are not here")
@pytest.mark.parametrize(
    ("sobject", "required"),
    [("Lead", {"LastName", "Company"}), ("Account", {"Name"}), ("Contact", {"LastName"})],
)
def test_a_real_describe_is_understood(sobject: str, required: set[str]) -> None:
    described = parse_describe(json.loads((DESCRIBES / f"{sobject}.describe.json").read_text()))
    assert {item.name for item in described.fields if item.required_on_create} == required
    assert any(item.compound for item in described.fields)
