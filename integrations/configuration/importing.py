from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm.models import CustomField, User
from integrations.configuration.agreements import drop_outdated_agreements
from integrations.configuration.changes import Change, ChangedMeanwhile, InvalidConfiguration, Report, below
from integrations.configuration.maps_section import merge_maps
from integrations.configuration.owners_section import merge_owners
from integrations.configuration.settings_section import merge_settings
from integrations.configuration.values_section import map_chosen_stages, merge_stages, merge_values
from integrations.configuration.workspace import STAGED_OBJECTS, State, Workspace
from integrations.configuration.writing import missing_stages, write
from integrations.models import AuditEntry, Connection, SyncSettings
from integrations.sync.deadlocks import persistently
from integrations.sync.push.owners import release_held
from integrations.sync.reassigning import settle_moves

SECTIONS = ("settings", "maps", "values", "stages", "owners")
DROPPING_SECONDS = 5


@dataclass(frozen=True)
class Seen:
    """What a page showed: the values (by path) of everything below `scope` (paths), as it was opened."""

    scope: tuple[str, ...]
    values: Mapping[str, Any]


def import_configuration(
    data: Any,
    *,
    actor: User | None,
    now: datetime,
    dry_run: bool = False,
    seen: Seen | None = None,
    action: str = "configuration imported",
) -> list[Change]:
    """Bring settings and maps to what the file says, all or nothing, and audit it; the changes made.

    Keys left out keep their value; an object listed under `maps` replaces that object's whole map. A row
    that stands as it is isn't checked again. Where `seen` no longer holds, ChangedMeanwhile is raised.
    Raises InvalidConfiguration with every problem at once. With `dry_run` nothing is written.

    A new map row, or one that pairs other fields, drops what was agreed on them and has the next pull
    read that object in full (C11): noted in the transaction, worked off after it for a few seconds here,
    the rest by whoever compares next. The rules of a row don't touch what was agreed.
    """
    changes, connected = persistently(
        lambda: _write(data, actor=actor, now=now, dry_run=dry_run, seen=seen, action=action)
    )
    if changes and not dry_run:
        drop_outdated_agreements(seconds=DROPPING_SECONDS)
        settle_moves(seconds=DROPPING_SECONDS)
        if connected:
            release_held(connected)
    return changes


def _write(
    data: Any, *, actor: User | None, now: datetime, dry_run: bool, seen: Seen | None, action: str
) -> tuple[list[Change], Connection | None]:
    """What changes, and the connection that it is for."""
    SyncSettings.current()
    SyncSettings.objects.select_for_update().get()
    workspace = Workspace.read()
    before = workspace.state
    if seen is not None:
        _refuse_if_changed(seen, before)
    wanted, new_fields = _merge(data, workspace)
    stages = missing_stages(wanted, workspace)
    changes = [*_made(new_fields, stages), *differences(before.flat(), wanted.flat())]
    if changes and not dry_run:
        write(before, wanted, new_fields, stages, workspace, actor=actor)
        AuditEntry.objects.create(
            at=now, actor=actor, action=action, changes=[change.as_dict() for change in changes]
        )
    return changes, workspace.connection


def _merge(data: Any, workspace: Workspace) -> tuple[State, list[CustomField]]:
    """What is wanted, and the custom fields to make for it. Raises InvalidConfiguration."""
    report, wanted = Report(), workspace.state.copy()
    given = report.mapping("", data)
    for key in given.keys() - set(SECTIONS):
        report.add(below("", key), f"Only these are known: {', '.join(SECTIONS)}.")
    new_fields = merge_maps(given.get("maps", {}), wanted, workspace, report)
    _choose_mapped_stages(given, wanted)
    merge_values(given.get("values", {}), wanted, workspace, report)
    merge_stages(given.get("stages", {}), wanted, workspace, report)
    map_chosen_stages(wanted, report)
    merge_settings(given.get("settings", {}), wanted, workspace, report)
    merge_owners(given.get("owners", {}), wanted, workspace, report)
    if report.problems:
        raise InvalidConfiguration(_in_order(report, list(given)))
    return wanted, new_fields


def _in_order(report: Report, sections: list[str]) -> list[Any]:
    """As the file has them; what is said of the file itself comes first."""
    places = {name: place for place, name in enumerate(sections)}
    return sorted(report.problems, key=lambda item: places.get(item.path.split(".")[0], -1))


def _choose_mapped_stages(given: dict[str, Any], wanted: State) -> None:
    """A listed map that has a stage row chooses the stage picklist, as `stages` would."""
    maps = given.get("maps")
    for name in STAGED_OBJECTS:
        row = wanted.maps[name].get("stage")
        if isinstance(maps, dict) and name in maps and row:
            chosen = wanted.stages.get(name)
            if chosen is None or chosen["field"] != row["salesforce"]:
                wanted.stages[name] = {"field": row["salesforce"], "map": {}}


def _refuse_if_changed(seen: Seen, state: State) -> None:
    current = in_scope(state.flat(), seen.scope)
    if meanwhile := differences(dict(seen.values), current):
        raise ChangedMeanwhile(meanwhile)


def in_scope(flat: Mapping[str, Any], scope: Sequence[str]) -> dict[str, Any]:
    """The paths of `scope` and those below them."""
    return {
        path: value
        for path, value in flat.items()
        if any(path == start or path.startswith(f"{start}.") for start in scope)
    }


def _made(new_fields: list[CustomField], stages: list[tuple[str, str]]) -> list[Change]:
    fields = [Change(f"custom_fields.{item.kind}.{item.name}", None, item.type) for item in new_fields]
    return [*fields, *(Change(f"new_stages.{kind}.{name}", None, name) for kind, name in stages)]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Value by value; of a map row that stays, attribute by attribute."""
    found: list[Change] = []
    for path in sorted({**before, **after}):
        old, new = before.get(path), after.get(path)
        if old == new and (path in before) == (path in after):
            continue
        if isinstance(old, dict) and isinstance(new, dict) and path.split(".")[0] == "maps":
            found += [Change(f"{path}.{key}", old[key], new[key]) for key in new if old[key] != new[key]]
        else:
            found.append(Change(path, old, new))
    return found
