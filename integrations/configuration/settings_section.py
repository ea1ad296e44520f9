"""The file's `settings`."""

from typing import Any

from integrations.configuration.changes import Report, below
from integrations.configuration.checks import BadValue
from integrations.configuration.filters import schema_problems
from integrations.configuration.options import BY_PATH, OPTIONS, Control, Option
from integrations.configuration.workspace import State, Workspace

GROUPS = {option.path.split(".")[0] for option in OPTIONS if "." in option.path}


def merge_settings(data: Any, wanted: State, workspace: Workspace, report: Report) -> None:
    """Put what the file says into `wanted`; its stages must have been merged before."""
    for key, value in report.mapping("settings", data).items():
        if key in BY_PATH:
            _merge_option(BY_PATH[key], value, wanted, workspace, report)
        elif key in GROUPS:
            _merge_group(key, value, wanted, workspace, report)
        else:
            report.add(below("settings", key), "There is no such setting.")


def _merge_group(group: str, data: Any, wanted: State, workspace: Workspace, report: Report) -> None:
    for key, value in report.mapping(f"settings.{group}", data).items():
        option = BY_PATH.get(f"{group}.{key}")
        if option:
            _merge_option(option, value, wanted, workspace, report)
        else:
            report.add(below(f"settings.{group}", key), "There is no such setting.")


def _merge_option(option: Option, value: Any, wanted: State, workspace: Workspace, report: Report) -> None:
    path = f"settings.{option.path}"
    try:
        checked = option.check(value)
    except BadValue as bad:
        report.add(path, str(bad))
        return
    before = wanted.settings[option.path]
    if option.control is Control.FILTERS:
        checked = {name: rows for name, rows in {**before, **value}.items() if rows}
    if checked == before:
        return
    wanted.settings[option.path] = checked
    if option.control is Control.STAGES:
        _known_stages(option, checked or [], wanted, workspace, report)
    elif option.control is Control.FILTERS and workspace.schema is not None:
        for place, problem in schema_problems(checked, workspace.schema):
            report.add(below(path, place), problem)


def _known_stages(
    option: Option, names: list[str | None], wanted: State, workspace: Workspace, report: Report
) -> None:
    known = workspace.stage_names[option.stage_kind] | wanted.stages_to_be(option.stage_kind)
    for place, name in enumerate(names):
        if name is not None and name not in known:
            report.add(f"settings.{option.path}[{place}]", f"There is no stage “{name[:80]}”. Add it first.")
