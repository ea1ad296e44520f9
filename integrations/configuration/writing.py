"""Writing a configuration that has been checked: only what differs, set by set."""

from typing import Any

from django.db.models import Max

from crm.models import CustomField, User
from integrations.configuration.agreements import outdate_agreements
from integrations.configuration.options import OPTIONS
from integrations.configuration.workspace import STAGE_MODELS, Row, State, Workspace
from integrations.models import Connection, SalesforceOwner, SyncSettings
from integrations.pull_filters.sorting import read_all_again
from integrations.sync.map_lock import change_maps
from integrations.sync.owners import email_match
from integrations.sync.pull.lead_accounts import note_all_domains
from integrations.sync.reassigning import hand_over
from integrations.sync.schedule import set_pull_interval
from mappings.catalogue import SALESFORCE_OBJECTS
from mappings.models import Direction, FieldMap, StageMap, ValueMap

PAIRING = ("salesforce", "direction")
"""What of a map row decides what the two sides have agreed on."""

MATCHING = "pull.match_leads_to_accounts"


def missing_stages(wanted: State, workspace: Workspace) -> list[tuple[str, str]]:
    """(kind, name) of the stages that the stage maps speak of and nobody has made."""
    return [
        (kind, name)
        for kind in sorted(STAGE_MODELS)
        for name in sorted(wanted.stages_to_be(kind) - workspace.stage_names[kind])
    ]


def write(
    before: State,
    wanted: State,
    new_fields: list[CustomField],
    stages: list[tuple[str, str]],
    workspace: Workspace,
    *,
    actor: User | None,
) -> None:
    """Call inside a transaction."""
    if workspace.connection and _maps(before) != _maps(wanted):
        change_maps()
    _write_settings(before, wanted)
    CustomField.objects.bulk_create(new_fields)
    _make_stages(stages)
    for name in SALESFORCE_OBJECTS:
        changed = {
            *_write_map(name, before.maps[name], wanted.maps[name]),
            *_write_values(name, before.values, wanted.values),
            *_write_stages(name, before.stages.get(name), wanted.stages.get(name)),
        }
        if workspace.connection and changed:
            pulled = {
                row["salesforce"] for row in wanted.maps[name].values() if row["direction"] != Direction.PUSH
            }
            outdate_agreements(workspace.connection, name, sorted(changed), reread=bool(changed & pulled))
    if workspace.connection:  # after the outbox, as a push that settles: neither waits for the other
        read_all_again(workspace.connection, _filtered_anew(before, wanted))
    if workspace.connection and before.owners != wanted.owners:
        users = {user.email.lower(): user for user in User.objects.all()}
        _write_owners(workspace.connection, before.owners, wanted.owners, users, actor)


def _maps(state: State) -> tuple[Any, ...]:
    return state.maps, state.values, state.stages, state.owners


def _write_settings(before: State, wanted: State) -> None:
    changed = [option for option in OPTIONS if wanted.settings[option.path] != before.settings[option.path]]
    if changed:
        SyncSettings.objects.update(**{option.column: wanted.settings[option.path] for option in changed})
    if wanted.settings[MATCHING] and not before.settings[MATCHING]:
        note_all_domains()
    if any(option.column == "pull_interval_minutes" for option in changed):
        set_pull_interval(wanted.settings["pull.interval_minutes"])


def _filtered_anew(before: State, wanted: State) -> list[str]:
    """The objects whose pull filter changed."""
    old, new = before.settings["pull.filters"], wanted.settings["pull.filters"]
    return [name for name in SALESFORCE_OBJECTS if old.get(name, []) != new.get(name, [])]


def _make_stages(stages: list[tuple[str, str]]) -> None:
    for kind, name in stages:
        model = STAGE_MODELS[kind]
        last = model._default_manager.aggregate(last=Max("position"))["last"]
        model._default_manager.create(name=name, position=0 if last is None else last + 1)


def _write_map(name: str, before: dict[str, Row], wanted: dict[str, Row]) -> set[str]:
    """The Salesforce fields whose pairing changed.

    Changed rows are deleted and made anew, since two of them may have swapped their fields; a row that was
    suspended has just been checked, so that it no longer is.
    """
    if list(before.items()) == list(wanted.items()):
        return set()
    differ = {key for key in {**before, **wanted} if before.get(key) != wanted.get(key)}
    positions = {key: place for place, key in enumerate(wanted)}
    FieldMap.objects.filter(object=name, field__in=differ).delete()
    FieldMap.objects.bulk_create(
        FieldMap(object=name, field=key, position=positions[key], **wanted[key])
        for key in wanted
        if key in differ
    )
    kept = list(FieldMap.objects.filter(object=name).exclude(field__in=differ))
    for row in kept:
        row.position = positions[row.field]
    FieldMap.objects.bulk_update(kept, ["position"])
    rows = [(before.get(key), wanted.get(key)) for key in differ]
    return {row["salesforce"] for old, new in rows if _pairs_anew(old, new) for row in (old, new) if row}


def _pairs_anew(old: Row | None, new: Row | None) -> bool:
    return old is None or new is None or any(old[key] != new[key] for key in PAIRING)


def _write_values(
    name: str, before: dict[str, dict[str, str]], wanted: dict[str, dict[str, str]]
) -> set[str]:
    changed: set[str] = set()
    for key in {**before, **wanted}:
        object_name, _, field = key.partition(".")
        if object_name != name or before.get(key) == wanted.get(key):
            continue
        changed.add(field)
        ValueMap.objects.filter(object=name, salesforce_field=field).delete()
        ValueMap.objects.bulk_create(
            ValueMap(object=name, salesforce_field=field, salesforce_value=there, value=here)
            for there, here in wanted.get(key, {}).items()
        )
    return changed


def _write_stages(name: str, before: dict[str, Any] | None, wanted: dict[str, Any] | None) -> set[str]:
    if before == wanted:
        return set()
    StageMap.objects.filter(object=name).delete()
    if wanted:
        StageMap.objects.bulk_create(
            StageMap(object=name, salesforce_field=wanted["field"], salesforce_value=there, stage=stage)
            for there, stage in wanted["map"].items()
        )
    return {choice["field"] for choice in (before, wanted) if choice}


def _write_owners(
    connection: Connection,
    before: dict[str, list[str]],
    wanted: dict[str, list[str]],
    users: dict[str, User],
    actor: User | None,
) -> None:
    """By hand where the file says so; whoever is left out is matched by e-mail again. Records follow after it."""
    was = {id: email for email, ids in before.items() for id in ids}
    becomes = {id: email for email, ids in wanted.items() for id in ids}
    differ = [id for id in {**was, **becomes} if was.get(id) != becomes.get(id)]
    known = set(SalesforceOwner.objects.filter(connection=connection).values_list("salesforce_id", flat=True))
    SalesforceOwner.objects.bulk_create(
        SalesforceOwner(connection=connection, salesforce_id=id, name=id) for id in differ if id not in known
    )
    owners = SalesforceOwner.objects.filter(connection=connection, salesforce_id__in=differ)
    for owner in owners.order_by("pk").select_for_update():
        email = becomes.get(owner.salesforce_id)
        owner.by_hand = email is not None
        owner.save(update_fields=["by_hand"])
        hand_over(owner, users.get(email) if email else email_match(owner), actor=actor)
