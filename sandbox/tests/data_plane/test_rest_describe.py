"""Describes, layouts, picklist values, versions and limits."""

import pytest

from sandbox.org import Org
from sandbox.tests.data_plane.conftest import Call, HandClock


def test_versions_need_no_session_and_say_their_season(call: Call) -> None:
    found = {each["version"]: each["label"] for each in call("GET", "/services/data").json()}

    assert (found["60.0"], found["66.0"], found["67.0"]) == ("Spring '24", "Spring '26", "Summer '26")


def test_a_describe_is_304_until_the_schema_changes(org: Org, call: Call, hand_clock: HandClock) -> None:
    known = call("GET", "/sobjects/Contact/describe").headers["Last-Modified"]
    unchanged = call("GET", "/sobjects/Contact/describe", If_Modified_Since=known)
    hand_clock.forward(minutes=1)
    org.add_field("Contact", "New__c", "string")

    assert (unchanged.status, unchanged.body) == (304, b"")
    assert call("GET", "/sobjects/Contact/describe", If_Modified_Since=known).status == 200
    assert call("GET", "/sobjects/Account/describe", If_Modified_Since=known).status == 304


def test_an_org_without_record_types_lists_the_master_alone(call: Call) -> None:
    body = call("GET", "/sobjects/Lead/describe").json()

    assert [info["recordTypeId"] for info in body["recordTypeInfos"]] == ["012000000000000AAA"]
    assert "RecordTypeId" not in {field["name"] for field in body["fields"]}


def test_what_must_be_given_on_create_is_as_in_a_stock_org(call: Call) -> None:
    def required(object: str) -> list[str]:
        fields = call("GET", f"/sobjects/{object}/describe").json()["fields"]
        return [
            f["name"] for f in fields if f["createable"] and not (f["nillable"] or f["defaultedOnCreate"])
        ]

    assert required("Contact") == ["LastName"]
    assert required("Lead") == ["LastName", "Company"]
    assert required("Account") == ["Name"]
    assert required("Opportunity") == ["Name", "StageName", "CloseDate"]


def test_standard_picklists_are_not_restricted(call: Call) -> None:
    fields = {f["name"]: f for f in call("GET", "/sobjects/Task/describe").json()["fields"]}

    assert not fields["Status"]["restrictedPicklist"]
    assert fields["CallType"]["restrictedPicklist"]


def test_a_layout_has_the_picklists_of_its_record_type(org: Org, call: Call) -> None:
    renewal = next(k.id for k in org.registry.get("Opportunity").record_types if k.name == "Renewal")
    body = call("GET", f"/sobjects/Opportunity/describe/layouts/{renewal}").json()
    picklists = {
        p["picklistName"]: p["picklistValues"]
        for p in body["recordTypeMappings"][0]["picklistsForRecordType"]
    }

    assert [value["value"] for value in picklists["Tier__c"]] == ["Gold"]
    assert len(picklists["LeadSource"]) == 5


@pytest.mark.parametrize(("name", "stages"), [("Renewal", 4), ("New Business", 10)])
def test_picklist_values_are_those_of_the_record_type(org: Org, call: Call, name: str, stages: int) -> None:
    id = next(k.id for k in org.registry.get("Opportunity").record_types if k.name == name)
    body = call("GET", f"/ui-api/object-info/Opportunity/picklist-values/{id}/StageName").json()

    assert len(body["values"]) == stages
    assert body["values"][-1]["attributes"]["closed"] is True


def test_all_picklists_of_the_master_come_in_one_answer(call: Call) -> None:
    body = call("GET", "/ui-api/object-info/Contact/picklist-values/012000000000000AAA").json()

    assert set(body) == {"eTag", "picklistFieldValues"}
    assert {"LeadSource", "Salutation", "Tier__c"} <= set(body["picklistFieldValues"])


def test_record_counts_leave_unknown_names_out(org: Org, call: Call) -> None:
    org.raw_insert("Contact", [{"LastName": "a"}])

    assert call("GET", "/limits/recordCount?sObjects=Contact,Nope").json() == {
        "sObjects": [{"count": 1, "name": "Contact"}]
    }


def test_limits_have_a_most_and_a_rest(call: Call) -> None:
    body = call("GET", "/limits").json()

    assert body["DailyApiRequests"] == {"Max": 100_000, "Remaining": 100_000}
