"""The maps stand still while anybody compares or writes by what they say (spec C11, O1).

A pull's chunk that is still open has looked up owners by the old map, and nobody sees its records yet: were the map
changed beside it, those would not follow, and would look from then on as if somebody had changed their owner here.
It has compared by the old map of fields, too, and would agree on values that mean nothing under the new one.
So whoever changes a map waits for the open chunks and pushes, a second at most, and new ones wait for the change.
Taken before any row is locked that the other side locks, or the two would wait for each other.
"""

from django.db import connection

MAPS = 0x6D617073
"""The advisory lock, held until the end of the transaction."""
CURRENT = """
SELECT (%(version)s::int IS NULL OR EXISTS (SELECT FROM integrations_syncsettings WHERE maps_version = %(version)s))
   AND NOT EXISTS (SELECT FROM integrations_outdatedagreement a JOIN integrations_connection c ON c.id = a.connection_id
                    WHERE c.disconnected_at IS NULL)"""


class MapChanged(Exception):
    """The map isn't the plan's any more, or what was agreed under an older one isn't dropped yet.

    Nothing is written. Drop it (`configuration.agreements`), and make the plan anew.
    """


def keep_maps(version: int | None = None) -> None:
    """For whoever compares and writes, in several statements, by a plan of that version, or made after this.

    Raises MapChanged.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [MAPS])
        cursor.execute(CURRENT, {"version": version})
        if cursor.fetchone() != (True,):
            raise MapChanged


def change_maps() -> None:
    """For whoever changes what a field, value or stage is here, or who an owner is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [MAPS])
