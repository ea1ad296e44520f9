"""Two workers of four threads each on one outbox, with locked rows and kills: each row settled once (spec D9)."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from crm import journal
from crm.models import Account, Contact
from integrations.models import Connection, OutboxEntry, SyncError, SyncSettings
from integrations.tests.pull import live
from integrations.tests.push.pushing import Desk
from integrations.tests.push.worker import start_worker
from integrations.tests.sandbox_process import SandboxOrg, sandbox_org

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = int(os.environ.get("PUSH_ROWS", "10000"))
KEY = {"name": "Lockstep_Id__c", "type": "string", "length": 36, "externalId": True, "unique": True}
LEASE_OVER = 400.0


@pytest.fixture(scope="module")
def keyed_org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxOrg]:
    with sandbox_org(tmp_path_factory.mktemp("workers"), org_name="Acme") as running:
        for name in ("Account", "Contact"):
            running.control("POST", f"/schema/{name}/fields", KEY)
        yield running


@pytest.fixture
def desk(keyed_org: SandboxOrg) -> Desk:
    connection = live.connect(keyed_org)
    settings = SyncSettings.current()
    settings.people_push_new = settings.accounts_push_new = True
    settings.save()
    return Desk(connection)


def crowd(mark: str, rows: int) -> list[Contact]:
    with journal.acting(None, "import"):
        accounts = Account.objects.bulk_create(Account(name=f"{mark} {n}") for n in range(max(rows // 20, 1)))
        people = [
            Contact(last_name=f"{mark}-{n}", title="first", account=accounts[n % len(accounts)])
            for n in range(rows)
        ]
        return Contact.objects.bulk_create(people)


def there(org: SandboxOrg, mark: str) -> dict[str, str]:
    """Titles by name; fails where a name is there twice."""
    soql = f"SELECT LastName, Title FROM Contact WHERE LastName LIKE '{mark}-%'"
    rows = org.control("GET", f"/query?q={quote(soql)}")["records"]
    doubles = [name for name, count in Counter(row["LastName"] for row in rows).items() if count > 1]
    assert not doubles
    return {row["LastName"]: row["Title"] for row in rows}


def run_to_the_end(connection: Connection, *, places: tuple[str, ...]) -> list[int | None]:
    """Two workers at once, then one that finds what the killed ones left; the exit codes of the two."""
    workers = [start_worker(connection.pk, place=place) for place in places]
    for worker in workers:
        worker.join(timeout=120)
    for _ in range(3):
        if OutboxEntry.objects.exists():
            last = start_worker(connection.pk, later=LEASE_OVER)
            last.join(timeout=120)
            assert last.exitcode == 0
    return [worker.exitcode for worker in workers]


def test_ten_thousand_rows_are_settled_once_by_two_workers(desk: Desk, keyed_org: SandboxOrg) -> None:
    crowd("Crowd", ROWS)
    keyed_org.control(
        "POST", "/faults", {"name": "rows_locked", "match": {"operation": "upsert", "nth": 3, "times": 5}}
    )
    codes = run_to_the_end(desk.connection, places=("push.answered:6", "push.marked:9"))
    assert -signal.SIGKILL in codes
    assert not OutboxEntry.objects.exists()
    assert set(there(keyed_org, "Crowd").values()) == {"first"}
    assert len(there(keyed_org, "Crowd")) == ROWS
    assert not SyncError.objects.exclude(state="closed").exists()


def test_the_last_edit_stands_there_however_many_workers_push(desk: Desk, keyed_org: SandboxOrg) -> None:
    people = crowd("Order", 300)
    workers = [start_worker(desk.connection.pk) for _ in range(2)]
    for turn in range(4):
        with journal.acting(None, "web"):
            Contact.objects.filter(pk__in=[person.pk for person in people]).update(title=f"turn {turn}")
    for worker in workers:
        worker.join(timeout=120)
    run_to_the_end(desk.connection, places=("",))
    assert set(there(keyed_org, "Order").values()) == {"turn 3"}


@pytest.mark.parametrize(
    "place", ["push.claimed", "push.composed", "push.marked", "push.answered", "push.settled"]
)
def test_a_worker_killed_anywhere_leaves_each_record_once(
    desk: Desk, keyed_org: SandboxOrg, place: str
) -> None:
    mark = f"Killed{place[5:]}"
    crowd(mark, 40)
    codes = run_to_the_end(desk.connection, places=(place,))
    assert codes == [-signal.SIGKILL]
    assert not OutboxEntry.objects.exists()
    assert len(there(keyed_org, mark)) == 40
