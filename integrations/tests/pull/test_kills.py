"""Workers killed at every named failpoint: the next one goes on, and nothing is lost or double (design, C2)."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection as database
from pytest_django.plugin import DjangoDbBlocker

from integrations.failpoints import POINTS
from integrations.models import Connection, SyncedObject, SyncRun
from integrations.salesforce.org import Org
from integrations.sync.pull.lease import lease_time
from integrations.sync.pull.runs import PULL_ORDER
from integrations.tests.pull import live, worker
from integrations.tests.pull.in_step import assert_in_step
from integrations.tests.sandbox_process import ROOT, SandboxOrg

ONCE_A_RUN = "pull.run ended"
PULLED = (
    *("crm_potentialduplicate", "crm_uncompared"),
    *(
        "crm_account",
        "crm_contact",
        "crm_deal",
        "crm_contactrole",
        "crm_journalentry",
        "integrations_recordlink",
    ),
    *("integrations_outboxentry", "integrations_syncerror", "integrations_syncrun"),
)
CONNECTED = (
    *("integrations_connection", "mappings_fieldmap", "crm_pipeline", "crm_dealstage"),
    *("django_celery_beat_periodictask", "integrations_auditentry", "integrations_syncsettings"),
)


@pytest.mark.django_db
def test_a_worker_that_lost_its_lease_writes_nothing(
    demo_org: SandboxOrg, unshared: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its clock stood still in a page; meanwhile another took the run and finished it."""
    run, slow, quick = live.start(unshared), live.Clock(), live.Clock()
    quick.skip_to(slow() + lease_time() * 2)
    page, org = Org.query_page, live.door(unshared)

    def page_while_another_works(org: Org, soql: str, **options: Any) -> Any:
        monkeypatch.setattr(Org, "query_page", page)
        assert live.slice_of(SyncRun.objects.get(pk=run.pk), org=live.door(unshared), clock=quick)
        return page(org, soql, **options)

    monkeypatch.setattr(Org, "query_page", page_while_another_works)
    assert not live.slice_of(run, org=org, clock=slow, follow_schema=False)
    run.refresh_from_db()
    assert (run.state, run.fence) == ("succeeded", 2)
    assert_in_step(demo_org, unshared)


@pytest.fixture
def unshared(demo_org: SandboxOrg) -> Connection:
    return live.connect(demo_org)


@pytest.fixture(scope="module")
def committed(
    demo_process: SandboxOrg, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Connection]:
    """A connection that other processes see too. Put away after the last test of this file.

    pytest-django runs the tests that write outside of transactions last.
    """
    with django_db_blocker.unblock():
        empty(*PULLED, *CONNECTED)
        os.environ["DATABASE_URL"] = worker.database_url()
        yield live.connect(demo_process)
        os.environ.pop("DATABASE_URL")
        empty(*PULLED, *CONNECTED)
        database.close()


@pytest.fixture
def connection(committed: Connection) -> Connection:
    """Nothing pulled yet."""
    empty(*PULLED)
    SyncedObject.objects.all().delete()
    for name in PULL_ORDER:
        SyncedObject.objects.create(connection=committed, name=name)
    return committed


def empty(*tables: str) -> None:
    with database.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'staging'")
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP TABLE staging."{name}"')


@pytest.mark.kill
@pytest.mark.parametrize("bulk", [False, True], ids=["rest", "bulk"])
@pytest.mark.parametrize("point", [point for point in POINTS if point.startswith("pull.")])
def test_a_killed_worker_is_replaced(
    demo_org: SandboxOrg, connection: Connection, monkeypatch: pytest.MonkeyPatch, point: str, bulk: bool
) -> None:
    for module, names in worker.SIZES.items():
        for name in names:
            monkeypatch.setattr(module, name, getattr(module, name))  # put back afterwards
    run = live.start(connection)
    turn = 1 if point == ONCE_A_RUN else 3
    process = worker.start_worker(run, place=f"{point}:{turn}", bulk=bulk)
    process.join(30)
    assert process.exitcode == -signal.SIGKILL
    worker.small_pieces(bulk=bulk)
    assert live.finish(run).state == "succeeded"
    assert_in_step(demo_org, connection)
    assert live.pull(connection).state == "succeeded"


@pytest.mark.kill
def test_the_command_goes_on_where_it_was_killed(
    demo_org: SandboxOrg, connection: Connection, tmp_path: Path
) -> None:
    command = [sys.executable, "manage.py", "salesforce", "pull", "--json"]
    surroundings = os.environ | {"SYNC_LEASE_SECONDS": "1"}
    killed = subprocess.run(
        command,
        cwd=ROOT,
        env=surroundings | {"LOCKSTEP_FAILPOINT": "pull.chunk committed:2"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    run = SyncRun.objects.get(parent=None)
    again = subprocess.run(
        command, cwd=ROOT, env=surroundings, capture_output=True, text=True, timeout=60, check=False
    )
    assert again.returncode == 0, again.stderr
    answer = json.loads(again.stdout.splitlines()[-1])
    assert answer["run"] == run.pk
    assert answer["objects"]["Contact"]["seen"] == run.children.get(object="Contact").done
    assert_in_step(demo_org, connection)


@pytest.mark.kill
def test_two_workers_at_once_do_it_once(demo_org: SandboxOrg, connection: Connection) -> None:
    run = live.start(connection)
    workers = [worker.start_worker(run, place="", bulk=False) for _ in range(2)]
    for process in workers:
        process.join(60)
    assert [process.exitcode for process in workers] == [0, 0]
    run.refresh_from_db()
    assert (run.state, run.fence) == ("succeeded", 1)
    assert_in_step(demo_org, connection)
