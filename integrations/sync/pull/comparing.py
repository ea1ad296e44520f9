"""Finding the potential duplicates of what a chunk wrote, in its own transaction (spec C5)."""

from django.db import connection as database

from crm.matching import TABLES, compare_written
from crm.models import Kind

CREATED = "SELECT new_id FROM chunk WHERE action = 'create'"


def compare_chunk(kind: str, *, creates: bool) -> int:
    """What became of the chunk's rows, once they are written: how many look like another record now."""
    if kind not in TABLES:
        return 0
    return compare_written(Kind(kind), _created() if creates else [])


def compare_adopted(kind: str) -> int:
    """People who were just given their account."""
    return compare_written(Kind(kind), [])


def _created() -> list[int]:
    with database.cursor() as cursor:
        cursor.execute(CREATED)
        return [pk for (pk,) in cursor.fetchall()]
