"""Pull rows without an org: put them into staging as a page would, and apply them."""

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import connection as database
from psycopg import sql

from integrations.models import Connection, SyncRun
from integrations.sync.pull import apply
from integrations.sync.pull.apply import Applier
from integrations.sync.pull.lease import Lease
from integrations.sync.pull.plan import plan_object
from integrations.sync.pull.staging import StagingTable
from integrations.tests import factories
from integrations.tests.factories import NOW


def pull_rows(
    live: Connection,
    object_name: str,
    rows: list[dict[str, Any]],
    *,
    trigger: str = "schedule",
    now: datetime = NOW,
) -> SyncRun:
    """Apply `rows` of one object and return the run with its counts."""
    SyncRun.objects.filter(connection=live).update(state="succeeded")
    parent = factories.run(live, trigger=trigger)
    child = factories.run(live, object_name, trigger=trigger, parent=parent)
    lease = Lease(parent, clock=lambda: now)
    assert lease.take()
    plan = plan_object(live, object_name, child)
    staging = StagingTable(live.pk, object_name)
    staging.create(plan.columns)
    staging.insert_json(rows, asked_at=now)
    staging.make_ready()
    applier = Applier(plan=plan, staging=staging, run=child, lease=lease)
    while applier.apply_chunk(last_seq=staging.last_seq()):
        pass
    applier.adopt_late_parents()
    return child


def before(monkeypatch: pytest.MonkeyPatch, words: str, act: Callable[[], None]) -> None:
    """Do something once, just before the pull runs the statement that contains these words."""
    run = apply.execute
    done: list[str] = []

    def run_after_acting(statement: sql.Composable, parameters: list[Any] | None = None) -> int:
        if words in statement.as_string(None) and not done:
            done.append(words)
            act()
        return run(statement, parameters)

    monkeypatch.setattr(apply, "execute", run_after_acting)


def start_meanwhile(act: Callable[[], object]) -> threading.Thread:
    """Somebody else does it at the same time, and gets as far as they can before this returns."""

    def run() -> None:
        try:
            act()
        finally:
            database.close()

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(0.3)
    return thread
