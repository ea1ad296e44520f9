"""How a run goes on and ends when something comes between two of its steps."""

from typing import Any

import pytest

from integrations.models import Connection, SyncRun
from integrations.salesforce.errors import NeedsPerson
from integrations.sync.pull import objects, slices
from integrations.sync.pull.runs import start_first_pull, start_pull
from integrations.sync.pull.slices import work_on
from integrations.tests import factories
from integrations.tests.factories import NOW

pytestmark = pytest.mark.django_db


class Nobody:
    """An org that nobody asks."""

    calls = 0


@pytest.fixture
def live() -> Connection:
    live = factories.connection()
    factories.schemas(live)
    return live


def start(live: Connection, trigger: str = "schedule") -> SyncRun:
    return start_pull(connection=live, trigger=SyncRun.Trigger(trigger), now=NOW, objects=["Account"])


def work(run: SyncRun, **more: Any) -> bool:
    return work_on(run, org=Nobody(), clock=lambda: NOW, seconds=5, **more)  # type: ignore[arg-type]


def test_a_run_that_cannot_be_prepared_does_not_block_the_next(live: Connection) -> None:
    def refuse(*_: Any) -> None:
        raise NeedsPerson(code="INSUFFICIENT_ACCESS")

    run = start(live)
    assert work(run, prepare=refuse)
    assert run.children.get().state == "cancelled"
    assert start(live).state == "waiting"


def preparation(live: Connection) -> SyncRun:
    """A run that was begun in the window, which is over now."""
    Connection.objects.update(activated_at=None)
    live.refresh_from_db()
    run = start(live, "first")
    Connection.objects.update(activated_at=NOW)
    live.refresh_from_db()
    return run


def test_turning_on_while_the_last_object_ends_leaves_no_child_open(
    live: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = preparation(live)
    run.children.update(state="succeeded")
    worked_on = []

    class Worker(slices._Worker):
        def _next_child(self) -> SyncRun | None:
            child = super()._next_child()
            if child is None and not worked_on:
                start_first_pull(connection=live, now=NOW)
            return child

        def _step(self, child: SyncRun) -> None:
            worked_on.append(child.object)
            SyncRun.objects.filter(pk=child.pk).update(state="succeeded")

    monkeypatch.setattr(slices, "_Worker", Worker)
    assert work(run)
    assert worked_on == ["Account"]


def test_turning_on_while_an_object_is_read_has_it_applied(
    live: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = preparation(live)

    class Read:
        """All pages are read, and just then syncing is turned on."""

        def __init__(self, **_: Any) -> None: ...

        def step(self) -> bool:
            return False

        def finish(self, **_: Any) -> None:
            start_first_pull(connection=live, now=NOW)
            run.children.update(phase="applying")

    lease = slices.Lease(run, clock=lambda: NOW)
    assert lease.take()
    monkeypatch.setattr(objects, "Extract", Read)
    objects.ObjectRun(run.children.get(), org=Nobody(), lease=lease).step()  # type: ignore[arg-type]
    child = run.children.get()
    assert (child.kind, child.state, child.phase) == ("pull", "running", "applying")
