import http.client
from dataclasses import replace
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from integrations.salesforce import oauth
from integrations.salesforce.errors import NeedsPerson, SignInNeeded
from integrations.salesforce.oauth import AppCredentials, Authorization, Grant
from integrations.salesforce.org import Org
from integrations.salesforce.tests.conftest import SECRET
from integrations.salesforce.tokens import StaticTokens
from integrations.tests.contract.conftest import Target
from integrations.tests.sandbox_process import SandboxOrg

CALLBACK = "http://127.0.0.1:8000/integrations/salesforce/callback"


@pytest.fixture
def app(sandbox: SandboxOrg) -> AppCredentials:
    return AppCredentials(sandbox.client_id, sandbox.client_secret)


def begin(sandbox: SandboxOrg, app: AppCredentials) -> Authorization:
    return oauth.authorization_url(sandbox.url, app, redirect_uri=CALLBACK)


def consent(begun: Authorization, user_id: str, decision: str = "allow") -> dict[str, str]:
    """Presses a button of the consent page; returns what the callback is given."""
    parts = urlsplit(begun.url)
    asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    body = urlencode(asked | {"user": user_id, "decision": decision})
    connection.request("POST", parts.path, body, {"Content-Type": "application/x-www-form-urlencoded"})
    answer = connection.getresponse()
    connection.close()
    query = parse_qs(urlsplit(answer.getheader("Location", "")).query)
    return {key: values[0] for key, values in query.items()}


@pytest.fixture
def signed_in(sandbox: SandboxOrg, app: AppCredentials) -> Grant:
    """A person's grant by the web server flow."""
    user_id = oauth.client_credentials(sandbox.url, app).user_id
    begun = begin(sandbox, app)
    code = consent(begun, user_id)["code"]
    return oauth.exchange_code(sandbox.url, app, code=code, verifier=begun.verifier, redirect_uri=CALLBACK)


def test_client_credentials_tell_org_and_user(target: Target) -> None:
    grant = target.sign_in()
    assert grant.org_id.startswith("00D")
    assert grant.user_id.startswith("005")


def test_a_wrong_secret_needs_a_person(target: Target) -> None:
    with pytest.raises(NeedsPerson) as raised:
        replace(target, app=AppCredentials(target.app.client_id, "wrong")).sign_in()
    assert raised.value.code in ("invalid_client", "invalid_client_credentials")


def test_an_unknown_refresh_token_needs_a_sign_in(target: Target) -> None:
    with pytest.raises(SignInNeeded):
        oauth.refresh(target.login_url, target.app, refresh_token="5Aep861unknown")


def test_a_made_up_access_token_needs_a_sign_in(grant: Grant) -> None:
    with pytest.raises(SignInNeeded):
        Org(StaticTokens(SECRET, grant.instance_url)).limits()


def test_a_consent_becomes_tokens(signed_in: Grant) -> None:
    assert signed_in.refresh_token
    assert signed_in.scope.split() == ["api", "refresh_token"]


def test_the_state_comes_back_as_it_was_sent(sandbox: SandboxOrg, app: AppCredentials) -> None:
    begun = begin(sandbox, app)
    user_id = oauth.client_credentials(sandbox.url, app).user_id
    assert consent(begun, user_id)["state"] == begun.state


def test_a_denied_consent_comes_back_as_an_error(sandbox: SandboxOrg, app: AppCredentials) -> None:
    assert consent(begin(sandbox, app), "", "deny")["error"] == "access_denied"


def test_a_code_is_nothing_without_its_verifier(sandbox: SandboxOrg, app: AppCredentials) -> None:
    code = consent(begin(sandbox, app), oauth.client_credentials(sandbox.url, app).user_id)["code"]
    with pytest.raises(NeedsPerson, match="invalid_request"):
        oauth.exchange_code(sandbox.url, app, code=code, verifier="x" * 64, redirect_uri=CALLBACK)


def test_a_refresh_brings_a_new_access_token(
    sandbox: SandboxOrg, app: AppCredentials, signed_in: Grant
) -> None:
    renewed = oauth.refresh(sandbox.url, app, refresh_token=signed_in.refresh_token or "")
    assert renewed.access_token != signed_in.access_token
    assert renewed.org_id == signed_in.org_id


def test_a_revoked_token_is_refused(sandbox: SandboxOrg, app: AppCredentials, signed_in: Grant) -> None:
    oauth.revoke(sandbox.url, signed_in.refresh_token or "")
    with pytest.raises(SignInNeeded):
        oauth.refresh(sandbox.url, app, refresh_token=signed_in.refresh_token or "")
    with pytest.raises(SignInNeeded):
        Org(StaticTokens(signed_in.access_token, signed_in.instance_url)).limits()
