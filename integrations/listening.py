"""Hears at once what PostgreSQL says on a channel, on a connection of its own (design, idea 4)."""

import logging
import time
from collections.abc import Callable, Iterator

import psycopg
from django.db import connection
from psycopg import sql

RECONNECT_SECONDS = 2.0
logger = logging.getLogger(__name__)


def wake_ups(channel: str, *, keep_on: Callable[[], bool], patience: float = 1.0) -> Iterator[None]:
    """Yield once when listening begins, since something may have waited, and for each burst of notices.

    A lost connection is made again until `keep_on` says no; it is asked every `patience` seconds.
    """
    while keep_on():
        try:
            with _direct_connection() as listener:
                listener.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                yield
                yield from _bursts(listener, keep_on, patience)
        except psycopg.OperationalError as problem:
            logger.warning("PostgreSQL can't be listened to, trying again: %s", problem)
            time.sleep(RECONNECT_SECONDS)


def _bursts(
    listener: psycopg.Connection[tuple[object, ...]], keep_on: Callable[[], bool], patience: float
) -> Iterator[None]:
    while keep_on():
        if list(listener.notifies(timeout=patience, stop_after=1)):
            list(listener.notifies(timeout=0))  # one wake-up is enough for all that came by now
            yield


def _direct_connection() -> psycopg.Connection[tuple[object, ...]]:
    """Beside the pool, whose connections come and go."""
    parameters = connection.get_connection_params()
    for name in ("pool", "cursor_factory", "context"):
        parameters.pop(name, None)
    return psycopg.connect(**parameters, autocommit=True)
