"""Waking the push where something may leave that no edit announces."""

from django.db import connection as database

from integrations.triggers import CHANNEL


def wake_push() -> None:
    """`listen` hears it once the caller's transaction is committed."""
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])
