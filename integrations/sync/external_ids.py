"""The field in Salesforce that carries our own key, so that no lost answer makes a second record (spec D9)."""

from dataclasses import dataclass

from integrations.models import Connection, ObjectSchema
from integrations.salesforce.describes import FieldDescribe, parse_describe

FIELD = "Lockstep_Id__c"
OBJECTS = ("Account", "Contact", "Lead", "Opportunity", "OpportunityContactRole")


@dataclass(frozen=True, slots=True)
class ExternalId:
    """How the field stands on one object; `lacking` names in words what keeps it from being used."""

    object: str
    described: bool
    there: bool
    lacking: tuple[str, ...]

    @property
    def usable(self) -> bool:
        return self.there and not self.lacking


def has_external_id(connection: Connection, object_name: str) -> bool:
    """Whether the object, as last described, has a usable one: external id, unique, createable, updateable."""
    field = external_id_field(connection, object_name)
    return field is not None and field.usable_external_id


def external_id_field(connection: Connection, object_name: str) -> FieldDescribe | None:
    """The field as described, whether or not it can be used; None where the user sees none."""
    schema = ObjectSchema.objects.filter(connection=connection, name=object_name).first()
    return parse_describe(schema.describe).field(FIELD) if schema else None


def external_ids(connection: Connection) -> list[ExternalId]:
    """The field on each object that records are made of, from the describes as last read: one query."""
    schemas = ObjectSchema.objects.filter(connection=connection, name__in=OBJECTS)
    described = {schema.name: parse_describe(schema.describe).field(FIELD) for schema in schemas}
    return [
        ExternalId(name, name in described, field is not None, _lacking(field) if field else ())
        for name in OBJECTS
        for field in [described.get(name)]
    ]


def _lacking(field: FieldDescribe) -> tuple[str, ...]:
    wanted = {
        "“External ID” isn't ticked": field.external_id,
        "“Unique” isn't ticked": field.unique,
        "the connected user can't set it on new records": field.createable,
        "the connected user can't edit it": field.updateable,
    }
    return tuple(words for words, holds in wanted.items() if not holds)
