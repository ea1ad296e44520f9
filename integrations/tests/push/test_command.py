"""`manage.py salesforce push`, with no worker (spec, *Command line*)."""

import json
from typing import Any

import pytest
from django.core.management import call_command

from crm.models import Account, Contact
from integrations.models import ApiAllowance, Connection, OutboxEntry, SyncSettings
from integrations.tests.push.pushing import Desk
from integrations.tests.sandbox_process import SandboxOrg

pytestmark = pytest.mark.django_db(transaction=True)
PROMISED = {"created", "updated", "deleted", "adopted", "held", "failed", "api_calls", "seconds"}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def command(*arguments: str) -> tuple[int, dict[str, Any]]:
        code = 0
        try:
            call_command("salesforce", *arguments, "--json")
        except SystemExit as ended:
            code = int(ended.code or 0)
        return code, json.loads(capsys.readouterr().out.splitlines()[-1])

    return command


def test_push_sends_what_is_due_and_tells_what_it_did(desk: Desk, run: Any) -> None:
    desk.create(Contact, last_name="Command", account=desk.create(Account, name="Command Ltd"))
    code, told = run("push", "--drain")
    assert (code, told["created"]) == (0, 2)
    assert set(told) >= PROMISED


def test_a_held_row_is_no_failure_of_the_command(desk: Desk, run: Any) -> None:
    desk.create(Contact, first_name="Nameless")
    code, told = run("push", "--drain")
    assert (code, told["failed"], told["created"]) == (0, 1, 0)


def test_draining_waits_out_what_is_due_later(desk: Desk, run: Any, org: SandboxOrg) -> None:
    org.control("POST", "/faults", {"name": "rows_locked", "match": {"operation": "create", "times": 0}})
    desk.create(Contact, last_name="Locked")
    assert run("push", "--drain")[1]["created"] == 0
    org.control("DELETE", "/faults")
    assert run("push", "--drain", "--wait", "30")[1]["created"] == 1


def test_push_all_adds_what_salesforce_doesnt_have(desk: Desk, run: Any) -> None:
    SyncSettings.objects.update(people_push_new=False)
    desk.create(Contact, last_name="Before")
    assert run("push")[1]["created"] == 0
    assert run("push", "--object", "Contact", "--all")[1]["created"] == 1


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"activated_at": None}, "Syncing isn't on yet"),
        ({"paused_at": "2026-01-01T00:00Z"}, "paused"),
        ({"read_only": True}, "read only"),
    ],
)
def test_push_is_refused_while_nothing_may_leave(
    desk: Desk, run: Any, values: dict[str, object], says: str
) -> None:
    desk.create(Contact, last_name="Refused")
    Connection.objects.update(window_ends_at="2099-01-01T00:00Z", **values)
    code, told = run("push")
    assert (code, says in told["refused"]) == (3, True)
    assert (told["until"] is not None) == ("activated_at" in values)
    assert OutboxEntry.objects.get().state == "pending"


def test_a_push_that_met_the_daily_limit_ends(
    desk: Desk, run: Any, org: SandboxOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        assert len(naps) < 5, "it naps for ever"

    desk.create(Account, name="Limit Ltd")
    desk.create(Contact, last_name="Limit")
    org.control("POST", "/faults", {"name": "daily_limit", "match": {"operation": "create", "times": 0}})
    monkeypatch.setattr("integrations.cli.pushing.time.sleep", nap)
    code, told = run("push", "--drain")
    assert (code, told["created"], ApiAllowance.objects.get().waits_until is None) == (0, 0, False)
    assert told["api_calls"] == 1
