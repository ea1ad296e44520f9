"""A worker with several threads in a process of its own, to be killed; forked from a preloaded server."""

import multiprocessing
import os
import threading
from datetime import UTC, datetime, timedelta
from multiprocessing.context import ForkServerProcess

import django
from django.conf import settings

if not settings.configured:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import connection as database  # noqa: E402
from django.db import connections  # noqa: E402

from integrations import failpoints  # noqa: E402
from integrations.models import Connection, OutboxEntry  # noqa: E402
from integrations.sync.push.drain import drain  # noqa: E402
from integrations.tokens import open_org  # noqa: E402

THREADS = 4
MOST = 200
"""Rows of a claim: many small ones, so that the workers meet."""


def work(connection_id: int, place: str, later: float, name: str) -> None:
    """Push until nothing waits, or until the failpoint kills this process; its clock is `later` seconds ahead."""
    connections.settings["default"]["NAME"] = name  # each thread makes its connection from these
    failpoints.arm(place)
    threads = [threading.Thread(target=_push, args=(connection_id, later)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _push(connection_id: int, later: float) -> None:
    connection = Connection.objects.get(pk=connection_id)
    org = open_org(connection, feature="push")
    ends_at = datetime.now(UTC) + timedelta(seconds=60)
    try:
        while (
            datetime.now(UTC) < ends_at
            and OutboxEntry.objects.filter(state__in=["pending", "unknown"]).exists()
        ):
            drain(
                connection,
                org,
                clock=lambda: datetime.now(UTC) + timedelta(seconds=later),
                seconds=60,
                most=MOST,
            )
    finally:
        org.close()
        database.close()


def start_worker(connection_id: int, *, place: str = "", later: float = 0) -> ForkServerProcess:
    """A new process that pushes, on this process' database."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(
        target=work, args=(connection_id, place, later, database.settings_dict["NAME"]), daemon=True
    )
    process.start()
    return process
