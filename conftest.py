"""Fixtures for the tests of all apps, on this checkout's own test servers, whatever the shell says.

PostgreSQL and broker start with the first connection (config/embedded) and stop after the last test. Settings
are loaded here, not by pytest-django's option, which would load them before the environment is set.
"""

import os
from collections.abc import Iterator

import django
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from config import chromium

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
os.environ["LOCKSTEP_SERVERS"] = "test"
os.environ["DEBUG"] = "on"
# Playwright's sync API runs a loop of its own in the test's thread; Django would refuse queries beside it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "on"
for _name in ("REDIS_URL", "SECRET_KEY", "TOKEN_KEYS", "PLAN", "PUBLIC_URL", "ALLOWED_HOSTS", "EMAIL_URL"):
    os.environ.pop(_name, None)

django.setup()
NO_BROWSER = "no Chromium on this machine"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The distribution's Chromium, headless. Mark tests that use it `browser`."""
    path = chromium.find()
    if path is None:
        pytest.skip(NO_BROWSER)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=chromium.FLAGS)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in a browser profile of its own, 10 seconds patient."""
    context = browser.new_context(locale="en-GB", timezone_id="UTC")
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [
        report for report in terminalreporter.stats.get("skipped", []) if NO_BROWSER in str(report.longrepr)
    ]
    if skipped:
        terminalreporter.section("BROWSER TESTS WERE SKIPPED", red=True, bold=True)
        terminalreporter.line(f"{len(skipped)} tests need a real browser and there is none.", red=True)
        terminalreporter.line(
            "Install it (Debian, Ubuntu: apt-get install chromium) and run again.", red=True
        )
