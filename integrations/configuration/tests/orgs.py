"""Describes for tests, in Salesforce's shape."""

from collections.abc import Sequence
from typing import Any

from integrations.models import Connection, ObjectSchema
from integrations.tests.factories import NOW


def field(
    name: str,
    type: str = "string",
    *,
    values: Sequence[str] = (),
    restricted: bool = False,
    formula: bool = False,
    refers_to: Sequence[str] = (),
    required: bool = False,
) -> dict[str, Any]:
    return {
        "name": name,
        "label": name.removesuffix("__c"),
        "type": type,
        "length": 255,
        "createable": not formula,
        "updateable": not formula,
        "calculated": formula,
        "nillable": not required,
        "filterable": type != "textarea",
        "restrictedPicklist": restricted,
        "referenceTo": list(refers_to),
        "picklistValues": [{"value": value, "label": value, "active": True} for value in values],
    }


def describe(live: Connection, name: str, *fields: dict[str, Any]) -> ObjectSchema:
    shape = {"name": name, "fields": list(fields)}
    return ObjectSchema.objects.create(connection=live, name=name, describe=shape, read_at=NOW)
