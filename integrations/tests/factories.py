"""Rows that tests of the sync begin with."""

from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.models import Connection, ObjectSchema, SyncedObject, SyncRun
from mappings.catalogue import SALESFORCE_OBJECTS
from mappings.defaults import DEFAULT_MAPS, default_map

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

TYPES = {
    **dict.fromkeys(("HasOptedOutOfEmail", "DoNotCall", "IsDeleted", "IsConverted"), "boolean"),
    **dict.fromkeys(("SystemModstamp", "LastModifiedDate", "CreatedDate"), "datetime"),
    **dict.fromkeys(("AccountId", "OwnerId", "ConvertedContactId", "CreatedById"), "reference"),
    "Id": "id",
    "NumberOfEmployees": "int",
    "AnnualRevenue": "currency",
    "Amount": "currency",
    "Probability": "percent",
    "CloseDate": "date",
}
SYSTEM = ("Id", "IsDeleted", "SystemModstamp", "LastModifiedDate", "CreatedDate", "CreatedById")
LEAD_ONLY = ("IsConverted", "ConvertedContactId")


def field(name: str, type: str | None = None, length: int = 255) -> dict[str, Any]:
    return {"name": name, "label": name, "type": type or TYPES.get(name, "string"), "length": length}


def connection(**values: Any) -> Connection:
    """A connection whose window is over, unless `values` say otherwise."""
    defaults = {
        "login_url": "https://login.salesforce.com",
        "client_id": "client",
        "org_id": "00D000000000001EAA",
        "org_name": "Acme",
        "instance_url": "https://acme.my.salesforce.com",
        "connected_at": NOW - timedelta(days=1),
        "activated_at": NOW - timedelta(hours=18),
    }
    return Connection.objects.create(**(defaults | values))


def schemas(live: Connection) -> None:
    """The default maps, and a schema in which each of their fields is readable."""
    for name, pairs in DEFAULT_MAPS.items():
        names = [*SYSTEM, *(LEAD_ONLY if name == "Lead" else ()), *(salesforce for _, salesforce in pairs)]
        describe = {"name": name, "fields": [field(name) for name in names]}
        ObjectSchema.objects.create(connection=live, name=name, describe=describe, read_at=NOW)
        for row in default_map(name, frozenset(names)):
            row.save()
        SyncedObject.objects.create(connection=live, name=name)


def run(live: Connection, object_name: str = "", **values: Any) -> SyncRun:
    defaults = {"kind": "pull", "trigger": "schedule", "created_at": NOW, "object": object_name}
    return SyncRun.objects.create(connection=live, **(defaults | values))


def salesforce_id(prefix: str, number: int) -> str:
    return f"{prefix}{number:012d}AAA"


SELLER = salesforce_id("005", 1)
"""Whoever works in Salesforce, not our sync user."""
PREFIXES = {"Account": "001", "Contact": "003", "Lead": "00Q", "Opportunity": "006"}
assert PREFIXES.keys() == SALESFORCE_OBJECTS.keys()


def row(object_name: str, number: int, at: datetime = NOW, **values: Any) -> dict[str, Any]:
    """A Salesforce record as a REST page brings it."""
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    system = {
        "Id": salesforce_id(PREFIXES[object_name], number),
        "IsDeleted": False,
        "SystemModstamp": stamp,
        "LastModifiedDate": stamp,
        "CreatedDate": stamp,
        "CreatedById": SELLER,
    }
    return system | values
