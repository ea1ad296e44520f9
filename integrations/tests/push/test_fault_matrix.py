"""Every fault that can meet a push, on every kind of write, one record and 250, with our key and without (D9).

After each, the org holds every record exactly once with the right values, no row waits, no error is open, and what
Salesforce said of the rows was told. Cells that can't occur, or would show nothing new:

| cell | why |
|---|---|
| with our key × update, delete | the key belongs to creates; an update and a delete name their record by its id |
| faults of the read × create, delete, role | only an update reads before it writes (D12) |
| faults of the search × update, delete | sent again, they say the same: nothing is searched for |
| commits that come later × reads | a read commits nothing |
| faults not in `COUNTED` × 250 | the call is refused or lost as a whole: its second row fares as its first |
| faults of Bulk jobs | collections only, until pushes go by Bulk jobs (D8) |
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any, NamedTuple

import pytest
from django.db import connection as database
from pytest_django.plugin import DjangoDbBlocker

from integrations.models import Connection, OutboxEntry, SyncError
from integrations.tests.push.committed import connected, forgotten, without_key
from integrations.tests.push.pushing import Desk
from integrations.tests.push.writes import Create, Delete, Recovery, Role, Update, Write, outbox
from integrations.tests.sandbox_process import SandboxOrg, sandbox_org

pytestmark = pytest.mark.django_db

TAGS = count()
WRITES: dict[str, type[Write]] = {"create": Create, "update": Update, "delete": Delete, "role": Role}


class Fault(NamedTuple):
    """`told` is the code that the error log must have shown, empty where Salesforce said nothing of the rows."""

    name: str
    told: str = ""
    do: dict[str, Any] = {}
    times: int = 1


LOST = [
    Fault("cut_before"),
    Fault("cut_after"),
    Fault("commit_later"),
    Fault("truncated"),
    Fault("truncated_csv"),
    Fault("slow", do={"delay": 0.6}),
    Fault("bad_gateway"),
    Fault("gateway_timeout"),
    Fault("gateway_timeout_after"),
    Fault("html_page"),
    Fault("html_after"),
]
LATER = [
    Fault("session_expired"),
    Fault("row_locked", "UNABLE_TO_LOCK_ROW", times=3),
    Fault("rows_locked", "UNABLE_TO_LOCK_ROW", times=2),
    Fault("daily_limit", "REQUEST_LIMIT_EXCEEDED"),
    Fault("concurrent_limit", "REQUEST_LIMIT_EXCEEDED"),
    Fault("too_many_requests", "HTTP_429"),
    Fault("unavailable", "SERVER_UNAVAILABLE"),
    Fault("server_error", "UNKNOWN_EXCEPTION"),
    Fault("edge_406", "HTTP_406"),
    Fault("edge_420", "HTTP_420"),
    Fault("maintenance", "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE"),
]
PERSON = [
    Fault("rows_refused", "FIELD_CUSTOM_VALIDATION_EXCEPTION"),
    Fault("storage_full", "STORAGE_LIMIT_EXCEEDED", times=0),
    Fault("api_disabled", "API_DISABLED_FOR_ORG", times=0),
    Fault("no_access", "INSUFFICIENT_ACCESS_OR_READONLY", times=0),
    Fault("session_not_for_rest", "INVALID_SESSION_ID", times=0),
    Fault("access_revoked"),
]
ALREADY_GONE = "ENTITY_IS_DELETED"
"""What a delete is told that is sent again because its answer was lost."""
COUNTED = {"cut_after", "commit_later", "rows_locked", "rows_refused", "storage_full"}
READ_FAULTS = [
    *("cut_before", "truncated", "slow", "session_expired", "access_revoked", "daily_limit", "concurrent_limit"),
    *("too_many_requests", "unavailable", "server_error", "gateway_timeout", "html_page", "query_timeout"),
    *("api_disabled", "no_access"),
]  # fmt: skip
SEARCH_FAULTS = [
    "cut_before",
    "truncated",
    "session_expired",
    "daily_limit",
    "server_error",
    "html_page",
    "no_access",
]


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[tuple[SandboxOrg, Connection]]:
    """One org and one connection for all cells; each cell is rolled back here, and has names of its own there."""
    with (
        django_db_blocker.unblock(),
        sandbox_org(tmp_path_factory.mktemp("matrix"), org_name="Acme") as running,
    ):
        try:
            yield running, connected(running)
        finally:
            forgotten()
            database.close()


@pytest.fixture
def org(shared: tuple[SandboxOrg, Connection]) -> Iterator[SandboxOrg]:
    running, _ = shared
    yield running
    running.control("DELETE", "/faults")
    running.control("DELETE", "/requests")


@pytest.fixture
def desk(org: SandboxOrg, shared: tuple[SandboxOrg, Connection], keyed: bool) -> Desk:
    """At a clock that agrees with the org's, which only goes on."""
    if not keyed:
        without_key(shared[1])
    desk = Desk(Connection.objects.get(pk=shared[1].pk), timeout=(5.0, 0.3))
    told = datetime.fromisoformat(org.control("GET", "/clock")["now"])
    desk.clock.skipped = told - datetime.now(UTC)
    return desk


def cell(desk: Desk, org: SandboxOrg, kind: str, number: int) -> Write:
    write = WRITES[kind](desk, org, count=number, tag=f"X{next(TAGS)}x")
    desk.say_something()
    write.prepare()
    write.act()
    return write


def meet(org: SandboxOrg, fault: Fault, **match: Any) -> None:
    if fault.name == "access_revoked":
        refusal = {"status": 400, "body": {"error": "invalid_grant", "error_description": "expired"}}
        org.control("POST", "/faults", {"match": {"path": "/oauth2/token", "times": 1}, "do": refusal})
    body = {"name": fault.name, "match": {"times": fault.times, **match}, "do": fault.do}
    org.control("POST", "/faults", body)


def met(org: SandboxOrg) -> bool:
    return all(rule["applied"] for rule in org.control("GET", "/faults"))


def until_handled(org: SandboxOrg) -> None:
    """A call that we gave up on still runs there."""
    while org.control("GET", "/requests/counts")["by_kind"].get("writing", 0) == 0:
        pass


def assert_settled(write: Write, *, keyed: bool) -> None:
    assert write.there() == write.expected()
    assert not OutboxEntry.objects.exists(), outbox()
    assert not SyncError.objects.exclude(state="closed").exists(), outbox()
    if keyed:
        keys = write.keys()
        assert None not in keys
        assert len(set(keys)) == len(keys)


CASES = [(True, "create"), (True, "role"), *((False, kind) for kind in WRITES)]
CELLS = [
    pytest.param(
        keyed, kind, number, fault, id=f"{kind}-{number}-{fault.name}-{'key' if keyed else 'no key'}"
    )
    for keyed, kind in CASES
    for number in (1, 250)
    for fault in (*LOST, *LATER, *PERSON)
    if number == 1 or fault.name in COUNTED
]
READS = [(name, number) for name in READ_FAULTS for number in (1, 250) if number == 1 or name == "cut_before"]
SEARCHES = [(*case, name) for case in CASES for name in SEARCH_FAULTS if case[1] in ("create", "role")]


@pytest.mark.parametrize(("keyed", "kind", "number", "fault"), CELLS)
def test_a_write_survives(
    desk: Desk, org: SandboxOrg, keyed: bool, kind: str, number: int, fault: Fault
) -> None:
    write = cell(desk, org, kind, number)
    org.control("DELETE", "/requests")
    meet(org, fault, operation=write.operations, object=write.object)
    desk.push()
    assert met(org)
    if fault.name == "slow":
        until_handled(org)
    if fault in PERSON:
        org.control("DELETE", "/faults")
    Recovery(desk, org).settle()
    assert_settled(write, keyed=keyed)
    told = set(SyncError.objects.values_list("code", flat=True))
    assert told - {ALREADY_GONE} == ({fault.told} if fault.told else set())


@pytest.mark.parametrize("keyed", [False])
@pytest.mark.parametrize(("name", "number"), READS)
def test_the_read_before_a_write_survives(
    desk: Desk, org: SandboxOrg, keyed: bool, name: str, number: int
) -> None:
    write = cell(desk, org, "update", number)
    meet(org, Fault(name, do={"delay": 0.6} if name == "slow" else {}), operation="retrieve")
    desk.push()
    assert met(org)
    Recovery(desk, org).settle()
    assert_settled(write, keyed=keyed)


@pytest.mark.parametrize(("keyed", "kind", "name"), SEARCHES)
def test_the_search_for_a_lost_create_survives(
    desk: Desk, org: SandboxOrg, keyed: bool, kind: str, name: str
) -> None:
    write = cell(desk, org, kind, 1)
    meet(org, Fault("cut_after"), operation="create,upsert", object=write.object)
    meet(org, Fault(name), operation="query", object=write.object)
    desk.push()
    desk.push()
    assert met(org)
    Recovery(desk, org).settle()
    assert_settled(write, keyed=keyed)
