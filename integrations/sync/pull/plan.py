"""What one object's pull will do, as plain values: which fields, from where, into what, by which rule.

Built from the maps, the schema and the settings as they stand, once per run and object. Statements are
compiled from it (`statements`); the preview will read the same plan (design, idea 1).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from django.db import models

from crm.catalogue import mappable_fields
from crm.models import Account, AccountStage, Contact, ContactRole, ContactStage, Deal, DealStage, Kind
from integrations.models import Connection, ObjectSchema, SyncedObject, SyncRun, SyncSettings
from integrations.pull_filters.conditions import Unusable, where
from integrations.salesforce.describes import parse_describe
from integrations.sync import adopting
from integrations.sync.external_ids import FIELD
from integrations.sync.mass_deletes import DELETE_SYNC
from integrations.sync.pull.fields import PulledField
from mappings.catalogue import SALESFORCE_OBJECTS
from mappings.field_types import FieldType
from mappings.models import Conflict, Direction, FieldMap, StageMap, ValueMap

MODELS: dict[str, type[Account] | type[Contact] | type[Deal]] = {
    "account": Account,
    "contact": Contact,
    "deal": Deal,
}
STAGE_MODELS: dict[str, type[models.Model]] = {"account": AccountStage, "contact": ContactStage}
UNSTAGED_TYPES = frozenset({"address", "location", "base64", "anyType", "complexvalue"})

SYSTEM_FIELDS = ("Id", "IsDeleted", "SystemModstamp", "LastModifiedDate", "CreatedDate", "CreatedById")
MASTER_FIELD = "MasterRecordId"
"""Names the record that took in a merged one; deals have none."""
MOST_COLUMNS = 400
"""A row must fit a page of 8 kB, and a long value moved out of it leaves 18 bytes. Mapped fields come first;
one that is mapped later and stands beyond is read then."""

MERGE_SYNC = {
    "Account": "accounts_merge_sync",
    "Contact": "contacts_merge_sync",
    "Lead": "leads_merge_sync",
}
"""The setting of each object; Salesforce can't merge opportunities (C8)."""

KEY_FIELDS = {
    "Account": (*adopting.KEY_FIELDS["Account"], "Website", FIELD),
    "Contact": (*adopting.KEY_FIELDS["Contact"], FIELD),
    "Lead": (*adopting.KEY_FIELDS["Lead"], "IsConverted", "ConvertedContactId", FIELD),
    "Opportunity": (*adopting.KEY_FIELDS["Opportunity"], FIELD),
    "OpportunityContactRole": (*adopting.KEY_FIELDS["OpportunityContactRole"], FIELD),
}
"""Read whether mapped or not: what C4, C6 and H2 ask of every record."""


@dataclass(frozen=True, slots=True)
class ObjectPlan:
    connection_id: int
    object: str
    kind: str
    fields: tuple[PulledField, ...]
    columns: tuple[str, ...]
    """The Salesforce fields to read."""
    hidden: bool
    run: int | None
    matches: bool
    """Whether unlinked records here may be adopted: first and manual pulls only (C6)."""
    removes: bool = False
    """Whether what is deleted there is deleted here (C8)."""
    mirrors: bool = False
    """Whether what is merged there is merged here (C8)."""
    filter: str = ""
    """The pull filter as SOQL; blank where there is none (C12)."""
    outside: bool = False
    """Whether it is for the rows that don't meet the filter (`outside.known_plan`)."""
    matches_accounts: bool = False
    """For leads: whether they join the account at their e-mail's domain (C7)."""
    pushed_only: tuple[str, ...] = ()
    """The Salesforce fields that go out and never come in: their base is the push's to write."""
    maps: int = 0
    """The version of the maps that it was made of (`map_lock`), read before they were."""

    def only(self, columns: Sequence[str]) -> Self:
        """The plan for what was read: a field mapped since then waits for the next pull, which reads it."""
        return replace(self, fields=tuple(field for field in self.fields if field.salesforce in columns))

    @property
    def model(self) -> type[Account] | type[Contact] | type[Deal] | type[ContactRole]:
        return ContactRole if self.kind == Kind.CONTACT_ROLE else MODELS[self.kind]


@dataclass(frozen=True, slots=True)
class SalesforceField:
    name: str
    type: str
    length: int


class ObjectFailed(Exception):
    """The object's run ends here; a person has to mend something. `code` is ours."""

    code = "OBJECT_FAILED"


class UnreadableObject(ObjectFailed):
    """The connected user can't read the object at all."""

    code = "UNREADABLE_OBJECT"


class UnusableFilter(ObjectFailed):
    """The pull filter asks for what the org no longer has, or no longer shows."""

    code = "UNUSABLE_FILTER"


class UnusableValue(ObjectFailed):
    """Salesforce holds a value that can't be of the type its field had when the schema was read."""

    code = "UNUSABLE_VALUE"


def plan_object(connection: Connection, object_name: str, run: SyncRun) -> ObjectPlan:
    """Raises UnreadableObject where the schema says that nothing of it can be read."""
    readable = readable_fields(connection, object_name)
    kind = SALESFORCE_OBJECTS[object_name]
    settings = SyncSettings.current()
    fields = tuple(mapped_fields(connection, object_name, kind, readable, leave_out=Direction.PUSH))
    everything = connection.activated_at is None
    wanted = readable if everything else {field.salesforce for field in fields}
    keys = [name for name in (*SYSTEM_FIELDS, MASTER_FIELD, *KEY_FIELDS[object_name]) if name in readable]
    columns = dict.fromkeys([*keys, *sorted(field.salesforce for field in fields), *sorted(wanted)])
    return ObjectPlan(
        connection_id=connection.pk,
        object=object_name,
        kind=kind,
        fields=fields,
        columns=tuple(columns)[:MOST_COLUMNS],
        hidden=object_name in settings.hidden_objects,
        run=run.pk,
        removes=bool(getattr(settings, DELETE_SYNC[object_name])),
        mirrors=bool(getattr(settings, MERGE_SYNC.get(object_name, ""), False)),
        filter=_filter(connection, object_name, settings),
        matches_accounts=object_name == "Lead" and settings.match_leads_to_accounts,
        pushed_only=pushed_only(object_name, fields),
        maps=settings.maps_version,
        matches=run.kind != SyncRun.Kind.RECONCILE and _may_match(run),
    )


def _filter(connection: Connection, object_name: str, settings: SyncSettings) -> str:
    """Raises UnusableFilter: to pull everything instead would show what was meant to stay out."""
    conditions = settings.filters.get(object_name)
    if not conditions:
        return ""
    schema = ObjectSchema.objects.get(connection=connection, name=object_name)
    fields = {field.name: field for field in parse_describe(schema.describe).fields}
    try:
        return where(conditions, fields, object_name=object_name)
    except Unusable as problem:
        raise UnusableFilter(
            f"The pull filter can't be asked any more: {problem} Change the filter."
        ) from None


def _may_match(run: SyncRun) -> bool:
    return run.trigger in (SyncRun.Trigger.FIRST, SyncRun.Trigger.MANUAL) or not _was_pulled(run)


def _was_pulled(run: SyncRun) -> bool:
    """Whether the object was ever pulled to its end: until then each pull counts as its first (C6)."""
    return SyncedObject.objects.filter(
        connection_id=run.connection_id, name=run.object, pulled_at__isnull=False
    ).exists()


def readable_fields(connection: Connection, object_name: str) -> dict[str, SalesforceField]:
    """The scalar fields of the object that the connected user sees, by API name."""
    schema = ObjectSchema.objects.filter(connection=connection, name=object_name).first()
    if schema is None or not schema.describe.get("fields"):
        raise UnreadableObject(f"The connected user can't read {object_name}.")
    return {
        field["name"]: SalesforceField(field["name"], field["type"], field.get("length") or 0)
        for field in schema.describe["fields"]
        if field["type"] not in UNSTAGED_TYPES
    }


def mapped_fields(
    connection: Connection,
    object_name: str,
    kind: str,
    readable: dict[str, SalesforceField],
    *,
    leave_out: Direction,
) -> list[PulledField]:
    """The map's rows that can work, but for those of one direction."""
    targets = mappable_fields(kind)
    values = _values(object_name)
    rows = FieldMap.objects.filter(object=object_name, suspended="").exclude(direction=leave_out)
    fields: list[PulledField] = []
    for row in rows:
        if row.salesforce not in readable or row.field not in targets:
            continue
        source, target = readable[row.salesforce], targets[row.field]
        fields.append(
            PulledField(
                place=len(fields),
                salesforce=row.salesforce,
                salesforce_type=source.type,
                salesforce_length=source.length,
                target=target,
                connection_id=connection.pk,
                conflict=Conflict(row.conflict),
                values=values.get(row.salesforce, {}),
                stage_ids=_stage_ids(object_name, kind) if target.type == FieldType.STAGE else {},
            )
        )
    return fields


def fields_of_leads(connection: Connection, fields: Sequence[PulledField]) -> tuple[tuple[str, str], ...]:
    """Those of a contact's fields that a lead has too, read and converted alike; stages each have their own."""
    try:
        readable = readable_fields(connection, "Lead")
    except UnreadableObject:
        return ()
    leads = {
        lead.target.key: lead
        for lead in mapped_fields(connection, "Lead", "contact", readable, leave_out=Direction.PUSH)
    }
    return tuple(
        (field.salesforce, lead.salesforce)
        for field in fields
        if (lead := leads.get(field.target.key))
        and field.target.type != FieldType.STAGE
        and (field.salesforce_type, field.values) == (lead.salesforce_type, lead.values)
    )


def pushed_only(object_name: str, fields: Sequence[PulledField]) -> tuple[str, ...]:
    pushed = FieldMap.objects.filter(object=object_name, direction=Direction.PUSH)
    names = pushed.order_by("salesforce").values_list("salesforce", flat=True)
    return tuple(sorted(set(names) - {field.salesforce for field in fields}))


def _values(object_name: str) -> dict[str, dict[str, str]]:
    values: dict[str, dict[str, str]] = {}
    for row in ValueMap.objects.filter(object=object_name):
        values.setdefault(row.salesforce_field, {})[row.salesforce_value] = row.value
    return values


def _stage_ids(object_name: str, kind: str) -> dict[str, int]:
    """Salesforce's value of the stage field → the stage here. Deal stages carry Salesforce's names (G2)."""
    if kind == "deal":
        return dict(DealStage.objects.filter(pipeline__locked=True).values_list("name", "pk"))
    ids = dict(STAGE_MODELS[kind]._default_manager.values_list("name", "pk"))
    mapped = StageMap.objects.filter(object=object_name)
    return {row.salesforce_value: ids[row.stage] for row in mapped if row.stage in ids}
