"""What events and e-mails must be, and what they bring along."""

from typing import Any

import pytest

from sandbox.errors import ApiError
from sandbox.org import Org

NINE = "2026-06-01T09:00:00.000+0000"
TEN = "2026-06-01T10:00:00.000+0000"
DAY, NEXT_DAY = "2026-06-01T00:00:00.000+0000", "2026-06-02T00:00:00.000+0000"
SHOWN = ["StartDateTime", "EndDateTime", "DurationInMinutes", "ActivityDate", "IsAllDayEvent"]


def shown(org: Org, id: str) -> list[Any]:
    found = org.get("Event", id, SHOWN, user_id=org.admin_id)
    return [found[name] for name in SHOWN]


@pytest.mark.parametrize(
    ("given", "stands"),
    [
        ({"StartDateTime": NINE, "DurationInMinutes": 60}, [NINE, TEN, 60, "2026-06-01", False]),
        ({"StartDateTime": NINE, "EndDateTime": TEN}, [NINE, TEN, 60, "2026-06-01", False]),
        ({"ActivityDateTime": NINE, "DurationInMinutes": 60}, [NINE, TEN, 60, "2026-06-01", False]),
        (
            {"StartDateTime": NINE, "EndDateTime": TEN, "DurationInMinutes": 60},
            [NINE, TEN, 60, "2026-06-01", False],
        ),
        ({"StartDateTime": NINE, "DurationInMinutes": 0}, [NINE, NINE, 0, "2026-06-01", False]),
        ({"IsAllDayEvent": True, "ActivityDate": "2026-06-01"}, [DAY, DAY, 1440, "2026-06-01", True]),
        ({"IsAllDayEvent": True, "StartDateTime": NINE}, [DAY, DAY, 1440, "2026-06-01", True]),
        (
            {"IsAllDayEvent": True, "ActivityDate": "2026-06-01", "EndDateTime": NEXT_DAY},
            [DAY, NEXT_DAY, 2880, "2026-06-01", True],
        ),
        (
            {"IsAllDayEvent": True, "ActivityDate": "2026-06-01", "DurationInMinutes": 2880},
            [DAY, NEXT_DAY, 2880, "2026-06-01", True],
        ),
    ],
)
def test_what_an_event_was_not_told_follows(org: Org, given: dict[str, Any], stands: list[Any]) -> None:
    assert shown(org, org.insert("Event", given, user_id=org.admin_id)) == stands


@pytest.mark.parametrize(
    "given",
    [
        {"StartDateTime": NINE},
        {"DurationInMinutes": 60},
        {"StartDateTime": NINE, "EndDateTime": TEN, "DurationInMinutes": 30},
        {"StartDateTime": NINE, "ActivityDateTime": TEN, "DurationInMinutes": 30},
        {"StartDateTime": NINE, "ActivityDate": "2026-06-02", "DurationInMinutes": 30},
        {"StartDateTime": TEN, "EndDateTime": NINE},
        {"StartDateTime": NINE, "DurationInMinutes": 14 * 1440 + 1},
        {"IsAllDayEvent": True, "ActivityDate": "2026-06-01", "DurationInMinutes": 60},
    ],
)
def test_an_event_that_cannot_be_is_refused(org: Org, given: dict[str, Any]) -> None:
    with pytest.raises(ApiError, match="FIELD_INTEGRITY_EXCEPTION"):
        org.insert("Event", given, user_id=org.admin_id)


@pytest.mark.parametrize(
    ("change", "stands"),
    [
        ({"StartDateTime": TEN}, [TEN, "2026-06-01T11:00:00.000+0000", 60, "2026-06-01", False]),
        ({"DurationInMinutes": 0}, [NINE, NINE, 0, "2026-06-01", False]),
        ({"EndDateTime": NINE}, [NINE, NINE, 0, "2026-06-01", False]),
        (
            {"ActivityDate": "2026-06-03"},
            ["2026-06-03T09:00:00.000+0000", "2026-06-03T10:00:00.000+0000", 60, "2026-06-03", False],
        ),
        ({"IsAllDayEvent": True}, [DAY, DAY, 1440, "2026-06-01", True]),
        ({"Subject": "Other"}, [NINE, TEN, 60, "2026-06-01", False]),
    ],
)
def test_a_change_keeps_an_event_whole(org: Org, change: dict[str, Any], stands: list[Any]) -> None:
    given = {"StartDateTime": NINE, "DurationInMinutes": 60}
    id = org.insert("Event", given, user_id=org.admin_id)
    org.update("Event", id, change, user_id=org.admin_id)
    assert shown(org, id) == stands


@pytest.fixture
def people(org: Org, ada: str) -> dict[str, str]:
    account = org.insert("Account", {"Name": "A"}, user_id=ada)
    return {
        "account": account,
        "contact": org.insert("Contact", {"LastName": "C", "AccountId": account}, user_id=ada),
        "lead": org.insert("Lead", {"LastName": "L", "Company": "L"}, user_id=ada),
    }


def test_an_event_of_a_lead_is_related_to_nothing_else(org: Org, people: dict[str, str]) -> None:
    given = {"StartDateTime": NINE, "DurationInMinutes": 60, "WhoId": people["lead"]}
    with pytest.raises(ApiError, match="FIELD_INTEGRITY_EXCEPTION"):
        org.insert("Event", given | {"WhatId": people["account"]}, user_id=org.admin_id)
    assert org.insert("Event", given, user_id=org.admin_id)


@pytest.fixture
def meeting(org: Org, ada: str, people: dict[str, str]) -> str:
    given = {"StartDateTime": NINE, "DurationInMinutes": 60, "WhoId": people["contact"]}
    return org.insert("Event", given, user_id=ada)


def test_an_event_with_guests_is_a_group_event(
    org: Org, ada: str, people: dict[str, str], meeting: str
) -> None:
    relation = org.insert("EventRelation", {"EventId": meeting, "RelationId": people["lead"]}, user_id=ada)
    assert org.get("EventRelation", relation, ["Status"], user_id=ada)["Status"] == "New"
    assert org.get("Event", meeting, ["IsGroupEvent"], user_id=ada)["IsGroupEvent"]
    org.delete("EventRelation", relation, user_id=ada)
    assert not org.get("Event", meeting, ["IsGroupEvent"], user_id=ada)["IsGroupEvent"]


def test_nobody_is_invited_twice(org: Org, ada: str, people: dict[str, str], meeting: str) -> None:
    invited = {"EventId": meeting, "RelationId": people["lead"]}
    org.insert("EventRelation", invited, user_id=ada)
    with pytest.raises(ApiError, match="DUPLICATE_VALUE"):
        org.insert("EventRelation", invited, user_id=ada)


def test_a_deleted_event_takes_its_invitations_along(
    org: Org, ada: str, people: dict[str, str], meeting: str
) -> None:
    org.insert("EventRelation", {"EventId": meeting, "RelationId": people["lead"]}, user_id=ada)
    org.delete("Event", meeting, user_id=ada)
    assert org.count("EventRelation") == 0


SENT = {"Subject": "Hello", "TextBody": "Dear", "Status": "3", "MessageDate": NINE}


def task_of(org: Org, email: str) -> dict[str, Any] | None:
    id = org.get("EmailMessage", email, ["ActivityId"], user_id=org.admin_id)["ActivityId"]
    return org.get("Task", id, user_id=org.admin_id) if id else None


def test_an_email_is_a_completed_task_too(org: Org, ada: str, people: dict[str, str]) -> None:
    given = SENT | {"RelatedToId": people["account"], "ToIds": [people["contact"]]}
    task = task_of(org, org.insert("EmailMessage", given, user_id=ada))
    assert task is not None
    stands = [task[name] for name in ("Subject", "Status", "TaskSubtype", "ActivityDate", "WhoId", "WhatId")]
    assert stands == ["Hello", "Completed", "Email", "2026-06-01", people["contact"], people["account"]]
    assert task["IsClosed"]


def test_an_email_to_a_lead_is_the_leads_task(org: Org, ada: str, people: dict[str, str]) -> None:
    task = task_of(org, org.insert("EmailMessage", SENT | {"RelatedToId": people["lead"]}, user_id=ada))
    assert task is not None
    assert (task["WhoId"], task["WhatId"]) == (people["lead"], None)


def test_its_recipients_are_rows_of_their_own(org: Org, ada: str, people: dict[str, str]) -> None:
    given = SENT | {"ToIds": [people["contact"]], "CcIds": [people["lead"]], "BccIds": [ada]}
    email = org.insert("EmailMessage", given, user_id=ada)
    soql = f"SELECT RelationId, RelationType FROM EmailMessageRelation WHERE EmailMessageId = '{email}'"
    rows = {row["RelationId"]: row["RelationType"] for row in org.query(soql, user_id=ada).records()}
    assert rows == {people["contact"]: "ToAddress", people["lead"]: "CcAddress", ada: "BccAddress"}


def test_a_draft_is_a_task_once_it_is_sent(org: Org, ada: str, people: dict[str, str]) -> None:
    email = org.insert("EmailMessage", SENT | {"Status": "5"}, user_id=ada)
    assert task_of(org, email) is None
    org.update("EmailMessage", email, {"Subject": "Better", "Status": "3"}, user_id=ada)
    task = task_of(org, email)
    assert task is not None
    assert task["Subject"] == "Better"


@pytest.mark.parametrize("name", ["Subject", "TextBody", "Status", "RelatedToId"])
def test_a_sent_email_stays_as_it_is(org: Org, ada: str, name: str) -> None:
    email = org.insert("EmailMessage", SENT, user_id=ada)
    with pytest.raises(ApiError, match="INVALID_FIELD_FOR_INSERT_UPDATE"):
        org.update("EmailMessage", email, {name: None if name == "RelatedToId" else "4"}, user_id=ada)


def test_whether_customers_see_it_may_change(org: Org, ada: str) -> None:
    org.add_field("EmailMessage", "Opened_By__c", "string", length=80)
    email = org.insert("EmailMessage", SENT, user_id=ada)
    org.update("EmailMessage", email, {"IsExternallyVisible": True, "Opened_By__c": "x"}, user_id=ada)
    assert org.get("EmailMessage", email, ["IsExternallyVisible"], user_id=ada)["IsExternallyVisible"]


def test_the_task_is_the_orgs_to_make_unless_it_is_about_a_case(org: Org, ada: str) -> None:
    task = org.insert("Task", {"Subject": "x"}, user_id=ada)
    with pytest.raises(ApiError, match="INVALID_FIELD_FOR_INSERT_UPDATE"):
        org.insert("EmailMessage", SENT | {"ActivityId": task}, user_id=ada)
    of_a_case = SENT | {"ParentId": "500000000000001AAA"}
    email = org.insert("EmailMessage", of_a_case | {"ActivityId": task}, user_id=ada)
    assert org.count("Task") == 1
    assert org.get("EmailMessage", email, ["ActivityId"], user_id=ada)["ActivityId"] == task


@pytest.mark.parametrize("recipients", [{"ToIds": "003"}, {"ToIds": [1]}, {"ToIds": ["003000000000009AAA"]}])
def test_wrong_recipients_leave_no_email_behind(org: Org, ada: str, recipients: dict[str, Any]) -> None:
    with pytest.raises(ApiError):
        org.insert("EmailMessage", SENT | recipients, user_id=ada)
    assert org.count("EmailMessage") == 0
