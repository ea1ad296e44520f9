import http.client
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from crm.models import User
from integrations.models import WINDOW, AuditEntry, Connection, ConnectionState
from integrations.sync import window
from integrations.sync.arrivals import OtherOrg
from integrations.sync.connecting import (
    App,
    PendingSignIn,
    begin,
    check_key_and_secret,
    checked_app,
    connect_client_credentials,
    finish,
)
from integrations.sync.refusals import Refused
from integrations.tests.conftest import NOON, app_of, make_connection
from integrations.tests.sandbox_process import SandboxOrg

CALLBACK = "http://127.0.0.1:8000/integrations/salesforce/callback"
INTEGRATION_USER = "005Lk0000000001IAA"


def consent(address: str, decision: str = "allow", user: str = INTEGRATION_USER) -> dict[str, str]:
    """Presses a button of the org's consent page; returns what the callback is given."""
    parts = urlsplit(address)
    asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
    wire = http.client.HTTPConnection(parts.netloc, timeout=10)
    body = urlencode(asked | {"user": user, "decision": decision})
    wire.request("POST", parts.path, body, {"Content-Type": "application/x-www-form-urlencoded"})
    location = wire.getresponse().getheader("Location", "")
    wire.close()
    return {key: values[0] for key, values in parse_qs(urlsplit(location).query).items()}


def sent_away(org: SandboxOrg, decision: str = "allow") -> tuple[PendingSignIn, dict[str, str]]:
    address, pending = begin(app_of(org), redirect_uri=CALLBACK, now=NOON)
    return pending, consent(address, decision)


def test_signing_in_through_the_browser_connects_the_org(org_process: SandboxOrg, ada: User) -> None:
    pending, returned = sent_away(org_process)
    connection = finish(pending, returned, user=ada, now=NOON)
    assert connection.org_name == "Acme"
    assert connection.sync_user_id == INTEGRATION_USER
    assert connection.refresh_token


def test_connecting_opens_six_hours_to_configure(connected: Connection) -> None:
    assert connected.state == ConnectionState.CONFIGURING
    assert connected.window_ends_at == NOON + WINDOW


def test_the_free_plan_has_no_window(org_process: SandboxOrg, ada: User, settings: Any) -> None:
    settings.PLAN = "free"
    connection = connect_client_credentials(app_of(org_process), user=ada, now=NOON)
    assert connection.window_ends_at is None
    assert connection.state == ConnectionState.ACTIVE


def test_tokens_and_secrets_are_unreadable_in_the_database(connected: Connection) -> None:
    from django.db import connection as database

    with database.cursor() as cursor:
        cursor.execute("SELECT row_to_json(c)::text FROM integrations_connection c")
        stored = cursor.fetchone()[0]
    assert connected.access_token not in stored
    assert connected.client_secret not in stored


def test_a_forged_state_is_refused(org_process: SandboxOrg, ada: User) -> None:
    pending, returned = sent_away(org_process)
    with pytest.raises(Refused, match="state differs"):
        finish(pending, returned | {"state": "forged"}, user=ada, now=NOON)
    assert not Connection.objects.exists()


@pytest.mark.parametrize("returned", [{}, {"code": "x"}, {"code": "x", "state": "y"}])
def test_a_browser_nobody_sent_away_is_refused(db: None, returned: dict[str, str]) -> None:
    with pytest.raises(Refused, match="wasn't begun here"):
        finish(None, returned, user=None, now=NOON)


def test_a_sign_in_expires(org_process: SandboxOrg, ada: User) -> None:
    pending, returned = sent_away(org_process)
    with pytest.raises(Refused, match="longer than 10 minutes"):
        finish(pending, returned, user=ada, now=NOON + timedelta(minutes=11))


def test_a_code_works_once(org_process: SandboxOrg, ada: User) -> None:
    pending, returned = sent_away(org_process)
    finish(pending, returned, user=ada, now=NOON)
    with pytest.raises(Refused, match="used already"):
        finish(pending, returned, user=ada, now=NOON)


def test_denied_consent_is_said_in_words(org_process: SandboxOrg, ada: User) -> None:
    pending, returned = sent_away(org_process, decision="deny")
    with pytest.raises(Refused, match="Access was denied in Salesforce"):
        finish(pending, returned, user=ada, now=NOON)


@pytest.mark.parametrize(
    ("login_url", "said"),
    [
        ("http://acme.my.salesforce.com", "Plain http"),
        ("acme.example.com", "no Salesforce address"),
        ("", "Type the address"),
    ],
)
def test_hosts_that_are_not_salesforce_are_refused(login_url: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        checked_app(login_url=login_url, client_id="key", client_secret="secret")


@pytest.mark.parametrize(
    ("client_id", "secret", "said"),
    [("unknown", "x", "doesn't know this consumer key"), ("lockstep-sandbox-client", "bad", "secret")],
)
def test_wrong_keys_and_secrets_are_told_apart(
    org_process: SandboxOrg, client_id: str, secret: str, said: str
) -> None:
    with pytest.raises(Refused, match=said):
        check_key_and_secret(App(org_process.url, client_id, secret), redirect_uri=CALLBACK)


def test_the_right_key_and_secret_pass(org_process: SandboxOrg) -> None:
    check_key_and_secret(app_of(org_process), redirect_uri=CALLBACK)


def test_an_address_where_nobody_answers_is_refused_in_words(db: None) -> None:
    with pytest.raises(Refused, match="doesn't answer"):
        connect_client_credentials(App("http://127.0.0.1:9", "key", "secret"), user=None, now=NOON)


def test_signing_in_again_keeps_the_connection(org_process: SandboxOrg, connected: Connection) -> None:
    connected.require_sign_in("revoked", NOON)
    again = connect_client_credentials(app_of(org_process), user=None, now=NOON)
    assert again.pk == connected.pk
    assert again.state == ConnectionState.CONFIGURING


def test_signing_in_to_another_org_is_refused_naming_both(
    connected: Connection, other_org_process: SandboxOrg
) -> None:
    with pytest.raises(Refused, match=r"Globex.*but this workspace is connected to Acme"):
        connect_client_credentials(app_of(other_org_process), user=None, now=NOON)


def test_a_window_that_ended_without_sign_in_ends_at_sign_in(
    org_process: SandboxOrg, connected: Connection
) -> None:
    connected.require_sign_in("revoked", NOON)
    later = NOON + timedelta(hours=7)
    assert window.end_due_windows(later) == []
    again = connect_client_credentials(app_of(org_process), user=None, now=later)
    assert again.activated_at == later


def test_connecting_the_same_org_after_a_disconnect_goes_on(
    org_process: SandboxOrg, connected: Connection, ada: User
) -> None:
    window.disconnect(connected, user=ada, now=NOON)
    again = connect_client_credentials(app_of(org_process), user=ada, now=NOON)
    assert again.pk == connected.pk
    assert again.state == ConnectionState.CONFIGURING


def test_another_org_after_a_disconnect_needs_its_name_typed(
    connected: Connection, other_org_process: SandboxOrg, ada: User
) -> None:
    window.disconnect(connected, user=ada, now=NOON)
    with pytest.raises(OtherOrg, match=r"Acme.*Globex.*type its name"):
        connect_client_credentials(app_of(other_org_process), user=ada, now=NOON)
    new = connect_client_credentials(app_of(other_org_process), user=ada, now=NOON, confirmed_org="globex")
    assert new.pk != connected.pk


def test_who_connected_is_audited(connected: Connection, ada: User) -> None:
    entry = AuditEntry.objects.get(action="connected")
    assert entry.actor == ada
    assert connected.access_token not in str(entry.changes)


def test_only_one_connection_is_live(db: None) -> None:
    from django.db import IntegrityError, transaction

    make_connection()
    with pytest.raises(IntegrityError), transaction.atomic():
        make_connection(org_id="00D000000000002EAA")
