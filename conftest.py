"""Fixtures for the tests of all apps, on this checkout's own test servers, whatever the shell says.

PostgreSQL and broker start with the first connection (config/embedded) and stop after the last test. Settings
are loaded here, not by pytest-django's option, which would load them before the environment is set.
"""

import os
from collections.abc import Iterator

import django
import pytest
from django.db import connection, connections, transaction
from django.test import TransactionTestCase
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django.plugin import DjangoDbBlocker

from config import chromium

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
os.environ["LOCKSTEP_SERVERS"] = "test"
os.environ["DEBUG"] = "on"
# Playwright's sync API runs a loop of its own in the test's thread; Django would refuse queries beside it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "on"
for _name in ("REDIS_URL", "SECRET_KEY", "TOKEN_KEYS", "PLAN", "PUBLIC_URL", "ALLOWED_HOSTS", "EMAIL_URL"):
    os.environ.pop(_name, None)

django.setup()
LONGEST = ("integrations/tests/two_sided", "journeys")
NO_BROWSER = "no Chromium on this machine"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Few tests that take minutes go first; after all others, one worker would wait for another's."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


@pytest.fixture(scope="session")
def browser(django_db_setup: None) -> Iterator[Browser]:
    """The distribution's Chromium, headless. Mark tests that use it `browser`."""
    path = chromium.find()
    if path is None:
        pytest.skip(NO_BROWSER)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=chromium.FLAGS)
        yield running
        # Django keeps the connections made beside Playwright's loop apart: nobody else would close them.
        connections.close_all()
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in a browser profile of its own, 10 seconds patient."""
    context = browser.new_context(locale="en-GB", timezone_id="UTC")
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Keep a copy of the rows that migrations made; no test database is made where no test asks for one."""
    if not str(connection.settings_dict["NAME"]).startswith("test_"):
        return
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA kept")
        for table in _tables_with_rows():
            cursor.execute(f"CREATE TABLE kept.{table} AS TABLE {table}")
    TransactionTestCase._fixture_teardown = _give_back_what_migrations_made  # type: ignore[attr-defined]


def _give_back_what_migrations_made(case: TransactionTestCase) -> None:
    """How a test with transactions of its own ends.

    Django's own way, a TRUNCATE of all tables, makes each one's and each index's file anew, and then asks every app
    for its permissions: twenty times as long as deleting a test's few rows.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # without triggers and foreign keys
        # What somebody has yet to commit would outlive the deletion: it waits for them, as TRUNCATE does.
        tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
        cursor.execute(f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE")
        for table in _tables_with_rows():
            cursor.execute(f"DELETE FROM {table}")
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'kept'")
        for (table,) in cursor.fetchall():
            cursor.execute(f"INSERT INTO {table} TABLE kept.{table}")


def _tables_with_rows() -> list[str]:
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    asked = (f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in tables)
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(asked))
        return [str(name) for (name,) in cursor.fetchall()]


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
