"""Dropping from the links' base what a changed map has made meaningless (spec C11).

Without a base, equal values agree and a blank loses to a value when the pull next sees the record. Nothing is compared
until all of it is dropped (`map_lock.keep_maps`).
"""

import time
from collections.abc import Sequence

from django.db import connection as database
from django.db.models import F, QuerySet

from integrations.models import Connection, OutboxEntry, OutdatedAgreement, SyncedObject, SyncSettings
from integrations.sync.deadlocks import persistently

BATCH = 20_000

LOCK = """
    SELECT max(id) FROM (
        SELECT id FROM integrations_recordlink
        WHERE connection_id = %(connection)s AND salesforce_object = %(object)s AND id > %(done)s
        ORDER BY id LIMIT %(batch)s FOR NO KEY UPDATE
    ) batch
"""
DROP = """
    UPDATE integrations_recordlink SET base = base - %(field)s
    WHERE connection_id = %(connection)s AND salesforce_object = %(object)s AND id > %(done)s AND id <= %(last)s
      AND base ? %(field)s
"""
"""Apart, so that it sees what the lock has waited for."""
AGREE_ON_LESS = """
    UPDATE integrations_outboxentry o
    SET payload = o.payload || jsonb_build_object(
        'values', (o.payload -> 'values') - %(fields)s::text[],
        'extra', (SELECT coalesce(o.payload -> 'extra', '{}') || jsonb_object_agg(sent.key, sent.value)
                    FROM jsonb_each(o.payload -> 'values') sent WHERE sent.key = ANY(%(fields)s)))
    WHERE o.id = ANY(%(ids)s) AND (o.payload -> 'values') ?| %(fields)s::text[]
"""
"""What is on its way was composed by the old map: when its answer comes, that is no agreement any more."""


def outdate_agreements(
    connection: Connection, object_name: str, fields: Sequence[str], *, reread: bool
) -> None:
    """Note what is to be dropped; `drop_outdated_agreements` does it.

    Call inside the map's transaction, after `change_maps`. With `reread` the object's next pull reads every record
    again, for what was never read, or was read under another map. In the window nothing was applied yet, and
    staging holds all fields: no reading then.
    """
    SyncSettings.objects.update(maps_version=F("maps_version") + 1)
    _agree_on_less(object_name, list(fields))
    for field in fields:
        OutdatedAgreement.objects.update_or_create(
            connection=connection,
            salesforce_object=object_name,
            salesforce_field=field,
            defaults={"done": 0},
        )
    if reread:
        SyncedObject.objects.filter(connection=connection, name=object_name).update(read_again=True)


def _agree_on_less(object_name: str, fields: list[str]) -> None:
    underway = OutboxEntry.objects.filter(state__in=["in_flight", "unknown"], payload__object=object_name)
    ids = list(underway.order_by("pk").select_for_update().values_list("pk", flat=True))
    with database.cursor() as cursor:
        cursor.execute(AGREE_ON_LESS, {"fields": fields, "ids": ids})


def drop_outdated_agreements(*, seconds: float | None = None) -> bool:
    """Work off what is noted, a batch a transaction, for about `seconds`; True when nothing is left.

    For whoever met MapChanged, before they plan anew. Links of an ended connection agree on nothing that anybody asks
    for.
    """
    ends_at = None if seconds is None else time.monotonic() + seconds
    while persistently(_drop_one_batch):  # pulls and pushes write the same links
        if ends_at is not None and time.monotonic() >= ends_at:
            return not _noted().exists()
    return True


def _noted() -> QuerySet[OutdatedAgreement]:
    """As `map_lock.keep_maps` looks for them."""
    return OutdatedAgreement.objects.filter(connection__disconnected_at=None)


def _drop_one_batch() -> bool:
    with database.cursor() as cursor:
        noted = _noted().order_by("id").select_for_update(of=("self",)).first()
        if noted is None:
            return False
        place: dict[str, int | str] = {
            "connection": noted.connection_id,
            "object": noted.salesforce_object,
            "field": noted.salesforce_field,
            "done": noted.done,
        }
        cursor.execute(LOCK, place | {"batch": BATCH})
        last = cursor.fetchone()[0]
        if last is None:
            noted.delete()
            return True
        cursor.execute(DROP, place | {"last": last})
        noted.done = last
        noted.save(update_fields=["done"])
    return True
