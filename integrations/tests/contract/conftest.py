"""The orgs under test: the sandbox org, and a real one where its credentials are given."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from integrations.salesforce import oauth
from integrations.salesforce.errors import Gone
from integrations.salesforce.oauth import AppCredentials, Grant
from integrations.salesforce.org import Org
from integrations.salesforce.tokens import StaticTokens
from integrations.tests.sandbox_process import SandboxOrg, sandbox_org

REAL = [
    os.environ.get(f"LOCKSTEP_CONTRACT_{name}", "") for name in ("LOGIN_URL", "CLIENT_ID", "CLIENT_SECRET")
]


@dataclass(frozen=True)
class Target:
    """An org to sign in to with client credentials."""

    login_url: str
    app: AppCredentials

    def sign_in(self) -> Grant:
        """A fresh grant."""
        return oauth.client_credentials(self.login_url, self.app)


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxOrg]:
    """One empty sandbox org for all tests of this folder; they don't count on being alone in it."""
    with sandbox_org(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture(scope="session", params=["sandbox", "real org"] if all(REAL) else ["sandbox"])
def target(request: pytest.FixtureRequest) -> Target:
    """Each org in turn."""
    if request.param == "sandbox":
        running: SandboxOrg = request.getfixturevalue("sandbox")
        return Target(running.url, AppCredentials(running.client_id, running.client_secret))
    url, client_id, secret = REAL
    return Target(url, AppCredentials(client_id, secret))


@pytest.fixture(scope="session")
def grant(target: Target) -> Grant:
    """One sign-in for all tests that don't end it."""
    return target.sign_in()


@pytest.fixture
def org(grant: Grant) -> Iterator[Org]:
    """A door onto the org."""
    opened = Org(StaticTokens(grant.access_token, grant.instance_url))
    yield opened
    opened.close()


@pytest.fixture
def unique() -> str:
    """A name nobody has."""
    return f"Lockstep Contract {uuid4().hex[:12]}"


@pytest.fixture
def make(org: Org) -> Iterator[Callable[..., str]]:
    """Creates records and deletes them after the test."""
    made: list[tuple[str, str]] = []

    def create(sobject: str, **values: Any) -> str:
        made.append((sobject, org.create(sobject, values)))
        return made[-1][1]

    yield create
    for sobject, record_id in reversed(made):
        try:
            org.delete(sobject, record_id)
        except Gone:
            continue
