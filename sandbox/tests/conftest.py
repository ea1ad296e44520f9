from collections.abc import Iterator

import pytest

from sandbox.testing import RunningOrg, start_org
from sandbox.tests.browsing import Browser
from sandbox.tests.calling import app_token


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOrg]:
    with start_org(tmp_path_factory.mktemp("org")) as org:
        yield org


@pytest.fixture
def org(running: RunningOrg) -> Iterator[RunningOrg]:
    """An org whose faults, clock and options are as at the start; records of earlier tests stay."""
    yield running
    running.control("DELETE", "/faults")
    running.control("POST", "/clock", {"freeze": False, "reset": True})
    running.control(
        "PATCH",
        "/options",
        {
            "daily_limit": 5_000_000,
            "concurrent_limit": 25,
            "session_seconds": 7200,
            "batch_size": None,
            "api_used": 0,
        },
    )


@pytest.fixture
def token(org: RunningOrg) -> str:
    return app_token(org)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOrg]:
    with start_org(tmp_path_factory.mktemp("demo"), seed="demo") as org:
        yield org


@pytest.fixture
def browser(org: RunningOrg) -> Browser:
    return Browser(org)
