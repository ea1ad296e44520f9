"""The file's `maps`: an object listed replaces that object's whole map."""

import re
from dataclasses import dataclass
from typing import Any

from crm.models import CustomField
from integrations.configuration.changes import Report, below
from integrations.configuration.checks import BadValue, flag, one_of, text
from integrations.configuration.workspace import Row, State, Workspace
from integrations.salesforce.describes import FieldDescribe
from mappings.catalogue import SALESFORCE_OBJECTS, MappableField
from mappings.compatibility import custom_type, directions
from mappings.defaults import NEVER_FILLED
from mappings.models import Conflict, Direction
from mappings.validation import row_problems

NOT_CONNECTED = "Connect Salesforce first: this is checked against its fields."
MOST_ROWS = 500
CUSTOM_NAME = re.compile(r"custom\.([a-z][a-z0-9_]{0,79})")

CHECKS = {
    "field": lambda value: text(value, 120),
    "salesforce": lambda value: text(value, 120),
    "direction": one_of(Direction.values),
    "autofill": flag,
    "overwrite": flag,
    "once_per_value": flag,
    "conflict": one_of(Conflict.values),
    "create": flag,
}
NEEDED = ("field", "salesforce")


def merge_maps(data: Any, wanted: State, workspace: Workspace, report: Report) -> list[CustomField]:
    """Put what the file says into `wanted`; the custom fields that are to be made for it, unsaved."""
    new_fields: list[CustomField] = []
    for name, rows in report.mapping("maps", data).items():
        if name not in SALESFORCE_OBJECTS:
            report.add(below("maps", name), f"Only these have maps: {', '.join(SALESFORCE_OBJECTS)}.")
        elif not isinstance(rows, list) or len(rows) > MOST_ROWS:
            report.add(f"maps.{name}", f"This must be a list of at most {MOST_ROWS} rows.")
        else:
            merge = _MapMerge(name, wanted.maps[name], workspace, report, new_fields)
            wanted.maps[name] = merge.rows(rows)
    return new_fields


@dataclass
class _MapMerge:
    object: str
    before: dict[str, Row]
    workspace: Workspace
    report: Report
    new_fields: list[CustomField]

    def rows(self, data: list[Any]) -> dict[str, Row]:
        merged: dict[str, Row] = {}
        taken: dict[str, int] = {}
        for place, item in enumerate(data):
            path = f"maps.{self.object}[{place}]"
            row = self._read(path, item)
            if row is None:
                continue
            field = row.pop("field")
            if field in merged:
                self.report.add(f"{path}.field", f"“{field}” stands in an earlier row already.")
            if row["salesforce"] in taken:
                first = taken[row["salesforce"]]
                self.report.add(
                    f"{path}.salesforce", f"{row['salesforce']} is mapped in row {first} already."
                )
            taken.setdefault(row["salesforce"], place)
            merged[field] = self._complete(path, field, row)
        return merged

    def _read(self, path: str, item: Any) -> Row | None:
        """The row's own values, each of the right type; None where that can't be."""
        given = self.report.mapping(path, item)
        row: Row = {}
        for key, value in given.items():
            try:
                row[key] = CHECKS[key](value)
            except KeyError:
                self.report.add(below(path, key), "A map row has no such key.")
            except BadValue as bad:
                self.report.add(below(path, key), str(bad))
        if isinstance(item, dict):
            for key in NEEDED:
                if key not in given:
                    self.report.add(f"{path}.{key}", "This is missing.")
        return row if all(key in row for key in NEEDED) else None

    def _complete(self, path: str, field: str, given: Row) -> Row:
        """The whole row. One that stands as it is isn't checked again: its state says what ails it."""
        schema = self.workspace.schema
        there = schema.get(self.object, {}).get(given["salesforce"]) if schema else None
        create = given.pop("create", False)
        row = {
            "salesforce": given["salesforce"],
            "direction": self._default_direction(field, there),
            "autofill": field not in NEVER_FILLED,
            "overwrite": False,
            "once_per_value": False,
            "conflict": Conflict.SALESFORCE.value,
            **given,
        }
        if row == self.before.get(field):
            return row
        if schema is None:
            self.report.add(path, NOT_CONNECTED)
            return row
        if create and not self._make(path, field, there):
            return row
        fields = self.workspace.fields[self._kind]
        found = row_problems(
            self.object,
            field,
            row["salesforce"],
            Direction(row["direction"]),
            fields=fields,
            schema=schema.get(self.object, {}),
        )
        for problem in found:
            self.report.add(f"{path}.{problem.key}", problem.problem)
        return row

    @property
    def _kind(self) -> str:
        return SALESFORCE_OBJECTS[self.object]

    def _default_direction(self, key: str, there: FieldDescribe | None) -> str:
        """Both ways, unless the pair can only be pulled."""
        here = self.workspace.fields[self._kind].get(key)
        only_pull = {Direction.PULL}
        pull = here is not None and there is not None and directions(here.type, there) == only_pull
        is_formula = there is not None and not there.updateable
        return Direction.PULL.value if pull or is_formula else Direction.BOTH.value

    def _make(self, path: str, key: str, there: FieldDescribe | None) -> bool:
        """Note a custom field to be made, typed from the schema (spec F2); False where that can't be."""
        fields = self.workspace.fields[self._kind]
        if key in fields:
            return True
        named = CUSTOM_NAME.fullmatch(key)
        if named is None:
            self.report.add(
                f"{path}.field", "A new field's name is custom. and small letters, digits or underscores."
            )
            return False
        if there is None:
            return self._refuse_unknown(path, key, fields)
        type = custom_type(there)
        if type is None:
            self.report.add(f"{path}.salesforce", f"No field can be made for {there.label} ({there.type}).")
            return False
        options = [entry.value for entry in there.picklist_values if entry.active]
        self.new_fields.append(
            CustomField(kind=self._kind, name=named[1], label=there.label, type=type, options=options)
        )
        self.workspace.fields[self._kind] = {**fields, key: MappableField(self._kind, key, there.label, type)}
        return True

    def _refuse_unknown(self, path: str, key: str, fields: dict[str, MappableField]) -> bool:
        self.report.add(
            f"{path}.salesforce",
            f"{self.object} has no such field that the connected user can read. Check its API name in "
            f"Salesforce.",
        )
        return False
