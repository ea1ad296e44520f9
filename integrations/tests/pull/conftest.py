"""Orgs that the pull's tests read from, and whoever works in them meanwhile."""

from collections.abc import Iterator

import pytest

from integrations.models import Connection
from integrations.sync.pull import extract
from integrations.tests.pull import live
from integrations.tests.pull.seller import Seller
from integrations.tests.push.pushing import Desk
from integrations.tests.sandbox_process import SandboxOrg, sandbox_org


@pytest.fixture(scope="module")
def demo_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxOrg]:
    with sandbox_org(tmp_path_factory.mktemp("demo"), seed="demo", org_name="Acme") as running:
        yield running


@pytest.fixture
def demo_org(demo_process: SandboxOrg) -> Iterator[SandboxOrg]:
    """The demo's org, lived in by the tests before, without their faults."""
    yield demo_process
    demo_process.control("PATCH", "/options", {"batch_size": None})
    demo_process.control("DELETE", "/faults")
    demo_process.control("POST", "/clock", {"reset": True})


@pytest.fixture
def connection(demo_org: SandboxOrg, db: None) -> Connection:
    """Connected to the demo's org and prepared, its window over."""
    return live.connect(demo_org)


@pytest.fixture
def seller(demo_org: SandboxOrg) -> Seller:
    return Seller(demo_org)


@pytest.fixture
def bulk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is read by Bulk jobs, in several pages."""
    monkeypatch.setattr(extract, "BULK_FROM", 0)
    monkeypatch.setattr(extract, "CHECK_BY_BULK_FROM", 0)
    monkeypatch.setattr(extract, "BULK_PAGE", 100)


@pytest.fixture(params=["rest", "bulk"])
def way(request: pytest.FixtureRequest) -> str:
    """Both ways of reading."""
    if request.param == "bulk":
        request.getfixturevalue("bulk")
    return str(request.param)


@pytest.fixture
def pulled(connection: Connection) -> Connection:
    """In step with the demo's org."""
    live.first_pull(connection)
    return connection


@pytest.fixture
def desk(pulled: Connection) -> Desk:
    """Somebody who works here."""
    return Desk(pulled)
