"""What was read, on its way into the staging table."""

import io

import pytest

from integrations.models import Connection, SyncedObject
from integrations.salesforce.errors import TryLater
from integrations.sync.pull.extract import Extract
from integrations.sync.pull.lease import Lease
from integrations.sync.pull.plan import plan_object
from integrations.sync.pull.staging import StagingTable
from integrations.tests import factories
from integrations.tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def extract() -> Extract:
    live: Connection = factories.connection()
    factories.schemas(live)
    parent = factories.run(live)
    child = factories.run(live, "Account", parent=parent)
    lease = Lease(parent, clock=lambda: NOW)
    assert lease.take()
    plan = plan_object(live, "Account", child)
    staging = StagingTable(live.pk, "Account")
    staging.create(plan.columns)
    synced = SyncedObject.objects.get(name="Account")
    return Extract(plan=plan, staging=staging, run=child, synced=synced, lease=lease, org=None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(b'"Id","Name"\n"1","One"\n', id="a row is missing"),
        pytest.param(
            b'"Id","Name"\n"1","One"\n"2","breaks off\nhere\n', id="within a value of several lines"
        ),
        pytest.param(b'"Id","Name"\n"1","One"\n"2"\n', id="within a row"),
    ],
)
def test_a_page_that_broke_off_is_asked_for_again(extract: Extract, page: bytes) -> None:
    place: dict[str, object] = {"query": "bulk", "asked_at": NOW.isoformat()}
    with pytest.raises(TryLater):
        extract._save_bulk_page(io.BytesIO(page), place, rows=2, next_locator=None)
    assert extract.staging.rows() == 0


def test_nuls_are_dropped_and_counted(extract: Extract) -> None:
    extract.staging.insert_json([factories.row("Account", 1, Name="A\0B", Website="\\u0000")], asked_at=NOW)
    loaded = extract.staging.copy_csv(io.BytesIO(b'"Id","Name"\n"2","A\0B"\n'), asked_at=NOW)
    assert (loaded.rows, loaded.dropped_nuls) == (1, 1)
