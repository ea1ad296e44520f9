"""Contact roles as an object of the pull (spec G4): no map, the same four fields everywhere.

A role is nothing by itself: one whose deal or person isn't here is left out, as a lead is whose contact is here, and
its link names the parent that is missing. When that comes, the role is read again (`roles`).
"""

from crm.models import Kind
from integrations.models import Connection, SyncRun, SyncSettings
from integrations.sync.pull.fields import PulledField
from integrations.sync.pull.plan import (
    KEY_FIELDS,
    SYSTEM_FIELDS,
    ObjectPlan,
    UnreadableObject,
    readable_fields,
)
from mappings.catalogue import MappableField
from mappings.field_types import FieldType

ROLE = "OpportunityContactRole"
PARENTS = {"OpportunityId": Kind.DEAL, "ContactId": Kind.CONTACT}
KIND = Kind.CONTACT_ROLE
FIELDS = (
    ("OpportunityId", "reference", MappableField(KIND, "deal", "Deal", FieldType.TEXT, "deal_id")),
    ("ContactId", "reference", MappableField(KIND, "contact", "Person", FieldType.TEXT, "contact_id")),
    ("Role", "picklist", MappableField(KIND, "role", "Role", FieldType.TEXT, "role", 255)),
    ("IsPrimary", "boolean", MappableField(KIND, "is_primary", "Primary", FieldType.CHECKBOX, "is_primary")),
)


class NoRoles(UnreadableObject):
    """The org shows no contact roles, which is no reason to call its pull failed."""


def role_fields(connection_id: int) -> tuple[PulledField, ...]:
    return tuple(
        PulledField(
            place=place,
            salesforce=name,
            salesforce_type=type_,
            salesforce_length=255,
            target=target,
            connection_id=connection_id,
            refers_to=PARENTS.get(name, ""),
        )
        for place, (name, type_, target) in enumerate(FIELDS)
    )


def plan_roles(connection: Connection, run: SyncRun | None) -> ObjectPlan:
    """Raises NoRoles where the connected user sees none."""
    try:
        readable = readable_fields(connection, ROLE)
    except UnreadableObject:
        readable = {}
    fields = role_fields(connection.pk)
    if not readable.keys() >= PARENTS.keys():
        raise NoRoles(
            "The connected user can't read contact roles, so who plays which part in a deal isn't synced. "
            f"Give them read access to {ROLE}."
        )
    fields = tuple(field for field in fields if field.salesforce in readable)
    wanted = (*SYSTEM_FIELDS, *KEY_FIELDS[ROLE], *(field.salesforce for field in fields))
    return ObjectPlan(
        connection_id=connection.pk,
        object=ROLE,
        kind=KIND,
        fields=fields,
        columns=tuple(name for name in dict.fromkeys(wanted) if name in readable),
        hidden=False,
        run=run.pk if run else None,
        matches=True,
        maps=SyncSettings.current().maps_version,
    )
