"""Changing the schema of a running org, loading rows, opening the file again."""

from pathlib import Path

import pytest

from sandbox.errors import ApiError
from sandbox.org import Org
from sandbox.tests.data_plane.conftest import HandClock


def field(org: Org, object: str, name: str) -> dict[str, object]:
    return next(each for each in org.describe(object)["fields"] if each["name"] == name)


def test_an_added_field_is_described_and_can_be_written(org: Org, ada: str) -> None:
    org.add_field("Contact", "Lockstep_Id__c", "string", length=36, externalId=True, unique=True)
    org.insert("Contact", {"LastName": "x", "Lockstep_Id__c": "k"}, user_id=ada)
    described = field(org, "Contact", "Lockstep_Id__c")

    assert (described["custom"], described["idLookup"], described["byteLength"]) == (True, True, 108)
    assert org.match("Contact", "lockstep_id__c", "K", user_id=ada)


def test_a_dropped_field_is_unknown_from_then_on(org: Org, ada: str) -> None:
    org.drop_field("Contact", "Score__c")
    with pytest.raises(ApiError, match="No such column 'Score__c'"):
        org.query("SELECT Score__c FROM Contact", user_id=ada)


def test_a_retyped_field_keeps_what_fits(org: Org, ada: str) -> None:
    org.add_field("Contact", "Size__c", "string", length=20)
    for size in ("12", "big"):
        org.insert("Contact", {"LastName": size, "Size__c": size}, user_id=ada)
    org.change_field("Contact", "Size__c", type="double", precision=18, scale=2)
    found = org.query("SELECT Size__c FROM Contact ORDER BY LastName", user_id=ada).records()

    assert [record["Size__c"] for record in found] == [12.0, None]
    assert field(org, "Contact", "Size__c")["soapType"] == "xsd:double"


def test_a_picklist_can_be_restricted_while_the_org_runs(org: Org, ada: str) -> None:
    org.change_field("Contact", "LeadSource", restrictedPicklist=True, values=["Web"])
    with pytest.raises(ApiError, match="INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"):
        org.insert("Contact", {"LastName": "x", "LeadSource": "Fair"}, user_id=ada)


def test_a_new_record_type_brings_its_field(org: Org, ada: str) -> None:
    id = org.add_record_type("Contact", "VIP", "VIP", picklists={"Tier__c": ["Gold"]})
    soql = "SELECT Id, DeveloperName FROM RecordType WHERE SobjectType = 'Contact'"

    assert [record["Id"] for record in org.query(soql, user_id=ada).records()] == [id]
    assert field(org, "Contact", "RecordTypeId")["referenceTo"] == ["RecordType"]
    assert [info["name"] for info in org.describe("Contact")["recordTypeInfos"]] == ["VIP", "Master"]


def test_raw_rows_keep_their_ids_stamps_and_traces(org: Org, ada: str) -> None:
    row = {
        "Id": "0031G00000q9jPQQA1"[:15],
        "LastName": "Old",
        "FirstName": "Very",
        "CreatedDate": "2019-11-11 17:23:34",
        "SystemModstamp": "2020-01-01T00:00:00Z",
        "IsDeleted": "TRUE",
        "MasterRecordId": None,
    }
    (id,) = org.raw_insert("Contact", [row])
    (found,) = org.query("SELECT FIELDS(ALL) FROM Contact LIMIT 1 ALL ROWS", user_id=ada).records()

    assert (found["Id"], found["Name"], found["IsDeleted"]) == (id, "Very Old", True)
    assert found["CreatedDate"] == "2019-11-11T17:23:34.000+0000"
    assert found["SystemModstamp"] == "2020-01-01T00:00:00.000+0000"


def test_a_raw_update_can_move_system_modstamp_alone(org: Org, ada: str) -> None:
    id = org.insert("Contact", {"LastName": "x"}, user_id=ada)
    org.raw_update("Contact", id, {"SystemModstamp": "2026-06-01T00:00:00Z"})
    found = org.get("Contact", id, user_id=ada)

    assert found["SystemModstamp"] == "2026-06-01T00:00:00.000+0000"
    assert found["LastModifiedDate"] == "2026-05-13T10:00:00.000+0000"


def test_an_opened_again_org_is_the_same(tmp_path: Path, hand_clock: HandClock) -> None:
    first = Org.open(tmp_path / "again.db", clock=hand_clock)
    first.add_field("Contact", "Key__c", "string", length=9)
    first.hide_field("Contact", "Title", user_id="005x")
    first.add_validation_rule("Contact", "r", "LastName = 'x'", "no")
    id = first.insert("Contact", {"LastName": "y", "Key__c": "k"}, user_id=first.admin_id)
    first.close()
    again = Org.open(tmp_path / "again.db", clock=hand_clock)

    assert again.get("Contact", id, ["Key__c"], user_id=again.admin_id)["Key__c"] == "k"
    assert again.registry.hidden_from("Contact", "005x") == {"Title"}
    assert again.rules.validation["Contact"][0].message == "no"
    again.close()


def test_a_failed_transaction_leaves_nothing(org: Org, ada: str) -> None:
    def two() -> None:
        with org.transaction():
            org.insert("Contact", {"LastName": "x"}, user_id=ada)
            org.insert("Contact", {}, user_id=ada)

    with pytest.raises(ApiError):
        two()

    assert org.count("Contact") == 0


@pytest.mark.parametrize("object", ["Account", "Contact", "Lead", "Opportunity", "OpportunityContactRole"])
def test_any_synced_object_can_get_a_key_and_lose_it(org: Org, object: str) -> None:
    org.add_field(object, "Lockstep_Id__c", "string", length=64, externalId=True, unique=True)
    described = field(org, object, "Lockstep_Id__c")
    said = ("externalId", "unique", "createable", "updateable", "idLookup")
    assert [described[name] for name in said] == [True] * 5
    assert (described["type"], described["length"], described["caseSensitive"]) == ("string", 64, False)

    org.drop_field(object, "Lockstep_Id__c")
    assert not org.registry.get(object).has("Lockstep_Id__c")
