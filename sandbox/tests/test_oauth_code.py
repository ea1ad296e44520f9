"""Authorization code with PKCE (api.md, section 1)."""

import pytest

from sandbox.oauth.grants import challenge_for
from sandbox.testing import RunningOrg
from sandbox.tests.calling import CALLBACK, CLIENT, V60, VERIFIER, ask_token, consent, send, tokens_by_code

PATH = "/services/oauth2/authorize"
ASK = f"{PATH}?response_type=code&client_id={CLIENT['client_id']}&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fcallback"


def test_the_page_offers_the_active_users_and_both_answers(org: RunningOrg) -> None:
    page = send(org, "GET", ASK).text
    assert "sales@acme.example" in page
    assert "former.rep@acme.example" not in page
    assert 'value="allow"' in page
    assert 'value="deny"' in page


def test_allowing_leads_back_with_a_code_and_the_state(org: RunningOrg) -> None:
    reply = consent(org)
    assert reply.status == 302
    assert reply.headers["location"].startswith(f"{CALLBACK}?")
    assert reply.sent_to["state"] == "a state & more"
    assert reply.sent_to["code"].endswith("==")


def test_denying_leads_back_with_access_denied(org: RunningOrg) -> None:
    assert consent(org, "deny").sent_to["error"] == "access_denied"


def test_a_code_becomes_tokens_that_open_the_api(org: RunningOrg) -> None:
    answer = tokens_by_code(org)
    assert set(answer) >= {"access_token", "refresh_token", "signature", "instance_url", "id", "issued_at"}
    assert "expires_in" not in answer
    assert answer["access_token"].startswith("00D")
    assert send(org, "GET", f"{V60}/jobs/query", token=answer["access_token"]).status == 200


def test_a_code_works_once(org: RunningOrg) -> None:
    code = consent(org).sent_to["code"]
    ask_token(org, "authorization_code", code=code, redirect_uri=CALLBACK)
    again = ask_token(org, "authorization_code", code=code, redirect_uri=CALLBACK)
    assert (again.status, again.json()["error"]) == (400, "invalid_grant")


def test_a_code_lives_for_fifteen_minutes(org: RunningOrg) -> None:
    code = consent(org).sent_to["code"]
    org.control("POST", "/clock", {"advance": 901})
    late = ask_token(org, "authorization_code", code=code, redirect_uri=CALLBACK)
    assert late.json()["error_description"] == "expired authorization code"


@pytest.mark.parametrize(
    ("verifier", "error"),
    [
        ({"code_verifier": VERIFIER}, None),
        ({}, "invalid_grant"),
        ({"code_verifier": "wrong"}, "invalid_request"),
    ],
)
def test_a_challenge_wants_its_verifier(org: RunningOrg, verifier: dict[str, str], error: str | None) -> None:
    code = consent(org, code_challenge=challenge_for(VERIFIER), code_challenge_method="S256").sent_to["code"]
    answer = ask_token(org, "authorization_code", code=code, redirect_uri=CALLBACK, **verifier)
    assert answer.json().get("error") == error


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"redirect_uri": "http://127.0.0.1:9/other"}, "redirect_uri_mismatch"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "nobody"}, "invalid_client_id"),
        ({"code": "never given"}, "invalid_grant"),
    ],
)
def test_a_code_is_refused_to_others(org: RunningOrg, fields: dict[str, str], error: str) -> None:
    asked = {"code": consent(org).sent_to["code"], "redirect_uri": CALLBACK} | fields
    answer = ask_token(org, "authorization_code", **asked)
    assert (answer.status, answer.json()["error"]) == (400, error)


@pytest.mark.parametrize("address", ["https://evil.example/callback", "http://evil.example/", ""])
def test_nobody_is_sent_to_an_unknown_callback(org: RunningOrg, address: str) -> None:
    reply = consent(org, redirect_uri=address)
    assert reply.status == 400
    assert "redirect_uri_mismatch" in reply.text


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": "x", "code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "api chatter_api"}, "invalid_scope"),
    ],
)
def test_a_bad_request_is_told_to_the_app(org: RunningOrg, fields: dict[str, str], error: str) -> None:
    assert consent(org, **fields).sent_to["error"] == error


def test_an_app_may_require_pkce(org: RunningOrg) -> None:
    strict = {"client_id": "strict", "client_secret": "s", "callbacks": [CALLBACK], "pkce_required": True}
    org.control("POST", "/apps", strict)
    assert consent(org, client_id="strict").sent_to["error"] == "invalid_request"
    assert "code" in consent(org, client_id="strict", code_challenge=challenge_for(VERIFIER)).sent_to


def test_a_form_from_another_site_is_refused(org: RunningOrg) -> None:
    headers = {"Origin": "https://evil.example", "Content-Type": "application/x-www-form-urlencoded"}
    assert send(org, "POST", PATH, "decision=allow", headers=headers).status == 403


def test_without_the_refresh_scope_there_is_no_refresh_token(org: RunningOrg) -> None:
    code = consent(org, scope="api id").sent_to["code"]
    answer = ask_token(org, "authorization_code", code=code, redirect_uri=CALLBACK).json()
    assert "refresh_token" not in answer
    assert answer["scope"] == "api id"


def test_prompt_none_needs_a_session(org: RunningOrg) -> None:
    assert send(org, "GET", f"{ASK}&prompt=none").sent_to["error"] == "login_required"
