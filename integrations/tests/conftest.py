"""The cast of the integration tests: an org, and people who connect it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm.models import User
from integrations.models import Connection
from integrations.sync.connecting import App, connect_client_credentials
from integrations.tests.sandbox_process import SandboxOrg, sandbox_org

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def org_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxOrg]:
    """An empty org for tests that don't count on being alone in it."""
    with sandbox_org(tmp_path_factory.mktemp("acme"), org_name="Acme") as running:
        yield running


@pytest.fixture(scope="session")
def other_org_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxOrg]:
    """Somebody else's org."""
    with sandbox_org(tmp_path_factory.mktemp("globex"), org_name="Globex") as running:
        yield running


@pytest.fixture
def ada(db: None) -> User:
    """An admin; who has a role gets it from the test that needs one."""
    return User.objects.create_user("ada", email="ada@acme.example", password="correct horse")


def app_of(org: SandboxOrg) -> App:
    return App(org.url, org.client_id, org.client_secret)


@pytest.fixture
def connected(org_process: SandboxOrg, ada: User) -> Connection:
    """Connected at noon, headless, the window open until six."""
    return connect_client_credentials(app_of(org_process), user=ada, now=NOON)


@pytest.fixture
def connection(db: None) -> Connection:
    """A connection in its window that nobody signed in for: no network behind it."""
    return make_connection()


def make_connection(**values: Any) -> Connection:
    defaults: dict[str, Any] = {
        "login_url": "http://127.0.0.1:9",
        "client_id": "key",
        "access_token": "token",
        "refresh_token": "refresh",
        "token_version": 1,
        "instance_url": "http://127.0.0.1:9",
        "org_id": "00D000000000001EAA",
        "org_name": "Acme",
        "connected_at": NOON,
        "window_ends_at": NOON + timedelta(hours=6),
    }
    return Connection.objects.create(**(defaults | values))


@pytest.fixture
def moving_clock() -> Callable[[], datetime]:
    """The real time: for what waits for other threads."""
    return lambda: datetime.now(UTC)
