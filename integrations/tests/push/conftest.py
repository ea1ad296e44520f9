"""An org to push to, and a workspace connected to it whose window is over."""

from collections.abc import Iterator

import pytest

from integrations.models import Connection, SyncSettings
from integrations.tests.pull import live
from integrations.tests.pull.seller import Seller
from integrations.tests.push.pushing import Desk
from integrations.tests.sandbox_process import SandboxOrg, sandbox_org


@pytest.fixture(scope="module")
def push_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxOrg]:
    with sandbox_org(tmp_path_factory.mktemp("push"), org_name="Acme") as running:
        yield running


@pytest.fixture
def org(push_process: SandboxOrg) -> Iterator[SandboxOrg]:
    """Lived in by the tests before, without their faults."""
    yield push_process
    push_process.control("DELETE", "/faults")
    push_process.control("POST", "/clock", {"reset": True})


@pytest.fixture
def connection(org: SandboxOrg, db: None) -> Connection:
    """Connected and prepared, its window over, new records of every kind pushed."""
    connection = live.connect(org)
    settings = SyncSettings.current()
    settings.people_push_new = settings.accounts_push_new = settings.deals_push_new = True
    settings.save()
    return connection


@pytest.fixture
def desk(connection: Connection) -> Desk:
    return Desk(connection)


@pytest.fixture
def seller(org: SandboxOrg) -> Seller:
    return Seller(org)
