"""No page, no row, no log line and no answer of the command line shows a secret (spec A2)."""

import json
from collections.abc import Iterator
from contextlib import suppress

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection as database
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from config.tests.test_access import addresses, filled
from crm.roles import Role
from crm.tests.factories import make_user
from integrations.sync.connecting import App, connect_client_credentials
from integrations.tests.sandbox_process import SandboxOrg, sandbox_org

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxOrg]:
    with sandbox_org(tmp_path_factory.mktemp("acme"), org_name="Acme") as running:
        yield running


@pytest.fixture
def secrets(db: None, org: SandboxOrg) -> list[str]:
    app = App(org.url, org.client_id, org.client_secret)
    connected = connect_client_credentials(app, user=make_user(Role.ADMIN), now=timezone.now())
    found = [connected.client_secret, connected.access_token, connected.refresh_token]
    return [str(secret) for secret in found if secret]


def pages(client: Client) -> Iterator[tuple[str, str]]:
    for route in sorted(set(addresses(get_resolver().url_patterns))):
        if "(?P" not in route and "^" not in route and "logout" not in route:
            answer = client.get(filled(route))
            yield route, b"".join(answer).decode()  # downloads stream, so they have no `content`


def test_no_page_shows_a_secret(secrets: list[str], caplog: pytest.LogCaptureFixture) -> None:
    client = Client()
    client.force_login(make_user(Role.ADMIN, is_superuser=True))
    assert secrets
    assert not [route for route, page in pages(client) if any(secret in page for secret in secrets)]
    assert not [secret for secret in secrets if secret in caplog.text]


def test_no_row_of_any_table_holds_a_readable_secret(secrets: list[str]) -> None:
    tables = {model._meta.db_table for model in apps.get_models()}
    with database.cursor() as cursor:
        for table in sorted(tables):
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE ANY(%s)', [like(secrets)])
            assert cursor.fetchone() == (0,), table


def like(secrets: list[str]) -> list[str]:
    return [f"%{secret}%" for secret in secrets]


@pytest.mark.parametrize("command", ["status", "pause", "extend", "disconnect"])
def test_no_answer_on_the_command_line_holds_a_secret(
    secrets: list[str], command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with suppress(SystemExit):
        call_command("salesforce", command, "--json")
    said = capsys.readouterr()
    assert json.loads(said.out)
    assert not [secret for secret in secrets if secret in said.out + said.err]
