"""What a push of one object may say, as plain values: which fields, to where, and how Salesforce takes them."""

from dataclasses import dataclass

from crm.models import ContactRole
from integrations.models import Connection, ObjectSchema, SyncSettings
from integrations.sync.external_ids import has_external_id
from integrations.sync.pull.fields import PulledField
from integrations.sync.pull.plan import (
    KEY_FIELDS,
    MODELS,
    SYSTEM_FIELDS,
    ObjectPlan,
    mapped_fields,
    pushed_only,
    readable_fields,
)
from integrations.sync.pull.role_plan import ROLE, plan_roles, role_fields
from mappings.catalogue import SALESFORCE_OBJECTS
from mappings.models import Direction

TABLES = {kind: model._meta.db_table for kind, model in MODELS.items()} | {
    "contact_role": ContactRole._meta.db_table
}
OBJECTS = {
    "account": ("Account",),
    "contact": ("Contact", "Lead"),
    "deal": ("Opportunity",),
    "contact_role": (ROLE,),
}
PARENT_COLUMNS = {"account_id": "account", "deal_id": "deal", "contact_id": "contact"}
"""Columns that refer to another record, and its kind: that one goes first."""


@dataclass(frozen=True, slots=True)
class PushPlan:
    """`merge` is what a pull would do with the object's records: each update reads and merges first (D12).

    It is None where nothing of the object is pulled. `fields` go out, those of them in `createable` with a
    create, those in `updateable` with an update. `has_key` tells whether the object has our external id (D9),
    `sync_user` who owns there what nobody else is named for, `maps` the version of the maps (`map_lock`).
    """

    connection_id: int
    object: str
    kind: str
    fields: tuple[PulledField, ...]
    createable: frozenset[str]
    updateable: frozenset[str]
    has_key: bool
    merge: ObjectPlan | None
    maps: int
    sync_user: str = ""

    @property
    def table(self) -> str:
        return TABLES[self.kind]

    def types(self) -> dict[str, str]:
        """Salesforce's type of each field that goes out."""
        return {field.salesforce: field.salesforce_type for field in self.fields}


def push_plan(connection: Connection, object_name: str) -> PushPlan:
    """Raises UnreadableObject where the schema says that nothing of the object can be read."""
    if object_name == ROLE:
        return _role_plan(connection)
    kind, maps = SALESFORCE_OBJECTS[object_name], SyncSettings.current().maps_version
    readable = readable_fields(connection, object_name)
    both = mapped_fields(connection, object_name, kind, readable, leave_out=Direction.PULL)
    pulled = mapped_fields(connection, object_name, kind, readable, leave_out=Direction.PUSH)
    schema = ObjectSchema.objects.get(connection=connection, name=object_name)
    keys = [name for name in (*SYSTEM_FIELDS, *KEY_FIELDS[object_name]) if name in readable]
    return PushPlan(
        connection_id=connection.pk,
        object=object_name,
        kind=kind,
        fields=tuple(both),
        createable=_allowing(schema, "createable"),
        updateable=_allowing(schema, "updateable"),
        has_key=has_external_id(connection, object_name),
        maps=maps,
        sync_user=connection.sync_user_id,
        merge=ObjectPlan(
            connection_id=connection.pk,
            object=object_name,
            kind=kind,
            fields=tuple(pulled),
            columns=tuple(dict.fromkeys([*keys, *(field.salesforce for field in pulled)])),
            hidden=False,
            run=None,
            matches=False,
            pushed_only=pushed_only(object_name, pulled),
        ),
    )


def _allowing(schema: ObjectSchema, what: str) -> frozenset[str]:
    return frozenset(field["name"] for field in schema.describe["fields"] if field.get(what, True))


def _role_plan(connection: Connection) -> PushPlan:
    """Raises UnreadableObject where the connected user sees no contact roles."""
    merge = plan_roles(connection, None)
    return PushPlan(
        connection_id=connection.pk,
        object=ROLE,
        kind=merge.kind,
        fields=role_fields(connection.pk),
        createable=frozenset(field.salesforce for field in role_fields(connection.pk)),
        updateable=frozenset({"Role", "IsPrimary"}),
        has_key=has_external_id(connection, ROLE),
        maps=merge.maps,
        merge=merge,
    )
