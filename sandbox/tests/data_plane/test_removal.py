"""Deleting, the recycle bin, merging and converting."""

import pytest

from sandbox.errors import ApiError
from sandbox.org import Org
from sandbox.rules.merging import convert, merge


@pytest.fixture
def family(org: Org, ada: str) -> dict[str, str]:
    account = org.insert("Account", {"Name": "A"}, user_id=ada)
    boss = org.insert("Contact", {"LastName": "Boss"}, user_id=ada)
    contact = org.insert("Contact", {"LastName": "C", "AccountId": account, "ReportsToId": boss}, user_id=ada)
    task = org.insert("Task", {"WhoId": contact}, user_id=ada)
    return {"account": account, "boss": boss, "contact": contact, "task": task}


def deleted(org: Org, object: str) -> set[str]:
    soql = f"SELECT Id FROM {object} WHERE IsDeleted = true"
    return set(org.query(soql, user_id=org.admin_id, all_rows=True).ids())


def test_what_hangs_on_a_deleted_row_goes_with_it(org: Org, ada: str, family: dict[str, str]) -> None:
    org.delete("Account", family["account"], user_id=ada)

    assert deleted(org, "Contact") == {family["contact"]}
    assert deleted(org, "Task") == {family["task"]}


def test_a_lookup_that_does_not_cascade_is_emptied(org: Org, ada: str, family: dict[str, str]) -> None:
    org.delete("Contact", family["boss"], user_id=ada)

    assert org.get("Contact", family["contact"], ["ReportsToId"], user_id=ada)["ReportsToId"] is None


def test_undelete_brings_back_the_same_rows(org: Org, ada: str, family: dict[str, str]) -> None:
    org.delete("Account", family["account"], user_id=ada)
    org.undelete("Account", family["account"], user_id=ada)

    assert deleted(org, "Contact") == deleted(org, "Task") == deleted(org, "Account") == set()


@pytest.mark.parametrize("act", ["update", "delete", "get"])
def test_a_deleted_row_is_404(org: Org, ada: str, family: dict[str, str], act: str) -> None:
    org.delete("Contact", family["contact"], user_id=ada)
    values = [{"Title": "x"}] if act == "update" else []
    with pytest.raises(ApiError) as refused:
        getattr(org, act)("Contact", family["contact"], *values, user_id=ada)

    assert (refused.value.status, refused.value.code) == (404, "ENTITY_IS_DELETED")


def test_a_purged_row_is_gone_from_query_all(org: Org, ada: str, family: dict[str, str]) -> None:
    org.delete("Contact", family["contact"], user_id=ada)
    org.purge("Contact", family["contact"])

    assert deleted(org, "Contact") == set()


def test_a_restricting_child_forbids_the_delete(org: Org, ada: str) -> None:
    contact = org.insert("Contact", {"LastName": "C"}, user_id=ada)
    org.add_field("Task", "Must__c", "reference", to="Contact", child="Musts", restrict=True)
    org.insert("Task", {"Must__c": contact}, user_id=ada)
    with pytest.raises(ApiError, match="DELETE_FAILED"):
        org.delete("Contact", contact, user_id=ada)


def test_a_merge_leaves_a_trace_and_moves_the_children(org: Org, ada: str, family: dict[str, str]) -> None:
    merge(org, "Contact", family["boss"], [family["contact"]], ada)
    soql = "SELECT Id, MasterRecordId FROM Contact WHERE IsDeleted = true AND MasterRecordId != null"
    (gone,) = org.query(soql, user_id=ada, all_rows=True).records()

    assert (gone["Id"], gone["MasterRecordId"]) == (family["contact"], family["boss"])
    assert org.get("Task", family["task"], ["WhoId"], user_id=ada)["WhoId"] == family["boss"]


def test_a_converted_lead_stays_and_can_no_longer_be_written(org: Org, ada: str) -> None:
    lead = org.insert("Lead", {"LastName": "L", "Company": "C", "Email": "l@c.example"}, user_id=ada)
    made = convert(org, lead, ada, opportunity="First deal")
    found = org.get("Lead", lead, user_id=ada)

    assert found["IsConverted"] is True
    assert found["ConvertedContactId"] == made["contactId"]
    with pytest.raises(ApiError) as refused:
        org.update("Lead", lead, {"Title": "x"}, user_id=ada)
    assert refused.value.body() == [
        {
            "message": "cannot reference converted lead",
            "errorCode": "CANNOT_UPDATE_CONVERTED_LEAD",
            "fields": [],
        }
    ]


def test_a_converted_leads_activities_are_the_contacts(org: Org, ada: str) -> None:
    lead = org.insert("Lead", {"LastName": "L", "Company": "C"}, user_id=ada)
    task = org.insert("Task", {"WhoId": lead}, user_id=ada)
    email = org.insert("EmailMessage", {"RelatedToId": lead, "Status": "3"}, user_id=ada)
    made = convert(org, lead, ada, opportunity="Deal")
    moved = org.get("Task", task, ["WhoId", "WhatId", "AccountId"], user_id=ada)

    assert (moved["WhoId"], moved["WhatId"]) == (made["contactId"], made["opportunityId"])
    assert moved["AccountId"] == made["accountId"]
    related = org.get("EmailMessage", email, ["RelatedToId"], user_id=ada)["RelatedToId"]
    assert related == made["contactId"]


def test_a_lead_may_become_a_contact_that_is_there(org: Org, ada: str, family: dict[str, str]) -> None:
    lead = org.insert("Lead", {"LastName": "L", "Company": "C", "Email": "l@c.example"}, user_id=ada)
    made = convert(org, lead, ada, contact_id=family["contact"])
    kept = org.get("Contact", family["contact"], ["LastName", "Email"], user_id=ada)

    assert (made["contactId"], made["accountId"]) == (family["contact"], family["account"])
    assert (kept["LastName"], kept["Email"]) == ("C", "l@c.example")


def test_a_deleted_deal_takes_its_contact_roles_along(org: Org, ada: str, family: dict[str, str]) -> None:
    deal = {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-06-01", "ContactId": family["boss"]}
    id = org.insert("Opportunity", deal, user_id=ada)
    org.delete("Opportunity", id, user_id=ada)

    assert len(deleted(org, "OpportunityContactRole")) == 1


def test_a_unique_value_taken_meanwhile_keeps_a_row_in_the_bin(org: Org, ada: str) -> None:
    org.add_field("Contact", "Key__c", "string", length=64, externalId=True, unique=True)
    id, _ = org.upsert("Contact", "Key__c", "k", {"LastName": "a"}, user_id=ada)
    org.delete("Contact", id, user_id=ada)
    org.upsert("Contact", "Key__c", "K", {"LastName": "b"}, user_id=ada)

    with pytest.raises(ApiError, match="DUPLICATE_VALUE"):
        org.undelete("Contact", id, user_id=ada)
