"""Our answers beside real ones; skipped where those are absent."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.org import Org
from sandbox.tests.data_plane.conftest import Call, HandClock

OBJECTS = ["Account", "Contact", "Lead", "Opportunity", "OpportunityContactRole", "Task", "Event"]


def real(shared: Path, object: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared / "describe" / f"{object}.describe.json").read_text("utf-8"))
    return found


@pytest.mark.parametrize("object", OBJECTS)
def test_a_describe_has_every_key_of_a_real_one(shared: Path, org: Org, object: str) -> None:
    theirs, ours = real(shared, object), org.describe(object)
    their_field, our_field = ({key for f in body["fields"] for key in f} for body in (theirs, ours))

    assert set(theirs) <= set(ours)
    assert their_field <= our_field
    for part in ("childRelationships", "recordTypeInfos"):
        if theirs[part] and ours[part]:
            assert set(theirs[part][0]) <= set(ours[part][0])


@pytest.mark.parametrize("object", OBJECTS)
def test_shared_fields_have_the_same_type_and_place(shared: Path, org: Org, object: str) -> None:
    ours = {f["name"]: f for f in org.describe(object)["fields"]}
    same = ("type", "soapType", "createable", "updateable", "nillable", "filterable", "groupable", "length")
    odd = [
        (theirs["name"], key, theirs[key], ours[theirs["name"]][key])
        for theirs in real(shared, object)["fields"]
        if theirs["name"] in ours
        for key in same
        if theirs[key] != ours[theirs["name"]][key]
    ]

    assert odd == []


def test_describe_global_has_every_key_of_a_real_one(shared: Path, org: Org) -> None:
    theirs = json.loads((shared / "describe" / "global.json").read_text("utf-8"))
    ours = org.describe_global()

    assert set(theirs) <= set(ours)
    assert set(theirs["sobjects"][0]) <= set(ours["sobjects"][0])


@pytest.fixture
def real_org(shared: Path, tmp_path: Path, hand_clock: HandClock) -> Org:
    org = Org.open(tmp_path / "real.db", clock=hand_clock, standard=False)
    for object in OBJECTS:
        org.load_describe(shared / "describe" / f"{object}.describe.json")
    return org


@pytest.mark.parametrize("object", OBJECTS)
def test_a_loaded_describe_comes_back_as_it_was(shared: Path, real_org: Org, object: str) -> None:
    theirs, ours = real(shared, object), real_org.describe(object)

    assert ours["fields"] == [
        {**given, **field} for given, field in zip(ours["fields"], theirs["fields"], strict=True)
    ]
    assert ours["childRelationships"] == theirs["childRelationships"]


def test_an_org_of_real_describes_keeps_the_rules(real_org: Org) -> None:
    admin = real_org.admin_id
    account = real_org.insert("Account", {"Name": "A"}, user_id=admin)
    contact = real_org.insert("Contact", {"LastName": "C", "AccountId": account}, user_id=admin)
    real_org.delete("Account", account, user_id=admin)

    assert real_org.query("SELECT Id FROM Contact", user_id=admin).total == 0
    assert real_org.query("SELECT Id FROM Contact", user_id=admin, all_rows=True).ids() == [contact]


@pytest.mark.parametrize("object", ["account", "contact", "lead", "opportunity", "task", "event", "user"])
def test_rows_of_a_real_org_load_and_read_back(shared: Path, real_org: Org, object: str) -> None:
    kind = real_org.registry.get(object)
    with (shared / "sample_data" / f"sf_{object}_data.csv").open(encoding="utf-8", newline="") as file:
        rows = [_named(kind, row) for row in csv.DictReader(file)]
    ids = real_org.raw_insert(kind.name, rows)
    found = real_org.query(
        f"SELECT Id, SystemModstamp FROM {kind.name}", user_id=real_org.admin_id, all_rows=True
    )

    assert set(ids) <= set(found.ids())


def _named(kind: Any, row: dict[str, str]) -> dict[str, str]:
    """The columns of the sample, which are in snake case, by the names of the fields."""
    by_plain = {field.name.lower(): field.name for field in kind.fields.values()}
    found = {}
    for column, value in row.items():
        name = by_plain.get(column.replace("_", "").lower())
        if name and value:
            found[name] = value
    return found


def test_recorded_error_bodies_have_our_shape(shared: Path, call: Call, org: Org) -> None:
    recorded = {
        entry["code"]: entry["body"][0]
        for entry in json.loads((shared / "errors.json").read_text("utf-8"))
        if isinstance(entry["body"], list) and isinstance(entry["body"][0], dict)
    }
    org.add_duplicate_rule("Account", "Accounts", ["Name"], message="Use one of these records?")
    call("POST", "/sobjects/Account", {"Name": "A"})
    tries = {
        "REQUIRED_FIELD_MISSING": {},
        "INVALID_FIELD_FOR_INSERT_UPDATE": {"Name": "x", "CreatedById": org.admin_id},
        "STRING_TOO_LONG": {"Name": "x" * 256},
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": {"Name": "x", "Tier__c": "y"},
        "DUPLICATES_DETECTED (duplicateResult, ~v60)": {"Name": "A"},
    }
    for code, body in tries.items():
        answer = call("POST", "/sobjects/Account", body).json()[0]
        assert (answer["errorCode"], set(answer)) == (code.split(" ")[0], set(recorded[code])), code
