"""A request's values as stored ones: which fields exist, which may be written, which rows a nested key
means.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sandbox.errors import ApiError
from sandbox.rules.values import to_stored
from sandbox.schema.fields import Field
from sandbox.schema.objects import ObjectType
from sandbox.store import quoted

if TYPE_CHECKING:
    from sandbox.org import Org


def read(
    org: "Org", kind: ObjectType, values: Mapping[str, Any], *, user_id: str, creating: bool
) -> dict[str, Any]:
    """Stored values by field name.

    Raises INVALID_FIELD for unknown fields, INVALID_FIELD_FOR_INSERT_UPDATE for read-only ones, and what a
    value's type demands.
    """
    found = _fields(org, kind, values, user_id)
    attribute = "createable" if creating else "updateable"
    refused = [field.name for field, _ in found if not field.says(attribute)]
    if refused:
        raise not_writable(refused)
    return {field.name: to_stored(field, value) for field, value in found}


def not_writable(names: list[str]) -> ApiError:
    message = (
        f"Unable to create/update fields: {', '.join(names)}. Please check the security settings of "
        "this field and "
        "verify that it is read/write for your profile or permission set."
    )
    return ApiError(400, "INVALID_FIELD_FOR_INSERT_UPDATE", message, names)


def _fields(org: "Org", kind: ObjectType, values: Mapping[str, Any], user_id: str) -> list[tuple[Field, Any]]:
    found: list[tuple[Field, Any]] = []
    for name, value in values.items():
        if name == "attributes":
            continue
        field = org.registry.field(kind, name, user_id)
        if field is not None:
            found.append((field, value))
            continue
        link = kind.lookup(name)
        if link is None or not isinstance(value, dict):
            message = f"No such column '{name}' on sobject of type {kind.name}"
            raise ApiError(400, "INVALID_FIELD", message)
        found.append((link, _foreign(org, kind, link, value)))
    return found


def _foreign(org: "Org", kind: ObjectType, link: Field, given: Mapping[str, Any]) -> str:
    """The id behind `"Account": {"Ext__c": "0116"}`."""
    keys = {name: value for name, value in given.items() if name != "attributes"}
    named = (given.get("attributes") or {}).get("type")
    target = org.registry.get(named or link.reference_to[0])
    name, value = next(iter(keys.items()), ("", None))
    key = target.field(name)
    if len(keys) != 1 or key is None or not (key.says("externalId") or key.says("idLookup")):
        message = f"More than 1 field provided in an external foreign key reference in entity: {target.name}"
        raise ApiError(400, "INVALID_FIELD", message)
    sql = f'SELECT "Id" FROM {quoted(target.name)} WHERE {quoted(key.name)} = ?'
    if target.has("IsDeleted"):
        sql += ' AND "IsDeleted" = 0'
    rows = org.store.execute(sql, [value]).fetchall()
    if len(rows) != 1:
        message = f"Foreign key external ID: {value} not found for field {key.name} in entity {target.name}"
        raise ApiError(400, "INVALID_FIELD", message, [])
    return str(rows[0][0])
