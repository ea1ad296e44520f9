"""`manage.py salesforce`, in words and JSON, against a running org (spec, *Command line*)."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from django.core.management import call_command
from django.db import OperationalError
from django.utils import timezone

from crm.models import Contact
from integrations.management.commands.salesforce import Command
from integrations.models import Connection, OutboxEntry, SyncError, SyncRun
from integrations.tests.conftest import NOON, make_connection
from integrations.tests.sandbox_process import SandboxOrg, sandbox_org
from integrations.tokens import ConnectionTokens


@pytest.fixture(scope="module")
def demo_org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxOrg]:
    with sandbox_org(tmp_path_factory.mktemp("demo"), seed="demo") as running:
        yield running


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command; returns its exit code and its last line's JSON."""

    def command(*arguments: str) -> tuple[int, dict[str, Any]]:
        code = 0
        try:
            call_command("salesforce", *arguments, "--json")
        except SystemExit as ended:
            code = int(ended.code or 0)
        return code, json.loads(capsys.readouterr().out.splitlines()[-1])

    return command


@pytest.fixture
def connect(run: Any, demo_org: SandboxOrg, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("SF_SECRET", demo_org.client_secret)
    code, answer = run(
        "connect",
        f"--login-url={demo_org.url}",
        f"--client-id={demo_org.client_id}",
        "--client-secret-env=SF_SECRET",
    )
    assert code == 0
    return dict(answer)


@pytest.mark.django_db(transaction=True)
def test_connect_window_refusal_activate_pull(run: Any, connect: dict[str, Any]) -> None:
    assert connect["state"] == "configuring"
    code, refused = run("pull")
    assert code == 3
    assert refused["until"] == connect["window_ends_at"]
    assert run("activate") == (0, {"state": "active", "window_ends_at": None})
    code, pulled = run("pull")
    assert code == 0
    assert (
        pulled["objects"]["Contact"]["created"] == Contact.objects.filter(pk__in=_linked("Contact")).count()
    )
    assert pulled["api_calls"] > 0
    code, again = run("pull", "--object", "Contact")
    assert (code, set(again["objects"])) == (0, {"Contact"})
    assert again["objects"]["Contact"]["created"] == 0
    _, status = run("status")
    assert status["objects"]["Contact"]["linked"] == pulled["objects"]["Contact"]["created"]
    assert status["objects"]["Contact"]["lag_seconds"] >= 0
    assert status["objects"]["Contact"]["watermark"]


def _linked(name: str) -> Any:
    from integrations.models import RecordLink

    return RecordLink.objects.filter(salesforce_object=name, state="linked").values("record_id")


@pytest.mark.django_db(transaction=True)
def test_an_open_pull_is_joined_not_doubled(run: Any, connect: dict[str, Any]) -> None:
    from integrations.sync import due

    run("activate")
    (first,) = due.start_first_pulls(NOON)
    _, pulled = run("pull")
    assert pulled["run"] == first.pk
    assert SyncRun.objects.filter(parent=None, state__in=["waiting", "running"]).count() == 0


def test_status_without_a_connection(db: None, run: Any) -> None:
    code, status = run("status")
    assert (code, status["state"], status["org_id"]) == (0, "disconnected", None)
    assert set(status["objects"]) == {"Account", "Contact", "Lead", "Opportunity"}
    assert status["api"] == {"used_by_us": 0, "used_by_org": None, "limit": None, "waiting": False}


def test_status_counts_what_waits_and_what_needs_a_person(connection: Connection, run: Any) -> None:
    OutboxEntry.objects.create(kind="contact", record_id=1)
    OutboxEntry.objects.create(kind="contact", record_id=2, state="held")
    for state in ("open", "closed"):
        SyncError.objects.create(
            connection=connection,
            code="INVALID_FIELD",
            message="",
            state=state,
            created_at=NOON,
            changed_at=NOON,
        )
    _, status = run("status")
    assert status["outbox"] == {"pending": 1, "in_flight": 0, "unknown": 0, "held": 1}
    assert status["errors"] == {"INVALID_FIELD": 1}


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({"disconnected_at": NOON, "paused_at": NOON}, "disconnected"),
        ({"needs_sign_in_since": NOON, "paused_at": NOON}, "needs_sign_in"),
        ({"paused_at": NOON, "read_only": True}, "paused"),
        ({"read_only": True}, "configuring"),
        ({"read_only": True, "activated_at": NOON}, "read_only"),
        ({"activated_at": NOON}, "active"),
    ],
)
def test_status_names_the_first_state_that_holds(
    db: None, run: Any, values: dict[str, Any], state: str
) -> None:
    make_connection(**values)
    assert run("status")[1]["state"] == state


@pytest.mark.parametrize("command", ["activate", "extend", "pause", "resume", "disconnect", "pull"])
def test_without_a_connection_all_moves_are_refused(db: None, run: Any, command: str) -> None:
    assert run(command) == (3, {"refused": "Salesforce isn't connected.", "until": None})


def test_a_missing_secret_is_a_failure_that_names_the_variable(db: None, run: Any) -> None:
    code, answer = run("connect", "--login-url=sandbox", "--client-id=x", "--client-secret-env=NO_SUCH")
    assert (code, answer["code"]) == (1, "USAGE")
    assert "NO_SUCH" in answer["error"]


def test_a_plain_http_host_is_refused(db: None, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SF_SECRET", "s")
    code, answer = run(
        "connect",
        "--login-url=http://acme.my.salesforce.com",
        "--client-id=x",
        "--client-secret-env=SF_SECRET",
    )
    assert code == 3
    assert "Plain http" in answer["refused"]


def test_wrong_usage_is_a_failure(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("salesforce", "pull", "--object", "Case")
    assert ended.value.code == 1


@pytest.mark.parametrize("arguments", [[], ["bogus"], ["status", "--bogus"]])
def test_wrong_usage_of_the_outermost_command_is_a_failure_too(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    called = ["manage.py", "salesforce", *arguments, "--json"]
    monkeypatch.setattr("sys.argv", called)
    with pytest.raises(SystemExit) as ended:
        Command().run_from_argv(called)
    assert ended.value.code == 1
    assert json.loads(capsys.readouterr().out)["code"] == "USAGE"


@pytest.mark.parametrize(
    ("problem", "code"),
    [(OperationalError("down"), "DATABASE"), (KeyError("client_secret=abc"), "UNFORESEEN")],
)
def test_what_nobody_foresaw_is_still_one_object(
    run: Any, monkeypatch: pytest.MonkeyPatch, problem: Exception, code: str
) -> None:
    def fail(now: Any) -> Any:
        raise problem

    monkeypatch.setattr("integrations.cli.status.standing", fail)
    exit_code, answer = run("status")
    assert (exit_code, answer["code"]) == (1, code)
    assert "abc" not in answer["error"]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"settings": {"assignment_rules": true}, "settings": {}}',
        '{"settings": {"pull": {"interval_minutes": NaN}}}',
        '{"settings": {"api": {"daily_share_percent": 1e999}}}',
        '{"settings": {"\\ud800": 1}}',
        '{"\\u0000": {"\\u2028": 1}}',
    ],
    ids=["deep list", "deep object", "key twice", "NaN", "infinity", "half a pair", "signs that end lines"],
)
def test_a_hostile_file_is_refused_in_one_line_of_json(db: None, run: Any, tmp_path: Path, text: str) -> None:
    file = tmp_path / "hostile.json"
    file.write_text(text, encoding="utf-8")
    code, answer = run("config", "import", str(file))
    assert (code, "error" in answer) == (1, True)


def test_a_file_that_isnt_there_is_a_failure_in_words(db: None, run: Any, tmp_path: Path) -> None:
    code, answer = run("config", "import", str(tmp_path / "none.json"))
    assert (code, answer["code"]) == (1, "FILE")
    assert "can't be read" in answer["error"]


@pytest.mark.django_db(transaction=True)
def test_connecting_with_a_jwt(run: Any, demo_org: SandboxOrg, tmp_path: Path) -> None:
    key, certificate = key_and_certificate()
    demo_org.control("PATCH", f"/apps/{demo_org.client_id}", {"certificate": certificate})
    file = tmp_path / "key.pem"
    file.write_text(key, encoding="utf-8")
    app = (f"--login-url={demo_org.url}", f"--client-id={demo_org.client_id}", f"--jwt-key={file}")
    code, answer = run("connect", *app, "--username=integration@acme.example")
    assert (code, answer["sync_user"]) == (0, "integration@acme.example")
    connection = Connection.objects.get()
    assert connection.flow == Connection.Flow.JWT
    tokens = ConnectionTokens(connection.pk)
    assert tokens.refreshed(tokens.current()).version == connection.token_version + 1


def test_a_jwt_needs_whom_to_sign_in(db: None, run: Any, tmp_path: Path) -> None:
    code, answer = run("connect", "--login-url=sandbox", "--client-id=x", f"--jwt-key={tmp_path / 'none'}")
    assert (code, answer["code"]) == (1, "USAGE")


def key_and_certificate() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Lockstep")])
    now = timezone.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private.decode(), certificate.public_bytes(pem).decode()


@pytest.mark.django_db
def test_a_configuration_goes_through_a_pipe(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    code, exported = run("config", "export", "-")
    assert code == 0
    assert exported["settings"]
    assert not Path("-").exists()
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(exported)))
    assert run("config", "import", "-", "--dry-run") == (0, {"changes": []})


@pytest.mark.django_db
def test_people_read_times_to_the_minute(capsys: pytest.CaptureFixture[str]) -> None:
    make_connection(window_ends_at=datetime(2026, 11, 24, 8, 6, 1, 449152, tzinfo=UTC))
    call_command("salesforce", "status")
    assert "on at 2026-11-24 08:06 UTC\n" in capsys.readouterr().out


def add_errors(live: Connection, **values: Any) -> None:
    for number, code in enumerate(("STRING_TOO_LONG", "STRING_TOO_LONG", "REQUIRED_FIELD_MISSING")):
        SyncError.objects.create(
            connection=live, kind="contact", record_id=number, code=code, message="m", created_at=NOON,
            changed_at=NOON, **values,
        )  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], {"open": 3, "retried": 0, "closed": 0}),
        (["--retry", "STRING_TOO_LONG"], {"open": 1, "retried": 2, "closed": 0}),
        (["--retry", "all"], {"open": 0, "retried": 3, "closed": 0}),
        (["--retry", "UNHEARD_OF"], {"open": 3, "retried": 0, "closed": 0}),
    ],
)
def test_errors_are_counted_and_tried_again(run: Any, arguments: list[str], expected: dict[str, int]) -> None:
    add_errors(make_connection())
    assert run("errors", *arguments) == (0, expected)


@pytest.mark.django_db
def test_pull_errors_are_said_to_be_passed_over(capsys: pytest.CaptureFixture[str]) -> None:
    add_errors(make_connection(), source="pull")
    call_command("salesforce", "errors", "--retry", "all")
    assert (
        "3 of a pull, of the connection or of an earlier org can't be sent again" in capsys.readouterr().out
    )


@pytest.mark.django_db
def test_trying_again_needs_a_connection(run: Any) -> None:
    assert run("errors") == (0, {"open": 0, "retried": 0, "closed": 0})
    assert run("errors", "--retry", "all")[0] == 3
