"""An object map with every type a workspace field can have, and few values of each, so that they often meet."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from crm.catalogue import mappable_fields
from crm.journal import acting
from crm.models import Account, Contact, ContactStage, CustomField, Deal
from crm.tests.factories import make_account, make_stage, make_user
from integrations.models import Connection, RecordLink, SalesforceOwner
from integrations.tests import factories
from integrations.tests.factories import salesforce_id
from mappings.catalogue import SALESFORCE_OBJECTS
from mappings.converters import to_workspace
from mappings.field_types import REFERENCES, FieldType
from mappings.models import FieldMap, StageMap, ValueMap

T = FieldType
MODELS: dict[str, Any] = {"Contact": Contact, "Account": Account, "Opportunity": Deal}
NAMES = {"Contact": ("last_name", "LastName"), "Account": ("name", "Name"), "Opportunity": ("name", "Name")}
OWNERS = [salesforce_id("005", number) for number in (1, 2, 3)]
ACCOUNTS = [salesforce_id("001", number) for number in (901, 902, 903)]
"""Of each the third is unknown here."""


@dataclass(frozen=True)
class Mapped:
    """A Salesforce field, its type, and few values, so that they often meet."""

    salesforce: str
    type: str
    values: list[str | None]
    renamed: dict[str, str] = field(default_factory=dict)


TEXT = [None, "CEO", "ceo", " CEO", "O'Neil \\ 😀"]
NUMBERS = [None, "0", "1.5", "-3", "100000"]
CONTACT = {
    "title": Mapped("Title", "string", TEXT),
    "street": Mapped("MailingStreet", "textarea", [None, "1 rue\nde la Paix", "2"]),
    "email": Mapped("Email", "email", [None, "a@acme.com", "A@acme.com"]),
    "phone": Mapped("Phone", "phone", [None, "1", "2"]),
    "source": Mapped("LeadSource", "picklist", [None, "Web", "Website", "Fair"], {"Web": "Website"}),
    "do_not_call": Mapped("DoNotCall", "boolean", ["true", "false"]),
    "stage": Mapped("Status__c", "picklist", [None, "Working", "Closed", "Unmapped"]),
    "owner": Mapped("OwnerId", "reference", [None, *OWNERS]),
    "account": Mapped("AccountId", "reference", [None, *ACCOUNTS]),
}
CUSTOM: dict[FieldType, Mapped] = {
    T.TEXT: Mapped("Text__c", "string", TEXT),
    T.LONG_TEXT: Mapped("Long__c", "textarea", [None, "a\nb", "a"]),
    T.NUMBER: Mapped("Number__c", "double", NUMBERS),
    T.CURRENCY: Mapped("Currency__c", "currency", NUMBERS),
    T.PERCENT: Mapped("Percent__c", "percent", NUMBERS),
    T.DATE: Mapped("Date__c", "date", [None, "2025-02-28", "1999-12-31"]),
    T.DATETIME: Mapped("Moment__c", "datetime", [None, "2025-02-28T10:00:00Z", "2025-02-28T10:00:01Z"]),
    T.CHECKBOX: Mapped("Box__c", "boolean", ["true", "false"]),
    T.PICKLIST: Mapped("Tier__c", "picklist", [None, "A", "B"], {"A": "B", "B": "A"}),
    T.MULTIPICKLIST: Mapped("Tags__c", "multipicklist", [None, "A", "A;B"]),
    T.URL: Mapped("Url__c", "url", [None, "acme.com", "https://acme.com"]),
    T.PHONE: Mapped("Phone__c", "phone", [None, "1", "2"]),
    T.EMAIL: Mapped("Email__c", "email", [None, "a@acme.com", "A@acme.com"]),
    T.USER: Mapped("User__c", "reference", [None, *OWNERS]),
}
FIELDS: dict[str, dict[str, Mapped]] = {
    "Contact": CONTACT | {f"custom.{type}": mapped for type, mapped in CUSTOM.items()},
    "Account": {
        "website": Mapped("Website", "url", [None, "acme.com", "acme.org"]),
        "employees": Mapped("NumberOfEmployees", "int", [None, "0", "5", "12"]),
        "annual_revenue": Mapped("AnnualRevenue", "currency", [None, "0", "1.005", "1.01"]),
    },
    "Opportunity": {
        "amount": Mapped("Amount", "currency", [None, "0", "0.005", "0.01"]),
        "probability": Mapped("Probability", "percent", [None, "10", "12.5"]),
        "close_date": Mapped("CloseDate", "date", [None, "2025-02-28", "1999-12-31"]),
        "stage": Mapped("StageName", "picklist", [None, "Prospecting", "Won", "Unlisted"]),
        "account": Mapped("AccountId", "reference", [None, *ACCOUNTS]),
    },
}


@pytest.fixture
def live() -> Connection:
    live = factories.connection()
    factories.schemas(live)
    for type, mapped in CUSTOM.items():
        CustomField.objects.create(kind="contact", name=type, label=mapped.salesforce, type=type)
    for name, fields in FIELDS.items():
        map_all(live, name, fields)
    return live


def map_all(live: Connection, name: str, fields: dict[str, Mapped]) -> None:
    schema = live.schemas.get(name=name)
    described = {item["name"]: item for item in schema.describe["fields"]}
    for place, (key, mapped) in enumerate(fields.items()):
        FieldMap.objects.update_or_create(
            object=name, field=key, defaults={"salesforce": mapped.salesforce, "position": 100 + place}
        )
        described[mapped.salesforce] = factories.field(mapped.salesforce, mapped.type)
        for there, ours in mapped.renamed.items():
            ValueMap.objects.create(
                object=name, salesforce_field=mapped.salesforce, salesforce_value=there, value=ours
            )
    schema.describe["fields"] = list(described.values())
    schema.save()


@pytest.fixture
def known(live: Connection) -> dict[str, dict[str, int]]:
    """What Salesforce's ids and stages stand for here, by Salesforce field."""
    owners, accounts = {}, {}
    for there in OWNERS[:2]:
        owners[there] = make_user().pk
        SalesforceOwner.objects.create(
            connection=live, salesforce_id=there, name="Ann", is_active=True, user_id=owners[there]
        )
    for there in ACCOUNTS[:2]:
        accounts[there] = make_account().pk
        RecordLink.objects.create(
            connection=live, salesforce_object="Account", salesforce_id=there, kind="account",
            record_id=accounts[there],
        )  # fmt: skip
    stages = {there: ContactStage.objects.create(name=f"Stage {there}") for there in ("Working", "Closed")}
    for there, stage in stages.items():
        StageMap.objects.create(
            object="Contact", salesforce_field="Status__c", salesforce_value=there, stage=stage.name
        )
    deal_stages = {there: make_stage(there, locked=True, position=1).pk for there in ("Prospecting", "Won")}
    return {
        "Status__c": {there: stage.pk for there, stage in stages.items()},
        "StageName": deal_stages,
        **dict.fromkeys(("OwnerId", "User__c"), owners),
        "AccountId": accounts,
    }


def to_here(known: dict[str, dict[str, int]], name: str, key: str, text: str | None) -> Any:
    """Salesforce's value as the workspace holds it, by the pure converters."""
    target, mapped = mappable_fields(SALESFORCE_OBJECTS[name])[key], FIELDS[name][key]
    if target.type in REFERENCES:
        return known[mapped.salesforce].get(text or "")
    renamed = mapped.renamed.get(text, text) if text is not None else None
    return to_workspace(renamed, target.type, field=key, digits=target.max_digits)


def as_json(value: Any) -> Any:
    """As a custom value is stored and a conflict kept; blank text counts as none."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(value) if isinstance(value, date) else None if value == "" else value


def attribute(name: str, key: str) -> str:
    return mappable_fields(SALESFORCE_OBJECTS[name])[key].column or key


def make_record(name: str, ours: dict[str, Any]) -> Any:
    held = {key: value for key, value in ours.items() if value is not None}
    plain = {attribute(name, key): value for key, value in held.items() if "." not in key}
    custom = {key.removeprefix("custom."): as_json(v) for key, v in held.items() if "." in key}
    with acting(None, "web"):
        return MODELS[name].objects.create(custom=custom, **{NAMES[name][0]: "Lovelace"}, **plain)


def value_of(record: Any, name: str, key: str) -> Any:
    found = record.custom.get(key[7:]) if "." in key else getattr(record, attribute(name, key))
    return as_json(found)
