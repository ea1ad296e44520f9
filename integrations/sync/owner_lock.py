"""The map of owners stands still while anybody reads it to write what it says (spec O1).

A pull's chunk that is still open has looked up owners by the old map, and nobody sees its records yet: were the map
changed beside it, those would not follow, and would look from then on as if somebody had changed their owner here.
So whoever changes the map waits for the open chunks and pushes, a second at most, and new ones wait for the change.
Taken before any row is locked, or the two would wait for each other.
"""

from django.db import connection

OWNERS = 0x6F776E73
"""The advisory lock, held until the end of the transaction."""


def keep_owners() -> None:
    """For whoever looks owners up and writes in several statements."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [OWNERS])


def change_owners() -> None:
    """For whoever changes who an owner is here."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [OWNERS])
