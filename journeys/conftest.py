"""One installation for the journeys of a file, and a trace of whatever went wrong."""

import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ViewportSize, expect

from integrations.tests.pull.seller import Seller
from journeys.installation import Installation, running
from journeys.visitor import Visitor

FAILED = pytest.StashKey[bool]()
VIEWPORT = ViewportSize(width=1300, height=800)
PATIENCE = 15_000
"""Milliseconds: every process of an installation shares the machine with the tests beside it."""

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def installation(browser: Browser) -> Iterator[Installation]:
    with running() as installed:
        yield installed


@pytest.fixture
def seller(installation: Installation) -> Seller:
    """Somebody who works in Salesforce itself."""
    return Seller(installation.org)


@pytest.fixture
def context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A browser profile of its own; a failed test leaves its trace and last picture in a folder it names."""
    profile = browser.new_context(locale="en-GB", timezone_id="UTC", viewport=VIEWPORT)
    profile.set_default_timeout(PATIENCE)
    profile.tracing.start(screenshots=True, snapshots=True)
    yield profile
    if request.node.stash.get(FAILED, False):
        folder = Path(tempfile.mkdtemp(prefix="lockstep-failed-"))
        profile.tracing.stop(path=folder / "trace.zip")
        for number, page in enumerate(profile.pages):
            page.screenshot(path=folder / f"page-{number}.png", full_page=True)
        request.node.add_report_section("teardown", "trace and pictures", str(folder))
    profile.close()


@pytest.fixture
def visitor(context: BrowserContext, installation: Installation) -> Visitor:
    return Visitor(context.new_page(), installation.url)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report
