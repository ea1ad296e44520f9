"""The field map of one object as a page shows it (spec F3): only what can work is offered."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as made_of
from typing import Any

from crm.models import Account, Contact, Deal, Record
from integrations.configuration.values_section import PICKLISTS
from integrations.configuration.workspace import Row, State, Workspace
from integrations.models import RecordLink
from integrations.salesforce.describes import FieldDescribe
from mappings.catalogue import SALESFORCE_OBJECTS, MappableField
from mappings.compatibility import custom_type, directions, is_read_only
from mappings.models import Conflict, Direction, FieldMap

SAMPLES = 10
NOT_OFFERED = frozenset(
    {"Id", "IsDeleted", "SystemModstamp", "MasterRecordId", "LastViewedDate", "LastReferencedDate"}
)
RECORDS: dict[str, type[Record]] = {"account": Account, "contact": Contact, "deal": Deal}
RELATED = {
    "account": ("owner", "stage"),
    "contact": ("owner", "stage", "account"),
    "deal": ("owner", "stage", "account"),
}
TYPE_WORDS = {
    "string": "text",
    "textarea": "long text",
    "boolean": "checkbox",
    "double": "number",
    "int": "whole number",
    "multipicklist": "picklist, several values",
    "reference": "lookup",
    "datetime": "date and time",
    "url": "web address",
    "email": "e-mail",
    "encryptedstring": "encrypted text",
    "combobox": "picklist",
}


@dataclass
class Choice:
    value: str
    label: str


@dataclass
class ValuePair:
    there: str
    label: str
    here: str


@dataclass
class MapRow:
    """`number` tells the row's inputs apart. Of a new row one side is still to be chosen from `choices`."""

    number: str
    field: str
    label: str
    salesforce: str
    salesforce_label: str
    row: Row
    directions: list[Direction]
    type: str = ""
    salesforce_type: str = ""
    required: bool = False
    read_only: bool = False
    suspended: str = ""
    is_new: bool = False
    creates: bool = False
    choices: list[Choice] = made_of(default_factory=list)
    chooses: str = ""
    sample_here: str = ""
    sample_there: str = ""
    values_key: str = ""
    values: list[ValuePair] = made_of(default_factory=list)
    problems: list[str] = made_of(default_factory=list)


@dataclass
class Unmapped:
    name: str
    label: str
    type: str
    required: bool
    read_only: bool
    can_map: bool
    can_make: bool


@dataclass
class MapEditor:
    object: str
    draft: State
    workspace: Workspace

    @property
    def kind(self) -> str:
        return SALESFORCE_OBJECTS[self.object]

    @property
    def schema(self) -> Mapping[str, FieldDescribe]:
        return (self.workspace.schema or {}).get(self.object, {})

    @property
    def fields(self) -> dict[str, MappableField]:
        fields = self.workspace.fields[self.kind].items()
        return {key: item for key, item in fields if not item.only_for or self.object in item.only_for}

    def rows(self) -> list[MapRow]:
        suspended = dict(FieldMap.objects.filter(object=self.object).values_list("field", "suspended"))
        samples = _Samples(self.object, self.kind, self.workspace)
        before = self.workspace.state.maps[self.object]
        rows = []
        for number, (key, row) in enumerate(self.draft.maps[self.object].items()):
            shown = self._row(str(number), key, row)
            shown.is_new = key not in before
            shown.creates = shown.is_new and key.startswith("custom.") and key not in self.fields
            shown.suspended = suspended.get(key, "")
            shown.sample_here, shown.sample_there = samples.of(self.fields.get(key), row["salesforce"])
            rows.append(shown)
        return rows

    def _row(self, number: str, key: str, row: Row) -> MapRow:
        here, there = self.fields.get(key), self.schema.get(row["salesforce"])
        allowed = directions(here.type, there) if here and there else frozenset(Direction)
        shown = MapRow(
            number=number,
            field=key,
            label=here.label if here else (there.label if there else key),
            salesforce=row["salesforce"],
            salesforce_label=there.label if there else row["salesforce"],
            row=row,
            directions=[way for way in Direction if way in allowed or way == row["direction"]],
            type=here.type.label if here else "",
            salesforce_type=type_words(there) if there else "",
            required=bool(there and there.required_on_create),
            read_only=bool(there and is_read_only(there)),
        )
        if there and there.type in PICKLISTS and not (key == "stage" and self.object == "Opportunity"):
            self._add_values(shown, key, there)
        return shown

    def _add_values(self, shown: MapRow, key: str, there: FieldDescribe) -> None:
        is_stage = key == "stage"
        if is_stage:
            named: Mapping[str, str] = self.draft.stages.get(self.object, {"map": {}})["map"]
        else:
            named = self.draft.values.get(f"{self.object}.{there.name}", {})
        entries = {entry.value: entry.label for entry in there.picklist_values if entry.active}
        entries |= {value: value for value in named if value not in entries}
        shown.values_key = "stage" if is_stage else there.name
        shown.values = [ValuePair(value, label, named.get(value, "")) for value, label in entries.items()]

    def unmapped(self) -> list[Unmapped]:
        return [
            Unmapped(
                there.name,
                there.label,
                type_words(there),
                there.required_on_create,
                is_read_only(there),
                bool(self._free_fields(there)),
                custom_type(there) is not None,
            )
            for there in sorted(self._free_salesforce(), key=lambda item: item.label.lower())
            if custom_type(there) is not None or self._free_fields(there)
        ]

    def unmapped_here(self) -> list[Choice]:
        """The workspace's fields that aren't mapped and have something to be mapped to."""
        return [
            Choice(key, item.label)
            for key, item in self.fields.items()
            if key not in self.draft.maps[self.object] and self._fitting(item)
        ]

    def _free_salesforce(self) -> list[FieldDescribe]:
        taken = {row["salesforce"] for row in self.draft.maps[self.object].values()} | NOT_OFFERED
        return [there for there in self.schema.values() if there.name not in taken]

    def _free_fields(self, there: FieldDescribe) -> list[Choice]:
        return [
            Choice(key, f"{item.label} ({item.type.label})")
            for key, item in self.fields.items()
            if key not in self.draft.maps[self.object] and directions(item.type, there)
        ]

    def _fitting(self, item: MappableField) -> list[Choice]:
        return [
            Choice(
                there.name,
                f"{there.label} ({type_words(there)}){' · read only' if is_read_only(there) else ''}",
            )
            for there in self._free_salesforce()
            if directions(item.type, there)
        ]

    def new_row_here(self, key: str) -> MapRow | None:
        """A row for workspace field `key`, its Salesforce field to be chosen; None where it can't be mapped."""
        item = self.fields.get(key)
        if item is None or key in self.draft.maps[self.object] or not (choices := self._fitting(item)):
            return None
        shown = self._row(f"new-{key}", key, _new_row("", autofill=False))
        shown.is_new, shown.chooses, shown.choices = (
            True,
            "salesforce",
            sorted(choices, key=lambda one: one.label),
        )
        return shown

    def new_row_there(self, name: str, *, make: bool) -> MapRow | None:
        """A row for a Salesforce field: the workspace's is to be chosen, or is made for it (spec F2)."""
        there = self.schema.get(name)
        if there is None or there not in self._free_salesforce():
            return None
        way = Direction.PULL if is_read_only(there) else Direction.BOTH
        row = _new_row(name, autofill=not is_read_only(there), direction=way)
        if make:
            return self._made(there, row)
        choices = self._free_fields(there)
        shown = self._row(f"new-{name}", "", row)
        shown.is_new, shown.chooses, shown.choices = True, "field", choices
        return shown if choices else None

    def _made(self, there: FieldDescribe, row: Row) -> MapRow | None:
        type = custom_type(there)
        if type is None:
            return None
        shown = self._row(f"new-{there.name}", self._free_name(there.name), row)
        shown.type, shown.is_new, shown.creates = type.label, True, True
        shown.directions = [way for way in Direction if not is_read_only(there) or way == Direction.PULL]
        return shown

    def _free_name(self, name: str) -> str:
        stem = "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in name.lower())
        base = f"custom.{stem.strip('_') or 'field'}" if stem[:1].isalpha() else f"custom.f_{stem}"
        free = base[:80]
        number = 2
        while free in self.workspace.fields[self.kind] or free in self.draft.maps[self.object]:
            free, number = f"{base[:76]}_{number}", number + 1
        return free


def _new_row(salesforce: str, *, autofill: bool, direction: Direction = Direction.BOTH) -> Row:
    return {
        "salesforce": salesforce,
        "direction": direction.value,
        "autofill": autofill,
        "overwrite": False,
        "once_per_value": False,
        "conflict": Conflict.SALESFORCE.value,
    }


def type_words(there: FieldDescribe) -> str:
    words = TYPE_WORDS.get(there.type, there.type)
    return f"formula, {words}" if there.calculated else words


class _Samples:
    """Values of a few linked records, so that a row shows what it moves: two queries for the whole map."""

    def __init__(self, object_name: str, kind: str, workspace: Workspace) -> None:
        links = RecordLink.objects.filter(
            connection=workspace.connection, salesforce_object=object_name, state=RecordLink.State.LINKED
        )
        self.links = list(links.order_by("-id")[:SAMPLES]) if workspace.connection else []
        records = RECORDS[kind]._default_manager.select_related(*RELATED[kind]) if self.links else None
        self.records = records.in_bulk([link.record_id for link in self.links]) if records else {}

    def of(self, here: MappableField | None, salesforce: str) -> tuple[str, str]:
        for link in self.links:
            record = self.records.get(link.record_id)
            if link.base.get(salesforce) and record is not None and here is not None:
                return _shown(record, here), str(link.base[salesforce])
        return "", ""


def _shown(record: Record, here: MappableField) -> str:
    key = here.key.removeprefix("custom.")
    value: Any = record.custom.get(key) if here.column is None else getattr(record, here.key)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
