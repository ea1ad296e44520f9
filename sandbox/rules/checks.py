"""What a row must satisfy before it is stored: required fields, picklists, references, owners, uniqueness."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sandbox.errors import ApiError
from sandbox.ids import MASTER_RECORD_TYPE, to15
from sandbox.schema.fields import Field
from sandbox.schema.objects import ObjectType
from sandbox.store import quoted

if TYPE_CHECKING:
    from sandbox.org import Org

Row = Mapping[str, Any]


def required(kind: ObjectType, row: Row, changed: Row | None = None) -> None:
    """REQUIRED_FIELD_MISSING: on create for what was not given, on update for what was set to null."""
    if changed is None:
        missing = [f.name for f in kind.fields.values() if f.required and row.get(f.name) is None]
    else:
        missing = [name for name, value in changed.items() if value is None and _must_have(kind, name)]
    if missing:
        message = f"Required fields are missing: [{', '.join(missing)}]"
        raise ApiError(400, "REQUIRED_FIELD_MISSING", message, missing)


def _must_have(kind: ObjectType, name: str) -> bool:
    field = kind.field(name)
    return field is not None and not field.says("nillable") and field.type != "boolean"


def picklists(kind: ObjectType, row: Row, changed: Row) -> None:
    """INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST; only restricted picklists refuse, per record type where
    there is one.
    """
    record_type = kind.record_type(row.get("RecordTypeId"))
    for name, value in changed.items():
        field = kind.field(name)
        if value is None or field is None or not field.says("restrictedPicklist"):
            continue
        allowed = set(field.values)
        if record_type is not None and name in record_type.picklists:
            allowed &= set(record_type.picklists[name])
        parts = value.split(";") if field.type == "multipicklist" else [value]
        bad = next((part for part in parts if part not in allowed), None)
        if bad is not None:
            message = f"bad value for restricted picklist field: {bad}"
            raise ApiError(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, [name])


def references(org: "Org", kind: ObjectType, changed: Row) -> None:
    """Every lookup points to a row of the right object that is there and not deleted."""
    for name, value in changed.items():
        field = kind.field(name)
        if value is None or field is None or field.type != "reference":
            continue
        if name == "RecordTypeId":
            _record_type(kind, value)
        else:
            _reference(org, field, value)


def _record_type(kind: ObjectType, value: str) -> None:
    if value == MASTER_RECORD_TYPE:
        return
    found = kind.record_type(value)
    if found is None or not found.active:
        message = f"Record Type ID: this ID value isn't valid for the user: {value}"
        raise ApiError(400, "INVALID_CROSS_REFERENCE_KEY", message, ["RecordTypeId"])


def _reference(org: "Org", field: Field, value: str) -> None:
    target = org.registry.with_prefix(value)
    known = [name for name in field.reference_to if org.registry.find(name)]
    if target is None and len(known) < len(field.reference_to):
        return  # an object this org does not model
    if target is None or target.name not in field.reference_to:
        message = f"{field.label}: id value of incorrect type: {value}"
        raise ApiError(400, "MALFORMED_ID", message, [field.name])
    row = org.store.row(target, value)
    if row is None:
        raise ApiError(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [])
    if row.get("IsDeleted"):
        raise ApiError(400, "ENTITY_IS_DELETED", "entity is deleted", [])


def owner(org: "Org", kind: ObjectType, row: Row, changed: Row) -> None:
    """INACTIVE_OWNER_OR_USER, for a new owner; for the one it has only where the org is told to be strict."""
    strict = org.setting("refuse_inactive_owners") == "true"
    users = org.registry.find("User")
    id = row.get("OwnerId")
    if not id or users is None or not ("OwnerId" in changed or strict):
        return
    found = org.store.row(users, id) if id.startswith(users.prefix) else None
    if found is not None and not found["IsActive"]:
        message = f"operation performed with inactive user [{id}] as owner of {kind.label.lower()}"
        raise ApiError(400, "INACTIVE_OWNER_OR_USER", message, ["OwnerId"])


def unique(org: "Org", kind: ObjectType, id: str, changed: Row) -> None:
    """DUPLICATE_VALUE, naming the other row by its 15-character id."""
    for name, value in changed.items():
        field = kind.field(name)
        if value is None or field is None or not field.says("unique"):
            continue
        collation = "" if field.case_sensitive else " COLLATE NOCASE"
        sql = f'SELECT "Id" FROM {quoted(kind.name)} WHERE {quoted(name)} = ?{collation} AND "Id" != ?'
        if kind.has("IsDeleted"):
            sql += ' AND "IsDeleted" = 0'
        other = org.store.execute(sql, [value, id]).fetchone()
        if other is not None:
            message = f"duplicate value found: {name} duplicates value on record with id: {to15(other[0])}"
            raise ApiError(400, "DUPLICATE_VALUE", message, [])
