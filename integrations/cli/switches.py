"""`activate`, `extend`, `pause`, `resume`, `disconnect`: one move of the connection each."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from integrations.cli.answers import Answer, iso, to_the_minute
from integrations.models import Connection
from integrations.sync import window

Move = Callable[[Connection], None]


def activate(options: dict[str, Any]) -> Answer:
    return _moved("Syncing is on.", lambda c: window.activate(c, user=None, now=timezone.now()))


def extend(options: dict[str, Any]) -> Answer:
    return _moved("Six hours more.", lambda c: window.extend(c, user=None, now=timezone.now()))


def pause(options: dict[str, Any]) -> Answer:
    return _moved("Paused: nothing moves.", lambda c: window.pause(c, user=None, now=timezone.now()))


def resume(options: dict[str, Any]) -> Answer:
    return _moved("Resumed.", lambda c: window.resume(c, user=None, now=timezone.now()))


def disconnect(options: dict[str, Any]) -> Answer:
    return _moved(
        "Disconnected. Records, links and history stay.",
        lambda c: window.disconnect(c, user=None, now=timezone.now()),
    )


def _moved(words: str, move: Move) -> Answer:
    connection = window.live_connection(timezone.now())
    move(connection)
    ends_at = connection.window_ends_at if connection.in_window else None
    text = f"{words} The window ends at {to_the_minute(ends_at)}." if ends_at else words
    return Answer(text, {"state": connection.state.value, "window_ends_at": iso(ends_at)})
