"""Hiding an object's records from view, and showing them again (spec C1). They sync either way."""

from django.db import connection as database

from crm.journal import uncaptured
from integrations.models import Connection, RecordLink, SyncedObject, SyncSettings
from integrations.sync.pull.plan import MODELS
from mappings.catalogue import SALESFORCE_OBJECTS

BATCH = 10_000

# `hidden` is no field that anyone syncs: neither journal nor outbox has anything to say of it.
HIDE = """
WITH batch AS (
  SELECT id, record_id FROM integrations_recordlink
   WHERE connection_id = %s AND salesforce_object = %s AND state = 'linked' AND id > %s ORDER BY id LIMIT %s
), shown AS (
  UPDATE {table} r SET hidden = %s FROM batch b WHERE r.id = b.record_id AND r.hidden <> %s
)
SELECT max(id) FROM batch"""


def to_show_or_hide(connection: Connection) -> list[str]:
    """The objects whose records are not all as visible as the settings say."""
    hidden = SyncSettings.current().hidden_objects
    return [
        synced.name
        for synced in SyncedObject.objects.filter(connection=connection)
        if synced.hidden != (synced.linked if synced.name in hidden else 0)
    ]


def apply_visibility(connection: Connection, object_name: str) -> None:
    """Make the object's records as visible as the settings say, a batch a transaction; safe to repeat."""
    hidden = object_name in SyncSettings.current().hidden_objects
    table = MODELS[SALESFORCE_OBJECTS[object_name]]._meta.db_table
    last: int | None = 0
    while last is not None:
        last = _batch(HIDE.format(table=table), [connection.pk, object_name, last, BATCH, hidden, hidden])
    linked = RecordLink.objects.filter(
        connection=connection, salesforce_object=object_name, state=RecordLink.State.LINKED
    ).count()
    SyncedObject.objects.filter(connection=connection, name=object_name).update(
        hidden=linked if hidden else 0
    )


def _batch(statement: str, parameters: list[int | str]) -> int | None:
    with uncaptured(), database.cursor() as cursor:
        cursor.execute(statement, parameters)
        (last,) = cursor.fetchone() or (None,)
        return last if last is None else int(last)
