"""Preparing the workspace after connecting, and keeping it so at each pull (spec A4)."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from integrations.configuration.agreements import outdate_agreements
from integrations.models import Connection, ObjectSchema, SyncedObject, SyncRun, SyncSettings
from integrations.salesforce.org import Org
from integrations.sync.deadlocks import persistently
from integrations.sync.map_lock import change_maps
from integrations.sync.owners import follow_owners
from integrations.sync.pull.fields import normal_form
from integrations.sync.pull.runs import PULL_ORDER, open_run, start_pull
from integrations.sync.reassigning import settle_moves
from integrations.sync.refusals import Refused
from integrations.sync.stages import follow_stages
from mappings.defaults import default_map
from mappings.models import FieldMap

SETTLING_SECONDS = 20
"""Well within a lease: what is left then is worked off in the run's next slice."""

FOLLOWED = (*PULL_ORDER, "OpportunityContactRole")
DESCRIBED = (*FOLLOWED, "OpportunityStage", "User", "Task", "Event")


def prepare(connection: Connection, org: Org, *, now: datetime) -> SyncRun | None:
    """Read the schema, write what has no settings yet, and start the first read of the data.

    May be done again at any time: what stands is kept. None where a run is open already, or nothing may move
    just now. Raises SalesforceError.
    """
    read_schema(connection, org, DESCRIBED, now=now)
    SyncSettings.current()
    with transaction.atomic():
        Connection.objects.select_for_update().get(pk=connection.pk)
        for name in PULL_ORDER:
            SyncedObject.objects.get_or_create(connection=connection, name=name)
            _write_default_map(connection, name)
    follow_stages(connection, org)
    follow_owners(connection, org)
    Connection.objects.filter(pk=connection.pk).update(prepared_at=now)
    connection.prepared_at = now
    return _first_run(connection, now)


def keep_prepared(now: datetime) -> Callable[[Connection, Org], None]:
    """What a pull does before its first object: schema, stages and owners follow Salesforce."""

    def follow(connection: Connection, org: Org) -> None:
        read_schema(connection, org, FOLLOWED, now=now)
        follow_stages(connection, org)
        follow_owners(connection, org)
        settle_moves(seconds=SETTLING_SECONDS)

    return follow


def read_schema(connection: Connection, org: Org, names: tuple[str, ...], *, now: datetime) -> None:
    """Store each object's describe. What the user can't see has none, and rests with the reason.

    A field whose type is another now is agreed on anew (C11).
    """
    for name, described in org.describe_many(names).items():
        if described is None:
            ObjectSchema.objects.filter(connection=connection, name=name).delete()
        else:
            persistently(partial(_store, connection, name, dict(described.raw), now))
        reason = (
            "" if described else f"The connected Salesforce user can't see {name}. Give them read access."
        )
        SyncedObject.objects.filter(connection=connection, name=name).update(suspended=reason)


def _store(connection: Connection, name: str, describe: dict[str, Any], now: datetime) -> None:
    if retyped := _retyped(connection, name, describe):
        SyncSettings.objects.select_for_update().first()  # before the maps, as whoever saves one
        change_maps()
        outdate_agreements(connection, name, retyped, reread=True)
    ObjectSchema.objects.update_or_create(
        connection=connection, name=name, defaults={"describe": describe, "read_at": now}
    )


def _retyped(connection: Connection, name: str, describe: dict[str, Any]) -> list[str]:
    """The mapped fields whose values are written down otherwise from now on."""
    known = ObjectSchema.objects.filter(connection=connection, name=name).first()
    before = {field["name"]: field["type"] for field in known.describe.get("fields", [])} if known else {}
    after = {field["name"]: field["type"] for field in describe["fields"]}
    mapped = FieldMap.objects.filter(object=name).values_list("salesforce", flat=True).order_by("salesforce")
    return [
        field
        for field in dict.fromkeys(mapped)
        if field in before and field in after and normal_form(before[field]) != normal_form(after[field])
    ]


def _write_default_map(connection: Connection, name: str) -> None:
    schema = ObjectSchema.objects.filter(connection=connection, name=name).first()
    if schema and not FieldMap.objects.filter(object=name).exists():
        readable = frozenset(field["name"] for field in schema.describe["fields"])
        FieldMap.objects.bulk_create(default_map(name, readable))


def _first_run(connection: Connection, now: datetime) -> SyncRun | None:
    if open_run(connection):
        return None
    try:
        return start_pull(connection=connection, trigger=SyncRun.Trigger.FIRST, now=now)
    except Refused:
        return None
