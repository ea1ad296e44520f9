"""{create, update, delete, a role} × {one, 250} × every fault × {with, without our key}: each record once.

What can't occur, and so has no cell:

| cell | why |
|---|---|
| faults of the read × create, delete, role | only an update reads first |
| partial failures × one | a call of one row has no part that succeeds |
| slow × 250 | the time limit doesn't depend on the rows; two real seconds a cell |
| with our key × update, delete | the key belongs to creates; an update names its record by id |
"""

from collections.abc import Iterator
from itertools import count

import pytest

from integrations.models import SyncSettings
from integrations.tests.pull import live
from integrations.tests.push.cells import OPERATIONS, Cell
from integrations.tests.sandbox_process import SandboxOrg, sandbox_org

pytestmark = pytest.mark.django_db
KEYED = ("Account", "Contact", "Lead", "Opportunity", "OpportunityContactRole")
KEY = {"name": "Lockstep_Id__c", "type": "string", "length": 64, "externalId": True, "unique": True}

WRITE_FAULTS = (
    *("cut_before", "cut_after", "commit_later", "truncated", "html_page", "html_after"),
    *("gateway_timeout", "gateway_timeout_after", "bad_gateway", "edge_420", "server_error", "unavailable"),
    *("too_many_requests", "daily_limit", "concurrent_limit", "maintenance", "row_locked"),
    *("session_expired", "access_revoked"),
)
READ_FAULTS = (
    *("cut_before", "truncated", "html_page", "gateway_timeout", "unavailable", "too_many_requests"),
    *("daily_limit", "concurrent_limit", "session_expired", "access_revoked"),
)
PARTIAL_FAULTS = ("rows_locked", "rows_refused")
marks = count(1)


@pytest.fixture(scope="module")
def org(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxOrg]:
    with sandbox_org(tmp_path_factory.mktemp("matrix"), org_name="Acme") as running:
        if request.param == "with our key":
            for name in KEYED:
                running.control("POST", f"/schema/{name}/fields", KEY)
        yield running


@pytest.fixture
def cell(org: SandboxOrg, case: str, size: int) -> Iterator[Cell]:
    connection = live.connect(org)
    settings = SyncSettings.current()
    settings.people_push_new = settings.deals_push_new = True
    settings.save()
    cell = Cell(org, connection, case, size, live.Clock())
    cell.prepare(f"Cell{next(marks)}")
    yield cell
    org.control("DELETE", "/faults")
    org.control("POST", "/clock", {"reset": True})


def meet(cell: Cell, fault: str, operation: str, *, patience: float = 30.0) -> None:
    """Write, meet the fault once, recover."""
    cell.write()
    cell.org.control("POST", "/faults", {"name": fault, "match": {"operation": operation}})
    cell.push(patience=patience)
    assert all(fault["spent"] for fault in cell.org.control("GET", "/faults")), "the fault was never met"
    cell.recover()
    cell.assert_at_rest()


CASES = [("with our key", case) for case in ("create", "role")] + [
    ("without it", case) for case in OPERATIONS
]
EVERY_CASE = pytest.mark.parametrize(("org", "case"), CASES, indirect=["org"])


@pytest.mark.parametrize("size", [1, 250])
@EVERY_CASE
@pytest.mark.parametrize("fault", WRITE_FAULTS)
def test_a_write_that_meets_a_fault_is_done_once(cell: Cell, case: str, fault: str, size: int) -> None:
    meet(cell, fault, OPERATIONS[case])


@pytest.mark.parametrize("size", [250])
@EVERY_CASE
@pytest.mark.parametrize("fault", PARTIAL_FAULTS)
def test_rows_that_fail_go_out_again_and_the_others_dont(
    cell: Cell, case: str, fault: str, size: int
) -> None:
    meet(cell, fault, OPERATIONS[case])


@pytest.mark.parametrize("size", [1, 250])
@pytest.mark.parametrize(("org", "case"), [("without it", "update")], indirect=["org"])
@pytest.mark.parametrize("fault", READ_FAULTS)
def test_a_read_that_meets_a_fault_costs_nothing(cell: Cell, fault: str, case: str, size: int) -> None:
    meet(cell, fault, "retrieve")


@pytest.mark.parametrize("size", [1])
@EVERY_CASE
def test_an_answer_that_comes_too_late_is_looked_for(cell: Cell, case: str, size: int) -> None:
    meet(cell, "slow", OPERATIONS[case], patience=0.5)
