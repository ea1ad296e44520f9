"""Writing one record: read, fill in, check, store, then the org's own rules; any error undoes all of it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sandbox.errors import ApiError
from sandbox.ids import is_id, to18
from sandbox.rules import checks, contact_roles, derived, emails, incoming, invitations, own_rules
from sandbox.schema.objects import ObjectType
from sandbox.stamps import stamp
from sandbox.store import quoted
from sandbox.write_options import WriteOptions

if TYPE_CHECKING:
    from sandbox.org import Org

Values = Mapping[str, Any]


class MultipleMatches(Exception):
    """An external id that several rows have; `ids` of all of them. HTTP 300."""

    def __init__(self, ids: list[str]) -> None:
        super().__init__(", ".join(ids))
        self.ids = ids


def insert(org: "Org", kind: ObjectType, values: Values, *, user_id: str, options: WriteOptions) -> str:
    if not kind.says("createable"):
        message = f"entity type cannot be inserted: {kind.label}"
        raise ApiError(400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message, [])
    with org.transaction():
        values, recipients = emails.without_recipients(kind, values)
        given = incoming.read(org, kind, values, user_id=user_id, creating=True)
        emails.check_new(kind, given)
        row = dict(given)
        derived.defaults(kind, row)
        _assign(org, kind, row, user_id, options)
        checks.required(kind, row)
        _check(org, kind, row, row)
        (row["Id"],) = org.store.next_ids(kind.prefix)
        checks.unique(org, kind, row["Id"], row)
        invitations.check(org, kind, row)
        row |= derived.derive(org, kind, dict(row), dict(row))
        row |= _stamps(org, kind, user_id, creating=True)
        contact_id = row.pop("ContactId", None) if kind.name == "Opportunity" else None
        if options.visible_at is not None:
            row["_visible_at"] = stamp(options.visible_at)
        org.store.insert(kind, _columns(kind, row))
        contact_roles.keep_one_primary(org, kind, row, row, user_id)
        own_rules.validate(org, kind, row["Id"], user_id)
        own_rules.find_duplicates(org, kind, row, row, options)
        if contact_id:
            _primary_role(org, row["Id"], contact_id, user_id, options)
        emails.after_new(org, kind, row, recipients, user_id)
        invitations.keep_marked(org, kind, row)
        return str(row["Id"])


def update(
    org: "Org", kind: ObjectType, id: str, values: Values, *, user_id: str, options: WriteOptions
) -> None:
    if not kind.says("updateable"):
        message = f"entity type cannot be updated: {kind.label}"
        raise ApiError(400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message, [])
    with org.transaction():
        before = existing(org, kind, id)
        given = incoming.read(org, kind, values, user_id=user_id, creating=False)
        if kind.name == "Lead" and before.get("IsConverted"):
            raise ApiError(400, "CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", [])
        emails.check_change(kind, before, given)
        given |= _assigned(org, kind, options)
        row = {**before, **given}
        checks.required(kind, row, given)
        _check(org, kind, row, given)
        checks.unique(org, kind, before["Id"], given)
        further = derived.derive(org, kind, dict(row), given)
        changed = {**given, **further, **_stamps(org, kind, user_id, creating=False)}
        org.store.update(kind, before["Id"], _columns(kind, changed))
        contact_roles.keep_one_primary(org, kind, row, given, user_id)
        own_rules.validate(org, kind, before["Id"], user_id)
        own_rules.find_duplicates(org, kind, {**row, **further}, given, options)
        emails.after_change(org, kind, before, row, user_id)


def upsert(
    org: "Org",
    kind: ObjectType,
    field: str,
    value: str,
    values: Values,
    *,
    user_id: str,
    options: WriteOptions,
) -> tuple[str, bool]:
    with org.transaction():
        ids = match(org, kind, field, value, user_id=user_id)
        if len(ids) > 1:
            raise MultipleMatches(ids)
        if ids:
            update(org, kind, ids[0], values, user_id=user_id, options=options)
            return ids[0], False
        key = kind.field(field)
        assert key is not None
        if key.name == "Id":
            raise no_external_field(value)
        return insert(org, kind, {**values, key.name: value}, user_id=user_id, options=options), True


def match(org: "Org", kind: ObjectType, field: str, value: str, *, user_id: str) -> list[str]:
    """The ids of live rows with this external id. NOT_FOUND when the field is none."""
    key = org.registry.field(kind, field, user_id)
    if key is None or not (key.says("externalId") or key.says("idLookup")):
        raise no_external_field(field)
    if key.name == "Id":
        value = to18(value) if is_id(value) else value
    collation = "" if key.case_sensitive else " COLLATE NOCASE"
    alive = ' AND "IsDeleted" = 0' if kind.has("IsDeleted") else ""
    sql = f'SELECT "Id" FROM {quoted(kind.name)} WHERE {quoted(key.name)} = ?{collation}{alive} ORDER BY "Id"'
    return [row[0] for row in org.store.execute(sql, [value])]


def no_external_field(name: str) -> ApiError:
    message = f"Provided external ID field does not exist or is not accessible: {name}"
    return ApiError(404, "NOT_FOUND", message)


def existing(org: "Org", kind: ObjectType, id: str) -> dict[str, Any]:
    """The live row behind an id. Raises MALFORMED_ID, INVALID_CROSS_REFERENCE_KEY, ENTITY_IS_DELETED."""
    row = org.store.row(kind, to18(id) if is_id(id) else id)
    if row is None:
        if not is_id(id) or id[:3] != kind.prefix:
            message = f"{kind.label} ID: id value of incorrect type: {id}"
            raise ApiError(400, "MALFORMED_ID", message, ["Id"])
        raise ApiError(404, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [])
    if row.get("IsDeleted"):
        raise ApiError(404, "ENTITY_IS_DELETED", "entity is deleted", [])
    return row


def _check(org: "Org", kind: ObjectType, row: Values, changed: Values) -> None:
    checks.picklists(kind, row, changed)
    checks.references(org, kind, changed)
    checks.owner(org, kind, row, changed)


def _assign(org: "Org", kind: ObjectType, row: dict[str, Any], user_id: str, options: WriteOptions) -> None:
    """The owner: an active assignment rule's unless switched off, else the one given, else the user."""
    if not kind.has("OwnerId"):
        return
    row |= _assigned(org, kind, options)
    row["OwnerId"] = row.get("OwnerId") or user_id


def _assigned(org: "Org", kind: ObjectType, options: WriteOptions) -> dict[str, Any]:
    """The owner an active assignment rule gives, at creates and updates alike (`Sforce-Auto-Assign`)."""
    owner = org.setting(f"assignment_owner.{kind.name}") if options.auto_assign else None
    return {"OwnerId": owner} if owner else {}


def _stamps(org: "Org", kind: ObjectType, user_id: str, *, creating: bool) -> dict[str, Any]:
    now = org.stamp()
    stamps = {"LastModifiedDate": now, "LastModifiedById": user_id, "SystemModstamp": now}
    if creating:
        stamps |= {"CreatedDate": now, "CreatedById": user_id}
    return {name: value for name, value in stamps.items() if kind.has(name)}


def _columns(kind: ObjectType, row: Values) -> dict[str, Any]:
    """Only what the table has a column for, and never what it works out by itself."""
    return {
        name: value
        for name, value in row.items()
        if name == "_visible_at" or ((f := kind.field(name)) is not None and f.stored and not f.formula)
    }


def _primary_role(org: "Org", id: str, contact_id: str, user_id: str, options: WriteOptions) -> None:
    if org.registry.find("OpportunityContactRole"):
        role = {"OpportunityId": id, "ContactId": contact_id, "IsPrimary": True}
        org.insert("OpportunityContactRole", role, user_id=user_id, options=options)
