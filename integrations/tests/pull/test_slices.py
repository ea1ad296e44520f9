"""How a run goes on and ends when something comes between two of its steps."""

from typing import Any

import pytest

from integrations.models import Connection, SyncedObject, SyncRun
from integrations.salesforce.errors import NeedsPerson
from integrations.salesforce.queries import QueryPage
from integrations.sync.pull import objects, slices
from integrations.sync.pull.extract import Extract
from integrations.sync.pull.lease import Lease
from integrations.sync.pull.runs import start_first_pull, start_pull
from integrations.sync.pull.slices import work_on
from integrations.sync.pull.staging import StagingTable
from integrations.tests import factories
from integrations.tests.factories import NOW
from mappings.models import FieldMap

pytestmark = pytest.mark.django_db


class Nobody:
    """An org that nobody asks."""

    calls = 0

    def query_page(self, soql: str) -> QueryPage:
        raise NeedsPerson(code="QUERY_TIMEOUT")


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
    worked_on: list[str] = []

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

    lease = Lease(run, clock=lambda: NOW)
    assert lease.take()
    monkeypatch.setattr(objects, "Extract", Read)
    objects.ObjectRun(run.children.get(), org=Nobody(), lease=lease).step()  # type: ignore[arg-type]
    child = run.children.get()
    assert (child.kind, child.state, child.phase) == ("pull", "running", "applying")


def half_applied(live: Connection, rows: int = 3) -> tuple[objects.ObjectRun, StagingTable]:
    """An object of which `rows` rows are staged and the first is applied."""
    run = start(live)
    run.children.update(state="running", phase="applying")
    lease = Lease(run, clock=lambda: NOW)
    assert lease.take()
    object_run = objects.ObjectRun(run.children.get(), org=Nobody(), lease=lease)  # type: ignore[arg-type]
    staging = object_run.staging
    staging.create(object_run.plan.columns)
    staging.insert_json([factories.row("Account", number) for number in range(rows)], asked_at=NOW)
    SyncedObject.objects.filter(name="Account").update(staged_rows=rows)
    place = {"last_seq": staging.last_seq(), "applied": 1, "asked_at": NOW.isoformat()}
    run.children.update(checkpoint=place)
    object_run.run.refresh_from_db()
    object_run.synced.refresh_from_db()
    return object_run, staging


def test_staging_emptied_while_it_is_applied_is_read_again(live: Connection) -> None:
    object_run, staging = half_applied(live)
    staging.truncate_after(0)
    object_run.step()
    object_run.run.refresh_from_db()
    assert (object_run.run.phase, object_run.run.checkpoint) == ("extracting", {})


def test_a_field_mapped_while_rows_are_applied_waits_for_the_next_pull(live: Connection) -> None:
    half_applied(live)
    schema = live.schemas.get(name="Account")
    schema.describe["fields"].append(factories.field("Sic"))
    schema.save()
    FieldMap.objects.filter(object="Account", field="industry").update(salesforce="Sic")
    child = SyncRun.objects.get(object="Account")
    assert child.parent
    lease = Lease(child.parent, clock=lambda: NOW)
    lease.fence = child.parent.fence
    objects.ObjectRun(child, org=Nobody(), lease=lease).step()  # type: ignore[arg-type]
    assert child.state == "succeeded"


def test_a_value_of_another_type_than_its_field_ends_the_objects_run_in_words(live: Connection) -> None:
    object_run, staging = half_applied(live, rows=0)
    staging.insert_json([factories.row("Account", 1, NumberOfEmployees="many")], asked_at=NOW)
    place = {"last_seq": staging.last_seq(), "applied": 0, "asked_at": NOW.isoformat()}
    SyncedObject.objects.filter(name="Account").update(staged_rows=1)
    object_run.run.parent.children.update(checkpoint=place)  # type: ignore[union-attr]
    SyncRun.objects.update(lease_until=None)
    assert work_on(SyncRun.objects.get(parent=None), org=Nobody(), clock=lambda: NOW, seconds=60)  # type: ignore[arg-type]
    assert live.errors.get().code == "UNUSABLE_VALUE"
    assert SyncRun.objects.get(parent=None).state == "failed"


def test_without_the_contacts_the_leads_are_left_out(live: Connection) -> None:
    live.schemas.filter(name="Contact").delete()
    objects_wanted = ["Contact", "Lead"]
    run = start_pull(connection=live, trigger=SyncRun.Trigger.FIRST, now=NOW, objects=objects_wanted)
    assert work_on(run, org=Nobody(), clock=lambda: NOW, seconds=60)  # type: ignore[arg-type]
    states = dict(run.children.values_list("object", "state"))
    assert states == {"Contact": "failed", "Lead": "cancelled"}


def test_a_lost_cursor_doesnt_hide_that_staging_was_emptied(live: Connection) -> None:
    object_run, staging = half_applied(live)
    SyncedObject.objects.filter(name="Account").update(staged=NOW)
    object_run.synced.refresh_from_db()
    object_run.run.checkpoint = {"from_seq": staging.last_seq()}
    staging.truncate_after(0)
    Extract(
        plan=object_run.plan,
        staging=staging,
        run=object_run.run,
        synced=object_run.synced,
        lease=object_run.lease,
        org=object_run.org,
    )._make_room()
    assert object_run.synced.staged is None
