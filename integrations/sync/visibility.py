"""Hiding an object's records from view, and showing them again (spec C1). They sync either way.

What stands outside the pull filter is hidden whatever the setting says (C12).
"""

from django.db import connection as database
from django.db.models import QuerySet

from crm.journal import uncaptured
from integrations.models import Connection, RecordLink, SyncedObject, SyncSettings
from integrations.sync.pull.plan import MODELS
from mappings.catalogue import SALESFORCE_OBJECTS

BATCH = 10_000

# `hidden` is no field that anyone syncs: neither journal nor outbox has anything to say of it.
HIDE = """
WITH batch AS (
  SELECT id, record_id, %s OR outside <> '' AS hides FROM integrations_recordlink
   WHERE connection_id = %s AND salesforce_object = %s AND state = 'linked' AND id > %s ORDER BY id LIMIT %s
), shown AS (
  UPDATE {table} r SET hidden = b.hides FROM batch b WHERE r.id = b.record_id AND r.hidden <> b.hides
)
SELECT max(id) FROM batch"""


def to_show_or_hide(connection: Connection) -> list[str]:
    """The objects whose records are not all as visible as the settings say."""
    hidden = SyncSettings.current().hidden_objects
    return [
        synced.name
        for synced in SyncedObject.objects.filter(connection=connection)
        if synced.hidden != (synced.linked if synced.name in hidden else synced.outside)
    ]


def apply_visibility(connection: Connection, object_name: str) -> None:
    """Make the object's records as visible as the settings say, a batch a transaction; safe to repeat."""
    hidden = object_name in SyncSettings.current().hidden_objects
    table = MODELS[SALESFORCE_OBJECTS[object_name]]._meta.db_table
    last: int | None = 0
    while last is not None:
        last = _batch(HIDE.format(table=table), [hidden, connection.pk, object_name, last, BATCH])
    count_outside(connection, object_name)
    if hidden:
        linked = _linked(connection, object_name).count()
        SyncedObject.objects.filter(connection=connection, name=object_name).update(hidden=linked)


def count_outside(connection: Connection, object_name: str) -> None:
    """Count again what stands outside the filter, and with that what is hidden."""
    outside = _linked(connection, object_name).exclude(outside="").count()
    synced = SyncedObject.objects.filter(connection=connection, name=object_name)
    synced.update(outside=outside)
    if object_name not in SyncSettings.current().hidden_objects:
        synced.update(hidden=outside)


def _linked(connection: Connection, object_name: str) -> QuerySet[RecordLink]:
    return RecordLink.objects.filter(
        connection=connection, salesforce_object=object_name, state=RecordLink.State.LINKED
    )


def _batch(statement: str, parameters: list[int | str]) -> int | None:
    with uncaptured(), database.cursor() as cursor:
        cursor.execute(statement, parameters)
        (last,) = cursor.fetchone() or (None,)
        return last if last is None else int(last)
