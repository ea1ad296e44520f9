"""A worker in a process of its own, to be killed: preloaded once, forked for each test."""

import multiprocessing
import os
from datetime import UTC, datetime
from multiprocessing.context import ForkServerProcess
from types import ModuleType
from urllib.parse import quote

import django
from django.conf import settings

if not settings.configured:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import connection as database  # noqa: E402

from integrations import failpoints  # noqa: E402
from integrations.models import SyncRun  # noqa: E402
from integrations.sync.preparing import keep_prepared  # noqa: E402
from integrations.sync.pull import apply, extract  # noqa: E402
from integrations.sync.pull.slices import work_on  # noqa: E402
from integrations.tokens import open_org  # noqa: E402

SIZES: dict[ModuleType, tuple[str, ...]] = {extract: ("BULK_FROM", "BULK_PAGE"), apply: ("CHUNK_ROWS",)}


def small_pieces(*, bulk: bool) -> None:
    """Several pages and several chunks an object, in this process."""
    extract.BULK_FROM, extract.BULK_PAGE, apply.CHUNK_ROWS = 0 if bulk else 10_000, 150, 150


def work(run_id: int, place: str, bulk: bool) -> None:
    """Work on the run until it ends, or until the failpoint kills this process."""
    failpoints.arm(place)
    small_pieces(bulk=bulk)
    run = SyncRun.objects.select_related("connection").get(pk=run_id)
    org = open_org(run.connection, feature="pull")
    over = False
    while not over:
        now = datetime.now(UTC)
        over = work_on(run, org=org, clock=lambda: datetime.now(UTC), seconds=30, prepare=keep_prepared(now))


def start_worker(run: SyncRun, *, place: str, bulk: bool) -> ForkServerProcess:
    """A new process that works on the run, on this process' database."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=work, args=(run.pk, place, bulk), daemon=True)
    process.start()
    return process


def database_url() -> str:
    """Where this process' own database is, for other processes' environment."""
    place = database.settings_dict
    return f"postgresql://{place['USER']}@{quote(place['HOST'], safe='')}/{place['NAME']}"
