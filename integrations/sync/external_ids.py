"""The field in Salesforce that carries our own key, so that no lost answer makes a second record (spec D9)."""

from integrations.models import Connection, ObjectSchema
from integrations.salesforce.describes import FieldDescribe, parse_describe

FIELD = "Lockstep_Id__c"


def has_external_id(connection: Connection, object_name: str) -> bool:
    """Whether the object, as last described, has a usable one: external id, unique, createable, updateable."""
    field = external_id_field(connection, object_name)
    return field is not None and field.usable_external_id


def external_id_field(connection: Connection, object_name: str) -> FieldDescribe | None:
    """The field as described, whether or not it can be used; None where the user sees none."""
    schema = ObjectSchema.objects.filter(connection=connection, name=object_name).first()
    return parse_describe(schema.describe).field(FIELD) if schema else None
