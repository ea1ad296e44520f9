"""A pull journals a change in the words of the triggers, though it finds it in another way (spec O4)."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database

from crm.journal import acting
from crm.models import Contact, CustomField, JournalEntry, User
from integrations.models import Connection, ObjectSchema, SalesforceOwner
from integrations.sync.pull.plan import MODELS
from integrations.tests import factories
from integrations.tests.factories import NOW, SELLER, row, salesforce_id
from integrations.tests.pull.pulling import pull_rows
from mappings.catalogue import SALESFORCE_OBJECTS
from mappings.models import FieldMap

pytestmark = pytest.mark.django_db

NEEDED = {
    "Account": {"Name": "Acme"},
    "Contact": {"LastName": "Lovelace"},
    "Opportunity": {"Name": "Rollout", "StageName": "Prospecting", "CloseDate": "2030-01-01"},
}
CHANGES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "text": ("Contact", {"Title": "CTO"}, {"Title": "CEO"}),
    "several": ("Contact", {"Title": "CTO", "Phone": "1"}, {"Title": "CEO", "Phone": "2"}),
    "a text made blank": ("Contact", {"Title": "CTO"}, {"Title": None}),
    "a text filled": ("Contact", {"Title": None}, {"Title": "%s {} '\"\\"}),
    "a checkbox": ("Contact", {"DoNotCall": False}, {"DoNotCall": True}),
    "an account": ("Contact", {"AccountId": None}, {"AccountId": salesforce_id("001", 9)}),
    "an owner": ("Contact", {"OwnerId": None}, {"OwnerId": SELLER}),
    "a custom value": ("Contact", {"Tier__c": "Gold"}, {"Tier__c": "Silver"}),
    "a custom value filled": ("Contact", {"Tier__c": None}, {"Tier__c": "Gold"}),
    "a custom value made blank": ("Contact", {"Tier__c": "Gold"}, {"Tier__c": None}),
    "what follows from a website": (
        "Account",
        {"Website": "a.example"},
        {"Website": "https://www.b.example"},
    ),
    "a number": ("Account", {"NumberOfEmployees": 5}, {"NumberOfEmployees": 60}),
    "a sum": ("Opportunity", {"Amount": 10.5}, {"Amount": 20}),
    "a date": ("Opportunity", {"CloseDate": "2030-01-01"}, {"CloseDate": "2030-02-28"}),
}


@pytest.fixture
def live() -> Connection:
    live = factories.connection()
    factories.schemas(live)
    CustomField.objects.create(kind="contact", name="tier", label="Tier", type="text")
    FieldMap.objects.create(object="Contact", field="custom.tier", salesforce="Tier__c", position=100)
    schema = ObjectSchema.objects.get(name="Contact")
    schema.describe["fields"].append(factories.field("Tier__c"))
    schema.save()
    user = User.objects.create(username="ada", email="ada@acme.com")
    SalesforceOwner.objects.create(connection=live, salesforce_id=SELLER, user=user)
    pull_rows(live, "Account", [row("Account", 9, Name="Parent")])
    return live


def records(name: str) -> dict[int, str]:
    """Each record as the triggers see it."""
    table = MODELS[SALESFORCE_OBJECTS[name]]._meta.db_table
    with database.cursor() as cursor:
        cursor.execute(f"SELECT id, to_jsonb(r)::text FROM {table} r")  # noqa: S608
        return dict(cursor.fetchall())


def in_their_words(before: str, after: str) -> Any:
    with database.cursor() as cursor:
        cursor.execute("SELECT lockstep_changes(%s::jsonb, %s::jsonb)::text", [before, after])
        return json.loads(cursor.fetchone()[0])


@pytest.mark.parametrize(("name", "first", "then"), CHANGES.values(), ids=CHANGES)
def test_a_pull_says_what_the_triggers_would(
    live: Connection, name: str, first: dict[str, Any], then: dict[str, Any]
) -> None:
    pull_rows(live, name, [row(name, 1, **NEEDED[name] | first)])
    before, number = records(name), JournalEntry.objects.count()
    pull_rows(live, name, [row(name, 1, NOW + timedelta(minutes=1), **NEEDED[name] | then)])
    entry = JournalEntry.objects.first()
    assert entry is not None
    assert JournalEntry.objects.count() == number + 1
    assert entry.changes == in_their_words(before[entry.record_id], records(name)[entry.record_id])
    assert entry.changes


def test_a_blank_of_another_kind_is_no_change(live: Connection) -> None:
    pull_rows(live, "Contact", [row("Contact", 1, LastName="Lovelace", Tier__c="Gold", Title="CTO")])
    with acting(None, "web"):
        Contact.objects.update(custom={"tier": ""})
    later = row("Contact", 1, NOW + timedelta(minutes=1), LastName="Lovelace", Tier__c=None, Title="CEO")
    pull_rows(live, "Contact", [later])
    assert JournalEntry.objects.first().changes == {"title": ["CTO", "CEO"]}  # type: ignore[union-attr]
