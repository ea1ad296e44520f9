"""Tokens under two workers at once, against an org that rotates refresh tokens (spec A2, A6)."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.db import connection as database
from django.utils import timezone

from crm.roles import Role
from crm.tests.factories import make_user
from integrations.models import ApiAllowance, ApiUsage, Connection, ConnectionState
from integrations.salesforce.errors import SignInNeeded
from integrations.salesforce.tokens import Token
from integrations.sync.connecting import begin, connect_client_credentials, finish
from integrations.sync.notices import send_sign_in_notices
from integrations.tests.conftest import NOON, app_of, make_connection
from integrations.tests.sandbox_process import SandboxOrg, sandbox_org
from integrations.tests.test_connecting import CALLBACK, consent
from integrations.tokens import LEASE, ConnectionTokens, open_org


@pytest.fixture(scope="module")
def rotating_org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxOrg]:
    directory: Path = tmp_path_factory.mktemp("rotating")
    with sandbox_org(directory, org_name="Rotating") as running:
        running.control("PATCH", f"/apps/{running.client_id}", {"rotation": True})
        yield running


def signed_in(org: SandboxOrg) -> Connection:
    now = timezone.now()
    address, pending = begin(app_of(org), redirect_uri=CALLBACK, now=now)
    return finish(pending, consent(address), user=None, now=now)


def in_threads(count: int, work: Callable[[], Any]) -> list[Any]:
    """What each thread returned or raised."""
    found: list[Any] = []
    start = threading.Barrier(count)

    def run() -> None:
        start.wait()
        try:
            found.append(work())
        except Exception as error:  # handed to the test, which judges it
            found.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return found


@pytest.mark.django_db(transaction=True)
def test_two_workers_refreshing_at_once_share_the_newer_token(rotating_org: SandboxOrg) -> None:
    connection = signed_in(rotating_org)
    first_refresh_token = connection.refresh_token
    stale = ConnectionTokens(connection.pk).current()
    found = in_threads(4, lambda: ConnectionTokens(connection.pk).refreshed(stale))
    connection.refresh_from_db()
    assert {token.access_token for token in found} == {connection.access_token}
    assert connection.token_version == stale.version + 1
    assert connection.refresh_token != first_refresh_token
    assert connection.state == ConnectionState.CONFIGURING


@pytest.mark.django_db(transaction=True)
def test_the_stored_rotated_token_refreshes_again_and_again(rotating_org: SandboxOrg) -> None:
    tokens = ConnectionTokens(signed_in(rotating_org).pk)
    for _ in range(3):
        stale = tokens.current()
        assert tokens.refreshed(stale).access_token != stale.access_token


@pytest.mark.django_db(transaction=True)
def test_a_dead_refreshers_lease_lapses(rotating_org: SandboxOrg) -> None:
    connection = signed_in(rotating_org)
    Connection.objects.update(refreshing_until=timezone.now() - timedelta(seconds=1))
    tokens = ConnectionTokens(connection.pk)
    assert tokens.refreshed(tokens.current()).version == connection.token_version + 1


@pytest.mark.django_db(transaction=True)
def test_who_comes_while_another_refreshes_waits_for_its_token() -> None:
    connection = make_connection(refreshing_until=NOON + LEASE)

    def the_other_stores(seconds: float) -> None:
        Connection.objects.update(access_token="newer", token_version=2, refreshing_until=None)

    tokens = ConnectionTokens(connection.pk, clock=lambda: NOON, sleep=the_other_stores)
    assert tokens.refreshed(tokens.current()).access_token == "newer"


@pytest.mark.django_db(transaction=True)
def test_a_refresh_inside_a_transaction_is_a_programming_error() -> None:
    from django.db import transaction

    tokens = ConnectionTokens(make_connection().pk)
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        tokens.refreshed(Token("token", "http://127.0.0.1:9", 1))


@pytest.mark.django_db(transaction=True)
def test_a_revoked_token_needs_sign_in_and_one_mail(rotating_org: SandboxOrg) -> None:
    make_user(Role.ADMIN, email="ada@acme.example")
    connection = signed_in(rotating_org)
    Connection.objects.update(refresh_token="revoked-long-ago")
    tokens = ConnectionTokens(connection.pk)
    with pytest.raises(SignInNeeded):
        tokens.refreshed(tokens.current())
    connection.refresh_from_db()
    assert connection.state == ConnectionState.NEEDS_SIGN_IN
    for _ in range(3):
        send_sign_in_notices(timezone.now())
    assert [message.to for message in mail.outbox] == [["ada@acme.example"]]


@pytest.mark.django_db(transaction=True)
def test_nobody_asks_salesforce_while_sign_in_is_needed() -> None:
    connection = make_connection(needs_sign_in_since=NOON)
    tokens = ConnectionTokens(connection.pk)
    with pytest.raises(SignInNeeded):
        tokens.current()
    with pytest.raises(SignInNeeded):
        tokens.refreshed(Token("token", "http://127.0.0.1:9", 1))
    connection.refresh_from_db()
    assert connection.refreshing_until is None


@pytest.mark.django_db(transaction=True)
def test_client_credentials_are_granted_anew(org_process: SandboxOrg) -> None:
    connection = connect_client_credentials(app_of(org_process), user=None, now=timezone.now())
    tokens = ConnectionTokens(connection.pk)
    stale = tokens.current()
    assert tokens.refreshed(stale).access_token != stale.access_token


@pytest.mark.django_db(transaction=True)
def test_an_expired_session_is_refreshed_within_a_call(org_process: SandboxOrg) -> None:
    connection = connect_client_credentials(app_of(org_process), user=None, now=timezone.now())
    Connection.objects.update(access_token="00Dxx0000000000!expired")
    org = open_org(connection, feature="test")
    assert org.organization().name == "Acme"
    org.close()


@pytest.mark.django_db(transaction=True)
def test_calls_are_counted_beside_the_orgs_own(org_process: SandboxOrg) -> None:
    connection = connect_client_credentials(app_of(org_process), user=None, now=timezone.now())
    org = open_org(connection, feature="test")
    org.organization()
    org.close()
    now: datetime = timezone.now()
    assert ApiUsage.objects.all().last_day(connection, now).calls() == org.calls
    allowance = ApiAllowance.objects.get(connection=connection)
    assert allowance.limit
    assert allowance.used >= org.calls
    assert not allowance.waiting(now)
