"""What the door makes of an org that misbehaves, over real HTTP; only the sandbox org does so when told."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from integrations.salesforce import oauth
from integrations.salesforce.errors import (
    NeedsPerson,
    OutcomeUnknown,
    QueryCursorLost,
    SalesforceError,
    SignInNeeded,
    TryLater,
)
from integrations.salesforce.oauth import AppCredentials
from integrations.salesforce.org import Org
from integrations.salesforce.soql import quote, select
from integrations.salesforce.tokens import StaticTokens, Token
from integrations.tests.contract.conftest import Target
from integrations.tests.sandbox_process import SandboxOrg

Fault = Callable[..., None]


class Renewing:
    """Tokens that sign in anew when the old ones are refused."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.renewals = 0

    def current(self) -> Token:
        grant = self.target.sign_in()
        return Token(grant.access_token, grant.instance_url, version=self.renewals)

    def refreshed(self, stale: Token) -> Token:
        self.renewals += 1
        return self.current()


@pytest.fixture
def target(sandbox: SandboxOrg) -> Target:
    return Target(sandbox.url, AppCredentials(sandbox.client_id, sandbox.client_secret))


@pytest.fixture
def org(target: Target) -> Iterator[Org]:
    grant = target.sign_in()
    opened = Org(StaticTokens(grant.access_token, grant.instance_url), sleep=lambda seconds: None)
    yield opened
    opened.close()


@pytest.fixture
def fault(sandbox: SandboxOrg) -> Iterator[Fault]:
    """Makes chosen calls go wrong until the end of the test."""

    def arm(name: str, **match: Any) -> None:
        sandbox.control("POST", "/faults", {"name": name, "match": match})

    yield arm
    sandbox.control("DELETE", "/faults")


def named(org: Org, name: str) -> int:
    where = f"LastName = {quote(name)}"
    return org.query_page(select(["Id"], "Contact", where=where)).total


@pytest.mark.parametrize("name", ["unavailable", "bad_gateway", "cut_before", "html_page", "truncated"])
def test_a_read_gets_over_a_fault(org: Org, fault: Fault, name: str) -> None:
    fault(name, method="GET", path="/query")
    assert org.query_page("SELECT Id FROM User LIMIT 1").total == 1


@pytest.mark.parametrize(
    ("name", "expected", "writes"),
    [
        ("cut_before", OutcomeUnknown, 0),
        ("cut_after", OutcomeUnknown, 1),
        ("truncated", OutcomeUnknown, 1),
        ("html_page", OutcomeUnknown, 0),
        ("bad_gateway", OutcomeUnknown, 0),
        ("gateway_timeout", OutcomeUnknown, 0),
        ("unavailable", TryLater, 0),
        ("row_locked", TryLater, 0),
        ("concurrent_limit", TryLater, 0),
        ("too_many_requests", TryLater, 0),
        ("storage_full", NeedsPerson, 0),
        ("session_not_for_rest", NeedsPerson, 0),
        ("session_expired", SignInNeeded, 0),
    ],
)
def test_a_write_happens_once_or_not_at_all(
    org: Org, fault: Fault, unique: str, name: str, expected: type[SalesforceError], writes: int
) -> None:
    fault(name, method="POST", path="/sobjects/Contact")
    with pytest.raises(SalesforceError) as raised:
        org.create("Contact", {"LastName": unique})
    assert type(raised.value) is expected
    assert named(org, unique) == writes


def test_an_expired_session_is_renewed_in_the_middle_of_a_write(
    target: Target, fault: Fault, unique: str
) -> None:
    tokens = Renewing(target)
    org = Org(tokens)
    fault("session_expired", method="POST", path="/sobjects/Contact")
    org.create("Contact", {"LastName": unique})
    assert (tokens.renewals, named(org, unique)) == (1, 1)


def test_a_revoked_session_is_renewed_once(target: Target, sandbox: SandboxOrg) -> None:
    grant = target.sign_in()
    oauth.revoke(sandbox.url, grant.access_token)
    with pytest.raises(SignInNeeded):
        Org(StaticTokens(grant.access_token, grant.instance_url)).limits()


def test_a_lost_cursor_is_named(org: Org, fault: Fault) -> None:
    fault("cursor_lost", path="/query")
    with pytest.raises(QueryCursorLost):
        org.query_page("SELECT Id FROM User")


def test_the_daily_limit_pauses(org: Org, fault: Fault) -> None:
    fault("daily_limit", path="/query")
    with pytest.raises(TryLater) as raised:
        org.query_page("SELECT Id FROM User")
    assert raised.value.scope == "daily limit"


@pytest.mark.parametrize("name", ["truncated", "truncated_csv"])
def test_results_that_break_off_are_noticed(org: Org, fault: Fault, name: str) -> None:
    job_id = org.start_query_job("SELECT Id, Username FROM User")
    while not org.query_job(job_id).finished:
        continue
    fault(name, path="/results")
    with pytest.raises(TryLater):
        org.download_query_page(job_id, into=io.BytesIO())
    file = io.BytesIO()
    page = org.download_query_page(job_id, into=file)
    assert file.getvalue().count(b"\n") == page.rows + 1
