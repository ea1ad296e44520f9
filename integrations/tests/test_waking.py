"""An end of what held the edits up wakes the push, as an edit would."""

from collections.abc import Callable

import pytest
from django.db import connection as database

from integrations.models import Connection
from integrations.sync import window
from integrations.tests.conftest import NOON, make_connection
from integrations.triggers import CHANNEL

pytestmark = pytest.mark.django_db(transaction=True)


def heard(move: Callable[[], None]) -> list[str]:
    with database.cursor() as cursor:
        cursor.execute(f"LISTEN {CHANNEL}")
        move()
        notes = [note.channel for note in database.connection.notifies(timeout=0.2, stop_after=1)]
        cursor.execute("UNLISTEN *")
    return notes


def paused() -> Connection:
    connection = make_connection(activated_at=NOON)
    connection.pause(NOON)
    return connection


def test_resuming_wakes_the_push() -> None:
    connection = paused()
    assert heard(lambda: window.resume(connection, user=None, now=NOON)) == [CHANNEL]


def test_ending_read_only_wakes_the_push() -> None:
    connection = make_connection(activated_at=NOON, read_only=True)
    assert heard(lambda: window.set_read_only(connection, False, user=None, now=NOON)) == [CHANNEL]


def test_pausing_wakes_nobody() -> None:
    connection = make_connection(activated_at=NOON)
    assert heard(lambda: window.pause(connection, user=None, now=NOON)) == []
