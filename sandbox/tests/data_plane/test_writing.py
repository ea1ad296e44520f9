"""What a write is refused for, and what it fills in."""

from typing import Any

import pytest

from sandbox.errors import ApiError
from sandbox.org import Org
from sandbox.tests.data_plane.conftest import HandClock
from sandbox.write_options import WriteOptions

CONTACT = {"LastName": "Smith"}


def refusal(org: Org, object: str, values: dict[str, Any], **given: Any) -> ApiError:
    with pytest.raises(ApiError) as refused:
        org.insert(object, values, user_id=org.admin_id, **given)
    return refused.value


@pytest.mark.parametrize(
    ("object", "values", "code", "message", "fields"),
    [
        ("Account", {}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]", ["Name"]),
        (
            *("Lead", {"FirstName": "x"}, "REQUIRED_FIELD_MISSING"),
            "Required fields are missing: [LastName, Company]",
            ["LastName", "Company"],
        ),
        (
            "Contact",
            {"LastName": " "},
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [LastName]",
            ["LastName"],
        ),
        (
            "Contact",
            CONTACT | {"Foo": 1},
            "INVALID_FIELD",
            "No such column 'Foo' on sobject of type Contact",
            None,
        ),
        (
            *("Contact", CONTACT | {"Title": "x" * 129}, "STRING_TOO_LONG"),
            f"data value too large: {'x' * 129} (max length=128)",
            ["Title"],
        ),
        (
            *("Contact", CONTACT | {"Email": "Not a real email address"}, "INVALID_EMAIL_ADDRESS"),
            "Email: invalid email address: Not a real email address",
            ["Email"],
        ),
        (
            *("Contact", CONTACT | {"Score__c": 123456}, "NUMBER_OUTSIDE_VALID_RANGE"),
            "Score: value outside of valid range on numeric field: 123456",
            ["Score__c"],
        ),
        (
            *("Contact", CONTACT | {"Tier__c": "Ignition - CEE"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
            "bad value for restricted picklist field: Ignition - CEE",
            ["Tier__c"],
        ),
        (
            *("Contact", CONTACT | {"AccountId": "x"}, "MALFORMED_ID"),
            "Account ID: id value of incorrect type: x",
            ["AccountId"],
        ),
        (
            *("Contact", CONTACT | {"AccountId": "003Lk0000000009IAA"}, "MALFORMED_ID"),
            "Account ID: id value of incorrect type: 003Lk0000000009IAA",
            ["AccountId"],
        ),
        (
            *("Contact", CONTACT | {"AccountId": "001Lk0000000999"}, "INVALID_CROSS_REFERENCE_KEY"),
            "invalid cross reference id",
            [],
        ),
        (
            *("Account", {"Name": "x", "RecordTypeId": "012000000000001AAA"}, "INVALID_CROSS_REFERENCE_KEY"),
            "Record Type ID: this ID value isn't valid for the user: 012000000000001AAA",
            ["RecordTypeId"],
        ),
        (
            *("Contact", CONTACT | {"DoNotCall": None}, "INVALID_TYPE_ON_FIELD_IN_RECORD"),
            "value not of required type: ",
            ["DoNotCall"],
        ),
        (
            "RecordType",
            {},
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "entity type cannot be inserted: Record Type",
            [],
        ),
    ],
)
def test_a_wrong_value_is_refused(
    org: Org, object: str, values: dict[str, Any], code: str, message: str, fields: list[str] | None
) -> None:
    error = refusal(org, object, values)

    assert (error.status, error.code, error.message, error.fields) == (400, code, message, fields)


@pytest.mark.parametrize(
    ("field", "value", "token"),
    [
        ("Birthdate", "foo", "date from VALUE_STRING value foo"),
        ("Birthdate", 5, "date from VALUE_NUMBER_INT value 5"),
        ("EmailBouncedDate", "2026-01-01", "datetime from VALUE_STRING value 2026-01-01"),
        ("DoNotCall", "yes", "boolean from VALUE_STRING value yes"),
        ("Score__c", "many", "double from VALUE_STRING value many"),
        ("Score__c", True, "double from VALUE_TRUE value true"),
        ("Title", {"a": 1}, "string from START_OBJECT value {"),
    ],
)
def test_a_value_of_the_wrong_json_type_is_a_parser_error(
    org: Org, field: str, value: Any, token: str
) -> None:
    error = refusal(org, "Contact", CONTACT | {field: value})

    assert error.code == "JSON_PARSER_ERROR"
    assert error.message.startswith(f"Cannot deserialize instance of {token} or request may be missing")


def test_read_only_fields_are_all_named(org: Org) -> None:
    error = refusal(org, "Contact", CONTACT | {"Name": "x", "CreatedById": org.admin_id})

    assert error.code == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert error.fields == ["Name", "CreatedById"]
    assert error.message.startswith("Unable to create/update fields: Name, CreatedById. Please check")


@pytest.mark.parametrize(
    ("object", "given", "read"),
    [
        ("Contact", {"FirstName": " Ann ", "LastName": "Lee"}, {"FirstName": "Ann", "Name": "Ann Lee"}),
        ("Contact", {"LastName": "x", "Email": "A.B@Example.COM"}, {"Email": "a.b@example.com"}),
        ("Contact", {"LastName": "x", "Title": ""}, {"Title": None}),
        ("Contact", {"LastName": "x", "LeadSource": "Own invention"}, {"LeadSource": "Own invention"}),
        ("Contact", {"LastName": "x", "Phone": 12345}, {"Phone": "12345"}),
        ("Contact", {"LastName": "x", "Score__c": 1.25}, {"Score__c": 1.3}),
        (
            "Contact",
            {"LastName": "x", "Interests__c": "Data;Data; Outreach"},
            {"Interests__c": "Data;Outreach"},
        ),
        (
            "Contact",
            {"LastName": "x", "Last_Scored_At__c": "2026-01-02T03:04:05.678+02:00"},
            {"Last_Scored_At__c": "2026-01-02T01:04:05.000+0000"},
        ),
        ("Lead", {"LastName": "x", "Company": "y"}, {"Status": "Open - Not Contacted", "IsConverted": False}),
        ("Task", {"Subject": "Call"}, {"Status": "Not Started", "Priority": "Normal", "IsClosed": False}),
        ("Account", {"Name": "x", "Region__c": "EMEA", "Tier__c": "Gold"}, {"Segment__c": "EMEA / Gold"}),
    ],
)
def test_what_is_stored_reads_back_as_salesforce_keeps_it(
    org: Org, ada: str, object: str, given: dict[str, Any], read: dict[str, Any]
) -> None:
    found = org.get(object, org.insert(object, given, user_id=ada), list(read), user_id=ada)

    assert {name: found[name] for name in read} == read


def test_every_kind_of_text_survives(org: Org, ada: str) -> None:
    text = "quotes \" ' \\ and\nnewlines\t, שלום, 🙂, " + "ü" * 30_000
    id = org.insert("Contact", CONTACT | {"Description": text}, user_id=ada)

    assert org.get("Contact", id, ["Description"], user_id=ada)["Description"] == text


@pytest.mark.parametrize(
    ("stage", "probability", "closed", "won", "category"),
    [
        ("Prospecting", 10.0, False, False, "Pipeline"),
        ("Closed Won", 100.0, True, True, "Closed"),
        ("Closed Lost", 0.0, True, False, "Omitted"),
        ("No such stage", 0.0, False, False, "Pipeline"),
    ],
)
def test_a_stage_says_what_follows(
    org: Org, ada: str, stage: str, probability: float, closed: bool, won: bool, category: str
) -> None:
    deal = {"Name": "D", "StageName": stage, "CloseDate": "2026-06-01", "Amount": 200}
    id = org.insert("Opportunity", deal, user_id=ada)
    names = ["Probability", "IsClosed", "IsWon", "ForecastCategory", "ExpectedRevenue", "FiscalQuarter"]
    found = org.get("Opportunity", id, names, user_id=ada)

    assert [found[name] for name in names] == [probability, closed, won, category, probability * 2, 2]


def test_a_probability_of_its_own_outlives_the_stage(org: Org, ada: str) -> None:
    deal = {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-06-01", "Probability": 33}
    id = org.insert("Opportunity", deal, user_id=ada)

    assert org.get("Opportunity", id, ["Probability"], user_id=ada)["Probability"] == 33.0


def test_a_contact_on_a_new_opportunity_becomes_its_primary_role(org: Org, ada: str) -> None:
    contact = org.insert("Contact", CONTACT, user_id=ada)
    deal = {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-06-01", "ContactId": contact}
    org.insert("Opportunity", deal, user_id=ada)
    (role,) = org.query("SELECT ContactId, IsPrimary FROM OpportunityContactRole", user_id=ada).records()

    assert (role["ContactId"], role["IsPrimary"]) == (contact, True)


def test_a_deal_has_one_primary_contact(org: Org, ada: str) -> None:
    deal = org.insert(
        "Opportunity", {"Name": "D", "StageName": "Qualification", "CloseDate": "2026-06-01"}, user_id=ada
    )
    role = {
        "OpportunityId": deal,
        "ContactId": org.insert("Contact", CONTACT, user_id=ada),
        "IsPrimary": True,
    }
    first, second = (org.insert("OpportunityContactRole", role, user_id=ada) for _ in range(2))
    soql = "SELECT Id FROM OpportunityContactRole WHERE IsPrimary = true"
    assert org.query(soql, user_id=ada).ids() == [second]

    org.update("OpportunityContactRole", first, {"IsPrimary": True}, user_id=ada)
    assert org.query(soql, user_id=ada).ids() == [first]


def test_a_lead_has_no_role_in_a_deal(org: Org, ada: str) -> None:
    lead = org.insert("Lead", {"LastName": "x", "Company": "y"}, user_id=ada)
    deal = org.insert(
        "Opportunity", {"Name": "D", "StageName": "Qualification", "CloseDate": "2026-06-01"}, user_id=ada
    )
    error = refusal(org, "OpportunityContactRole", {"OpportunityId": deal, "ContactId": lead})
    assert (error.code, error.message) == ("MALFORMED_ID", f"Contact ID: id value of incorrect type: {lead}")


def test_a_record_type_narrows_a_restricted_picklist(org: Org) -> None:
    kind = org.registry.get("Opportunity")
    renewal = next(each.id for each in kind.record_types if each.name == "Renewal")
    deal = {"Name": "D", "StageName": "Qualification", "CloseDate": "2026-06-01", "RecordTypeId": renewal}

    assert refusal(org, "Opportunity", deal | {"Tier__c": "Silver"}).fields == ["Tier__c"]


def test_an_inactive_owner_is_refused(org: Org) -> None:
    (left,) = org.raw_insert("User", [{"LastName": "Left", "Username": "left@x.example", "IsActive": False}])
    error = refusal(org, "Contact", CONTACT | {"OwnerId": left})

    assert error.code == "INACTIVE_OWNER_OR_USER"
    assert error.message == f"operation performed with inactive user [{left}] as owner of contact"


def test_an_assignment_rule_takes_over_unless_switched_off(org: Org, ada: str) -> None:
    (queue,) = org.raw_insert("Group", [{"Name": "Inbound", "Type": "Queue"}])
    org.set_setting("assignment_owner.Lead", queue)
    lead = {"LastName": "x", "Company": "y", "OwnerId": ada}
    ruled = org.insert("Lead", lead, user_id=ada)
    kept = org.insert("Lead", lead, user_id=ada, options=WriteOptions(auto_assign=False))

    assert org.get("Lead", ruled, ["OwnerId"], user_id=ada)["OwnerId"] == queue
    assert org.get("Lead", kept, ["OwnerId"], user_id=ada)["OwnerId"] == ada


def test_an_assignment_rule_takes_over_updates_too(org: Org, ada: str) -> None:
    lead = org.insert("Lead", {"LastName": "x", "Company": "y"}, user_id=ada)
    (queue,) = org.raw_insert("Group", [{"Name": "Inbound", "Type": "Queue"}])
    org.set_setting("assignment_owner.Lead", queue)
    org.update("Lead", lead, {"Title": "a"}, user_id=ada, options=WriteOptions(auto_assign=False))
    assert org.get("Lead", lead, ["OwnerId"], user_id=ada)["OwnerId"] == ada
    org.update("Lead", lead, {"Title": "b"}, user_id=ada)
    assert org.get("Lead", lead, ["OwnerId"], user_id=ada)["OwnerId"] == queue


def test_a_lead_and_a_related_record_exclude_each_other(org: Org, ada: str) -> None:
    lead = org.insert("Lead", {"LastName": "x", "Company": "y"}, user_id=ada)
    account = org.insert("Account", {"Name": "A"}, user_id=ada)

    assert refusal(org, "Task", {"WhoId": lead, "WhatId": account}).code == "FIELD_INTEGRITY_EXCEPTION"


def test_a_task_knows_the_account_of_its_contact(org: Org, ada: str) -> None:
    account = org.insert("Account", {"Name": "A"}, user_id=ada)
    contact = org.insert("Contact", CONTACT | {"AccountId": account}, user_id=ada)
    task = org.insert("Task", {"WhoId": contact, "Status": "Completed"}, user_id=ada)
    found = org.get("Task", task, ["AccountId", "IsClosed"], user_id=ada)

    assert (found["AccountId"], found["IsClosed"]) == (account, True)


def test_an_event_ends_when_its_duration_is_over(org: Org, ada: str) -> None:
    given = {"Subject": "Demo", "StartDateTime": "2026-06-01T09:00:00Z", "DurationInMinutes": 90}
    found = org.get("Event", org.insert("Event", given, user_id=ada), ["EndDateTime"], user_id=ada)

    assert found["EndDateTime"] == "2026-06-01T10:30:00.000+0000"
    assert (
        refusal(org, "Event", {"StartDateTime": "2026-06-01T09:00:00Z"}).code == "FIELD_INTEGRITY_EXCEPTION"
    )


def test_an_update_moves_the_stamps_and_nothing_else(org: Org, ada: str, hand_clock: HandClock) -> None:
    id = org.insert("Contact", CONTACT, user_id=ada)
    hand_clock.forward(minutes=1)
    org.update("Contact", id, {"Title": "Boss"}, user_id=ada)
    found = org.get("Contact", id, user_id=ada)

    assert found["CreatedDate"] == "2026-05-13T10:00:00.000+0000"
    assert found["SystemModstamp"] == found["LastModifiedDate"] == "2026-05-13T10:01:00.000+0000"


def test_a_required_field_cannot_be_emptied(org: Org, ada: str) -> None:
    id = org.insert("Contact", CONTACT, user_id=ada)
    with pytest.raises(ApiError, match="REQUIRED_FIELD_MISSING"):
        org.update("Contact", id, {"LastName": None}, user_id=ada)


def test_a_unique_value_names_the_other_row_by_fifteen_characters(org: Org, ada: str) -> None:
    org.add_field("Contact", "Key__c", "string", length=36, externalId=True, unique=True)
    first = org.insert("Contact", CONTACT | {"Key__c": "abc"}, user_id=ada)
    error = refusal(org, "Contact", CONTACT | {"Key__c": "ABC"})

    assert error.code == "DUPLICATE_VALUE"
    assert error.message == f"duplicate value found: Key__c duplicates value on record with id: {first[:15]}"


def test_a_validation_rule_refuses_and_leaves_nothing_behind(org: Org, ada: str) -> None:
    org.add_validation_rule("Contact", "no_bots", "LastName LIKE 'bot%'", "No bots, please.", "LastName")
    error = refusal(org, "Contact", {"LastName": "Bottom"})

    assert (error.code, error.message) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "No bots, please.")
    assert org.count("Contact") == 0


@pytest.mark.parametrize(
    ("action", "options", "passes"),
    [
        ("alert", WriteOptions(), False),
        ("alert", WriteOptions(allow_save=True), True),
        ("block", WriteOptions(allow_save=True), False),
    ],
)
def test_only_an_alerting_duplicate_rule_can_be_passed(
    org: Org, ada: str, action: str, options: WriteOptions, passes: bool
) -> None:
    org.add_duplicate_rule("Contact", "Same_email", ["Email"], action=action)
    twin = CONTACT | {"Email": "a@b.example"}
    first = org.insert("Contact", twin, user_id=ada)
    if passes:
        assert org.insert("Contact", twin, user_id=ada, options=options) != first
    else:
        error = refusal(org, "Contact", twin, options=options)
        result = error.extra["duplicateResult"]
        assert error.code == "DUPLICATES_DETECTED"
        assert result["allowSave"] is (action == "alert")
        assert result["matchResults"][0]["matchRecords"][0]["record"]["Id"] == first


@pytest.mark.parametrize(("version", "key"), [(56.0, "duplicateResut"), (60.0, "duplicateResult")])
def test_the_duplicate_result_is_misspelt_in_older_versions(
    org: Org, ada: str, version: float, key: str
) -> None:
    org.add_duplicate_rule("Contact", "Same_name", ["LastName"], action="block")
    org.insert("Contact", CONTACT, user_id=ada)

    assert list(refusal(org, "Contact", CONTACT, options=WriteOptions(api_version=version)).extra) == [key]


def test_a_parent_may_be_named_by_its_external_id(org: Org, ada: str) -> None:
    org.add_field("Account", "Key__c", "string", length=20, externalId=True)
    account = org.insert("Account", {"Name": "A", "Key__c": "0116"}, user_id=ada)
    id = org.insert("Contact", CONTACT | {"Account": {"Key__c": "0116"}}, user_id=ada)
    error = refusal(org, "Contact", CONTACT | {"Account": {"Key__c": "9"}})

    assert org.get("Contact", id, ["AccountId"], user_id=ada)["AccountId"] == account
    assert error.message == "Foreign key external ID: 9 not found for field Key__c in entity Account"
