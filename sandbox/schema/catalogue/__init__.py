"""The standard objects of a new org, with a few custom fields as a real one would have."""

from sandbox.schema.catalogue.accounts import account
from sandbox.schema.catalogue.activities import (
    email_message,
    email_message_relation,
    event,
    event_relation,
    task,
)
from sandbox.schema.catalogue.contacts import contact
from sandbox.schema.catalogue.leads import lead
from sandbox.schema.catalogue.opportunities import contact_role, opportunity, stage
from sandbox.schema.catalogue.people import group, profile, user
from sandbox.schema.catalogue.setup import organization, record_type, task_priority, task_status
from sandbox.schema.objects import ObjectType, child_entry


def standard_objects() -> list[ObjectType]:
    """Fresh copies of all standard objects, each knowing who points to it."""
    objects = [
        *(account(), contact(), lead(), opportunity(), stage(), contact_role()),
        *(task(), event(), email_message(), user(), group(), profile()),
        *(event_relation(), email_message_relation()),
        *(record_type(), organization(), task_status(), task_priority()),
    ]
    by_name = {each.name: each for each in objects}
    for each in objects:
        for lookup in each.fields.values():
            for target in lookup.reference_to:
                if target in by_name:
                    by_name[target].children.append(child_entry(each.name, lookup))
    return objects
