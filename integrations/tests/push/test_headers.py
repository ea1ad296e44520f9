"""What Salesforce is told beside the values (spec D10): who calls, no assignment rules, alerts passed or not."""

from typing import Any

import pytest

from crm.models import Contact
from integrations.models import OutboxEntry, SyncError, SyncSettings
from integrations.tests.pull.seller import Seller
from integrations.tests.push.pushing import Desk
from integrations.tests.sandbox_process import SandboxOrg

pytestmark = pytest.mark.django_db(transaction=True)


def writes(org: SandboxOrg) -> list[dict[str, Any]]:
    """The headers of the writing calls since the log was emptied, oldest first."""
    calls = org.control("GET", "/requests")
    return [
        call["headers"] for call in reversed(calls) if call["operation"] in ("create", "update", "upsert")
    ]


@pytest.mark.parametrize(
    ("chosen", "assign", "duplicates"),
    [
        ({}, "FALSE", "allowSave=true"),
        ({"run_assignment_rules": True}, "TRUE", "allowSave=true"),
        ({"pass_duplicate_alerts": False}, "FALSE", None),
    ],
)
def test_creates_are_sent_as_the_settings_say(
    desk: Desk, org: SandboxOrg, chosen: dict[str, bool], assign: str, duplicates: str | None
) -> None:
    SyncSettings.objects.update(**chosen)
    org.control("DELETE", "/requests")
    desk.create(Contact, last_name="Headers")
    desk.push()
    (headers,) = writes(org)
    assert headers["Sforce-Call-Options"] == "client=Lockstep"
    assert headers["Sforce-Auto-Assign"] == assign
    assert headers.get("Sforce-Duplicate-Rule-Header") == duplicates


def test_assignment_rules_never_run_on_an_update(desk: Desk, org: SandboxOrg) -> None:
    SyncSettings.objects.update(run_assignment_rules=True)
    person = desk.create(Contact, last_name="Assigned")
    desk.push()
    org.control("DELETE", "/requests")
    desk.change(person, title="Buyer")
    desk.push()
    assert [headers["Sforce-Auto-Assign"] for headers in writes(org)] == ["FALSE"]


def test_a_blocked_duplicate_names_the_one_that_is_there(desk: Desk, org: SandboxOrg, seller: Seller) -> None:
    rule = {
        "name": "Same mail",
        "fields": ["Email"],
        "action": "block",
        "message": "Use one of these records?",
    }
    org.control("POST", "/rules/Contact/duplicate", rule)
    existing = seller.create("Contact", LastName="Twin", Email="twin@acme.example")
    desk.create(Contact, last_name="Twin", email="twin@acme.example")
    failed = desk.push().failed
    org.control("DELETE", "/rules/Contact/Same%20mail")
    assert failed == 1
    error = SyncError.objects.get()
    assert (error.code, error.existing_id) == ("DUPLICATES_DETECTED", existing)
    assert OutboxEntry.objects.get().state == "held"
