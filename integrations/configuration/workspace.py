"""What stands: settings, maps, values, stages and owners in one plain form, and the schema beside them.

Export writes this form down; import merges the file into it, and whatever differs afterwards is the change.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from crm.catalogue import mappable_fields
from crm.models import AccountStage, ContactStage
from integrations.configuration.options import OPTIONS
from integrations.models import Connection, ObjectSchema, SalesforceOwner, SyncSettings
from integrations.salesforce.describes import FieldDescribe, parse_describe
from mappings.catalogue import SALESFORCE_OBJECTS, MappableField
from mappings.models import FieldMap, StageMap, ValueMap

STAGED_OBJECTS = ("Account", "Contact", "Lead")
"""Their stages are chosen by hand; a deal's come from Salesforce (spec G1, G2)."""

STAGE_MODELS: dict[str, type[AccountStage] | type[ContactStage]] = {
    "account": AccountStage,
    "contact": ContactStage,
}

NOBODY = "nobody"
"""In `owners`, in an e-mail's place."""

ROW_ATTRIBUTES = ("salesforce", "direction", "autofill", "overwrite", "once_per_value", "conflict")

Row = dict[str, Any]
"""A map row by ROW_ATTRIBUTES."""


@dataclass
class State:
    """`settings` by option path; `maps` by object and workspace field, in order; `values` by `Object.Field`
    and Salesforce value; `stages` by object, {"field": …, "map": {Salesforce value: stage}}; `owners` by the
    e-mail of those mapped by hand, the ids of their Salesforce users; under NOBODY, those who are nobody here.
    """

    settings: dict[str, Any]
    maps: dict[str, dict[str, Row]]
    values: dict[str, dict[str, str]]
    stages: dict[str, dict[str, Any]]
    owners: dict[str, list[str]]

    def copy(self) -> Self:
        return copy.deepcopy(self)

    def stages_to_be(self, kind: str) -> set[str]:
        """The names that the stage maps speak of; missing ones are made."""
        mine = (name for name in self.stages if SALESFORCE_OBJECTS[name] == kind)
        return {stage for name in mine for stage in self.stages[name]["map"].values()}

    def flat(self) -> dict[str, Any]:
        """Every value by its path; a map row is one value."""
        return {
            **{f"settings.{path}": value for path, value in self.settings.items()},
            **{f"maps.{name}.{key}": row for name, rows in self.maps.items() for key, row in rows.items()},
            **{
                f"values.{key}.{there}": here
                for key, pairs in self.values.items()
                for there, here in pairs.items()
            },
            **{f"stages.{name}.field": choice["field"] for name, choice in self.stages.items()},
            **{
                f"stages.{name}.map.{there}": stage
                for name, choice in self.stages.items()
                for there, stage in choice["map"].items()
            },
            **{f"owners.{email}": one_or_several(ids) for email, ids in self.owners.items()},
        }


@dataclass
class Workspace:
    """A reading of the database. `schema` is None while no org is connected."""

    state: State
    connection: Connection | None
    schema: Mapping[str, Mapping[str, FieldDescribe]] | None
    fields: dict[str, dict[str, MappableField]]
    stage_names: dict[str, set[str]]
    owner_ids: set[str] = field(default_factory=set)

    @classmethod
    def read(cls) -> Self:
        connection = Connection.objects.live().first()
        schema = _schema(connection) if connection else {}
        owner_ids = SalesforceOwner.objects.filter(connection=connection) if connection else []
        return cls(
            state=read_state(connection),
            connection=connection,
            schema=schema or None,
            fields={kind: mappable_fields(kind) for kind in set(SALESFORCE_OBJECTS.values())},
            stage_names={
                kind: set(model._default_manager.values_list("name", flat=True))
                for kind, model in STAGE_MODELS.items()
            },
            owner_ids={owner.salesforce_id for owner in owner_ids},
        )


def _schema(connection: Connection) -> dict[str, dict[str, FieldDescribe]]:
    rows = ObjectSchema.objects.filter(connection=connection, name__in=SALESFORCE_OBJECTS)
    return {row.name: {item.name: item for item in parse_describe(row.describe).fields} for row in rows}


def read_state(connection: Connection | None) -> State:
    settings = SyncSettings.current()
    maps: dict[str, dict[str, Row]] = {name: {} for name in SALESFORCE_OBJECTS}
    for row in FieldMap.objects.all():
        maps[row.object][row.field] = {name: getattr(row, name) for name in ROW_ATTRIBUTES}
    values: dict[str, dict[str, str]] = {}
    for pair in ValueMap.objects.all():
        values.setdefault(f"{pair.object}.{pair.salesforce_field}", {})[pair.salesforce_value] = pair.value
    return State(
        settings={option.path: getattr(settings, option.column) for option in OPTIONS},
        maps=maps,
        values=values,
        stages=_stages(maps),
        owners=_owners(connection),
    )


def _stages(maps: dict[str, dict[str, Row]]) -> dict[str, dict[str, Any]]:
    stages: dict[str, dict[str, Any]] = {}
    for name in STAGED_OBJECTS:
        if "stage" in maps[name]:
            stages[name] = {"field": maps[name]["stage"]["salesforce"], "map": {}}
    for pair in StageMap.objects.filter(object__in=STAGED_OBJECTS):
        stages.setdefault(pair.object, {"field": pair.salesforce_field, "map": {}})
        stages[pair.object]["map"][pair.salesforce_value] = pair.stage
    return stages


def _owners(connection: Connection | None) -> dict[str, list[str]]:
    by_hand = SalesforceOwner.objects.filter(connection=connection, by_hand=True, is_queue=False)
    owners: dict[str, list[str]] = {}
    for owner in by_hand.select_related("user").order_by("salesforce_id") if connection else ():
        owners.setdefault(owner.user.email.lower() if owner.user else NOBODY, []).append(owner.salesforce_id)
    return owners


def one_or_several(ids: list[str]) -> str | list[str]:
    """As the file has them."""
    return ids[0] if len(ids) == 1 else ids
