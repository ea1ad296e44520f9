"""The file's `values` and `stages`: what Salesforce's picklist values are called here.

Pairs left out stay; null takes a pair away, and null for an object's stages its whole stage map.
"""

from collections import Counter
from typing import Any

from integrations.configuration.changes import Report, below
from integrations.configuration.checks import BadValue, text
from integrations.configuration.maps_section import NOT_CONNECTED
from integrations.configuration.workspace import STAGED_OBJECTS, State, Workspace
from integrations.salesforce.describes import FieldDescribe
from mappings.catalogue import SALESFORCE_OBJECTS
from mappings.models import Conflict, Direction

PICKLISTS = ("picklist", "multipicklist", "combobox")


def merge_values(data: Any, wanted: State, workspace: Workspace, report: Report) -> None:
    for key, pairs in report.mapping("values", data).items():
        path = below("values", key)
        before = wanted.values.get(key, {})
        merged = _merge_pairs(path, before, pairs, report)
        if merged != before:
            _check_field(path, key, merged, before, workspace, report)
        wanted.values[key] = merged
        if not merged:
            del wanted.values[key]


def _merge_pairs(path: str, before: dict[str, str], pairs: Any, report: Report) -> dict[str, str]:
    merged = dict(before)
    for there, here in report.mapping(path, pairs).items():
        try:
            text(there)
            if here is None:
                merged.pop(there, None)
            else:
                merged[there] = text(here)
        except BadValue as bad:
            report.add(below(path, there), str(bad))
    counted = Counter(merged.values())
    for there, here in merged.items():
        if counted[here] > 1:
            report.add(below(path, there), f"Two values become “{here}”; pushing it back would be a guess.")
    return merged


def _check_field(
    path: str,
    key: str,
    merged: dict[str, str],
    before: dict[str, str],
    workspace: Workspace,
    report: Report,
) -> None:
    name, _, field_name = key.partition(".")
    if name not in SALESFORCE_OBJECTS:
        report.add(path, "Write it as Object.Field, such as Contact.LeadSource.")
    elif (field := _picklist(path, name, field_name, workspace, report)) is not None:
        _check_entries(path, field, {there for there in merged if there not in before}, report)


def _picklist(
    path: str, name: str, field_name: str, workspace: Workspace, report: Report
) -> FieldDescribe | None:
    if workspace.schema is None:
        report.add(path, NOT_CONNECTED)
        return None
    field = workspace.schema.get(name, {}).get(field_name)
    if field is None:
        report.add(path, f"{name} has no field “{field_name[:80]}” that the connected user can read.")
    elif field.type not in PICKLISTS:
        report.add(path, f"{field.label} is no picklist; only picklist values can be renamed.")
    else:
        return field
    return None


def _check_entries(path: str, field: FieldDescribe, new: set[str], report: Report) -> None:
    """Only a restricted picklist is a closed list; others take any value."""
    known = {entry.value for entry in field.picklist_values}
    if field.restricted_picklist:
        for value in sorted(new - known):
            report.add(below(path, value), f"{field.label} has no value “{value}” in Salesforce.")


def merge_stages(data: Any, wanted: State, workspace: Workspace, report: Report) -> None:
    for name, choice in report.mapping("stages", data).items():
        path = below("stages", name)
        if name not in STAGED_OBJECTS:
            why = "Deal stages follow Salesforce by themselves." if name == "Opportunity" else ""
            report.add(path, f"Stages are chosen for {', '.join(STAGED_OBJECTS)} only. {why}".strip())
        elif choice is None:
            wanted.stages.pop(name, None)
            wanted.maps[name].pop("stage", None)
        else:
            _merge_choice(path, name, choice, wanted, workspace, report)


def _merge_choice(
    path: str, name: str, data: Any, wanted: State, workspace: Workspace, report: Report
) -> None:
    choice = report.mapping(path, data)
    for key in set(choice) - {"field", "map"}:
        report.add(below(path, key), "Stages have only “field” and “map”.")
    before = wanted.stages.get(name, {"field": None, "map": {}})
    field_name = choice.get("field", before["field"])
    if not isinstance(field_name, str):
        report.add(f"{path}.field", "Name the picklist that holds the stage, such as Status.")
        return
    kept = before["map"] if field_name == before["field"] else {}
    merged = {"field": field_name, "map": _merge_pairs(f"{path}.map", kept, choice.get("map", {}), report)}
    if merged != before:
        field = _picklist(f"{path}.field", name, field_name, workspace, report)
        if field is not None:
            _check_entries(f"{path}.map", field, set(merged["map"]) - set(kept), report)
    wanted.stages[name] = merged


def map_chosen_stages(wanted: State, report: Report) -> None:
    """A chosen stage picklist is a row of the map like any field: what isn't mapped doesn't sync (F1)."""
    for name, choice in wanted.stages.items():
        rows = wanted.maps[name]
        taken = next(
            (key for key, row in rows.items() if row["salesforce"] == choice["field"] and key != "stage"),
            None,
        )
        if taken:
            report.add(f"stages.{name}.field", f"{choice['field']} is mapped to “{taken}” already.")
        new = {
            "direction": Direction.BOTH.value,
            "autofill": False,
            "overwrite": False,
            "once_per_value": False,
            "conflict": Conflict.SALESFORCE.value,
        }
        rows["stage"] = {**new, **rows.get("stage", {}), "salesforce": choice["field"]}
