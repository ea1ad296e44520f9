"""A settings page as it was sent in: what was edited, and the piece of a configuration file that says so.

Only what differs from what the page showed is an edit; whatever somebody else saved meanwhile stays.
"""

import json
from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from integrations.configuration.importing import in_scope
from integrations.configuration.options import Control, Option
from integrations.configuration.pages import SettingsPage
from integrations.configuration.workspace import State
from integrations.pull_filters.builder import read_conditions

Flat = dict[str, Any]


class Unreadable(ValueError):
    """The form isn't one that our page sends."""


def read_seen(page: SettingsPage, sent: QueryDict) -> Flat:
    """What the page showed. Raises Unreadable."""
    try:
        seen = json.loads(sent.get("seen", ""))
    except (ValueError, RecursionError) as error:
        raise Unreadable from error
    if not isinstance(seen, dict) or not all(_has_its_shape(option, seen) for option in page.options):
        raise Unreadable
    return in_scope(seen, page.scope)


def _has_its_shape(option: Option, seen: Flat) -> bool:
    value = seen.get(f"settings.{option.path}")
    if option.control is Control.HIDE:
        return _is_list_of_names(value)
    if option.control is Control.FILTERS:
        return _are_conditions(value)
    return option.control is not Control.STAGES or value is None or _is_list_of_names(value)


def _are_conditions(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(rows, list)
        and all(isinstance(row, dict) and {"field", "operator"} <= set(row) for row in rows)
        for rows in value.values()
    )


def _is_list_of_names(value: Any) -> bool:
    return isinstance(value, list) and all(item is None or isinstance(item, str) for item in value)


def read_edits(page: SettingsPage, sent: QueryDict, seen: Flat) -> Flat:
    """The values that differ from `seen`, by path; None where a row or pair was taken away."""
    values = {f"settings.{option.path}": _option(page, option, sent, seen) for option in page.options}
    if page.object and sent.get("has_map"):
        values |= _rows(page.object, sent) | _pairs(page.object, sent)
    else:
        values |= {path: value for path, value in seen.items() if not path.startswith("settings.")}
    return {path: values.get(path) for path in [*values, *seen] if values.get(path) != seen.get(path)}


def _option(page: SettingsPage, option: Option, sent: QueryDict, seen: Flat) -> Any:
    path = f"settings.{option.path}"
    if option.control is Control.SWITCH:
        return path in sent
    if option.control is Control.HIDE:
        others = [name for name in seen.get(path, []) if name != page.object]
        return [*others, page.object] if path in sent else others
    if option.control is Control.FILTERS:
        return _filters(page, sent, seen.get(path, {}))
    if option.control is Control.STAGES:
        return _stages(path, sent, seen)
    text = sent.get(path, "").strip()
    return int(text) if option.control is Control.NUMBER and text.isdecimal() and len(text) < 10 else text


def _filters(page: SettingsPage, sent: QueryDict, seen: dict[str, Any]) -> dict[str, Any]:
    """Of all objects: those of the page as sent, an empty list where they were taken away."""
    before = seen.get(page.object, [])
    if not sent.get("has_filter"):
        return seen
    conditions = read_conditions(sent, before)
    return {**seen, page.object: conditions} if conditions or before else seen


def _stages(path: str, sent: QueryDict, seen: Flat) -> list[str | None] | None:
    if sent.get(f"{path}.limit") != "some":
        return None
    chosen = [name or None for name in sent.getlist(path)]
    before = seen.get(path) or []
    return before if set(chosen) == set(before) else chosen


def _rows(object_name: str, sent: QueryDict) -> Flat:
    rows: Flat = {}
    for number in sent.getlist("row"):
        field = sent.get(f"row.{number}.field", "")
        if not field or f"row.{number}.remove" in sent:
            continue
        rows[f"maps.{object_name}.{field}"] = {
            "salesforce": sent.get(f"row.{number}.salesforce", ""),
            "direction": sent.get(f"row.{number}.direction", ""),
            "autofill": f"row.{number}.autofill" in sent,
            "overwrite": f"row.{number}.overwrite" in sent,
            "once_per_value": f"row.{number}.once_per_value" in sent,
            "conflict": sent.get(f"row.{number}.conflict", ""),
        }
    return rows


def _pairs(object_name: str, sent: QueryDict) -> Flat:
    """What picklist values are called here; left blank, they keep Salesforce's name."""
    pairs: Flat = {}
    for field in sent.getlist("values"):
        stem = f"values.{object_name}.{field}" if field != "stage" else f"stages.{object_name}.map"
        names = zip(sent.getlist(f"values.{field}.there"), sent.getlist(f"values.{field}.here"), strict=False)
        pairs |= {f"{stem}.{there}": here.strip() for there, here in names if here.strip()}
    if f"maps.{object_name}.stage" in _rows(object_name, sent) and object_name != "Opportunity":
        row = _rows(object_name, sent)[f"maps.{object_name}.stage"]
        pairs[f"stages.{object_name}.field"] = row["salesforce"]
    return pairs


def apply_edits(state: State, edits: Mapping[str, Any]) -> State:
    """`state` as it would be: what the page shows again when it can't be saved as it is."""
    draft = state.copy()
    for path, value in edits.items():
        part, _, rest = path.partition(".")
        if part == "settings":
            draft.settings[rest] = value
            continue
        name, _, key = rest.partition(".")
        if part == "maps":
            _put(draft.maps[name], key, value)
        elif part == "values":
            field, _, there = key.partition(".")
            _put(draft.values.setdefault(f"{name}.{field}", {}), there, value)
        elif key.startswith("map."):
            choice = draft.stages.setdefault(name, {"field": "", "map": {}})
            _put(choice["map"], key.removeprefix("map."), value)
    return draft


def _put(holder: dict[str, Any], key: str, value: Any) -> None:
    if value is None:
        holder.pop(key, None)
    else:
        holder[key] = value


def as_fragment(
    page: SettingsPage, edits: Mapping[str, Any], draft: State, created: set[str]
) -> dict[str, Any]:
    """The piece of a configuration file that makes the edits. `created` are custom fields to be made."""
    fragment: dict[str, Any] = {"settings": {}}
    for path, value in edits.items():
        part, _, rest = path.partition(".")
        if part == "settings":
            group, _, key = rest.rpartition(".")
            (fragment["settings"].setdefault(group, {}) if group else fragment["settings"])[key] = value
        elif part == "values":
            field, _, there = rest.partition(".")[2].partition(".")
            fragment.setdefault("values", {}).setdefault(f"{page.object}.{field}", {})[there] = value
        elif part == "stages" and ".map." in path:
            there = rest.removeprefix(f"{page.object}.map.")
            stages = fragment.setdefault("stages", {}).setdefault(page.object, {"map": {}})
            stages["map"][there] = value
        elif part == "maps":
            fragment["maps"] = {page.object: _map(draft, page.object, created)}
    _with_stage_field(fragment, page.object, edits, draft)
    return fragment


def _map(draft: State, object_name: str, created: set[str]) -> list[dict[str, Any]]:
    return [
        {"field": key, **row, **({"create": True} if key in created else {})}
        for key, row in draft.maps[object_name].items()
    ]


def _with_stage_field(
    fragment: dict[str, Any], object_name: str, edits: Mapping[str, Any], draft: State
) -> None:
    """Taking the stage row away takes its stage map with it."""
    if object_name == "Opportunity":
        return
    row = draft.maps.get(object_name, {}).get("stage")
    if row is None and f"maps.{object_name}.stage" in edits:
        fragment["stages"] = {object_name: None}
    elif row is not None and object_name in fragment.get("stages", {}):
        fragment["stages"][object_name]["field"] = row["salesforce"]
