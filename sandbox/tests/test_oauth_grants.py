"""Refresh, client credentials, JWT bearer, and how tokens end (api.md, section 1)."""

import base64
import json
import time
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sandbox.opening import demo_app
from sandbox.testing import RunningOrg
from sandbox.tests.calling import CLIENT, V60, app_token, ask_token, basic, post_form, send, tokens_by_code

APP = f"/apps/{CLIENT['client_id']}"
JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


def api_status(org: RunningOrg, token: str) -> int:
    return send(org, "GET", f"{V60}/jobs/query", token=token).status


@pytest.fixture
def rotating(org: RunningOrg) -> Iterator[RunningOrg]:
    org.control("PATCH", APP, {"rotation": True})
    yield org
    org.control("PATCH", APP, {"rotation": False})


def refresh(org: RunningOrg, token: str) -> dict[str, str]:
    answer: dict[str, str] = ask_token(org, "refresh_token", refresh_token=token).json()
    return answer


def test_a_refresh_yields_a_new_session_and_no_new_refresh_token(org: RunningOrg) -> None:
    first = tokens_by_code(org)
    again = refresh(org, first["refresh_token"])
    assert "refresh_token" not in again
    assert again["access_token"] != first["access_token"]
    assert api_status(org, again["access_token"]) == 200


def test_rotation_yields_a_new_refresh_token(rotating: RunningOrg) -> None:
    first = tokens_by_code(rotating)["refresh_token"]
    second = refresh(rotating, first)["refresh_token"]
    assert second != first
    assert "access_token" in refresh(rotating, second)


def test_a_rotated_out_token_ends_all_that_came_of_it(rotating: RunningOrg) -> None:
    first = tokens_by_code(rotating)["refresh_token"]
    second = refresh(rotating, first)
    assert refresh(rotating, first)["error"] == "invalid_grant"
    assert refresh(rotating, second["refresh_token"])["error"] == "invalid_grant"
    assert api_status(rotating, second["access_token"]) == 401


def test_the_sixth_refresh_token_drops_the_first(org: RunningOrg) -> None:
    tokens = [tokens_by_code(org)["refresh_token"] for _ in range(6)]
    assert refresh(org, tokens[0])["error_description"] == "expired access/refresh token"
    assert "access_token" in refresh(org, tokens[1])


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_a_revoked_token_is_refused(org: RunningOrg, kind: str) -> None:
    tokens = tokens_by_code(org)
    assert post_form(org, "/services/oauth2/revoke", {"token": tokens[kind]}).status == 200
    assert api_status(org, tokens["access_token"]) == 401
    assert ("error" in refresh(org, tokens["refresh_token"])) is (kind == "refresh_token")


def test_revoking_what_is_unknown_is_an_error(org: RunningOrg) -> None:
    reply = post_form(org, "/services/oauth2/revoke", {"token": "nonsense"})
    assert (reply.status, reply.json()["error"]) == (400, "invalid_token")


def test_a_session_runs_out_and_the_body_says_so(org: RunningOrg, token: str) -> None:
    org.control("POST", "/clock", {"advance": 7201})
    reply = send(org, "GET", f"{V60}/jobs/query", token=token)
    assert reply.status == 401
    assert reply.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


def test_a_session_in_use_is_prolonged(org: RunningOrg, token: str) -> None:
    for _ in range(3):
        org.control("POST", "/clock", {"advance": 5000})
        assert api_status(org, token) == 200


def test_client_credentials_take_basic_authentication(org: RunningOrg) -> None:
    form = {"grant_type": "client_credentials"}
    reply = post_form(org, "/services/oauth2/token", form, basic(*CLIENT.values()))
    assert reply.status == 200
    assert "refresh_token" not in reply.json()


def test_client_credentials_are_refused_on_a_login_host(org: RunningOrg) -> None:
    form = {"grant_type": "client_credentials"} | CLIENT
    reply = post_form(org, "/services/oauth2/token", form, {"Host": "login.salesforce.com"})
    assert reply.json()["error_description"] == "request not supported on this domain"


def test_client_credentials_need_a_user_to_run_as(org: RunningOrg) -> None:
    org.control("POST", "/apps", {"client_id": "plain", "client_secret": "s"})
    answer = ask_token(org, "client_credentials", client_id="plain", client_secret="s").json()
    assert answer["error_description"] == "no client credentials user enabled"


def assertion(**changes: object) -> str:
    claims = {
        "iss": CLIENT["client_id"],
        "sub": "integration@acme.example",
        "aud": "https://login.salesforce.com",
        "exp": int(time.time()) + 120,
    }
    parts = [json.dumps({"alg": "RS256"}), json.dumps(claims | changes)]
    signed = ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)
    signature = KEY.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def test_a_signed_assertion_becomes_a_session(org: RunningOrg) -> None:
    org.control("PATCH", APP, {"certificate": PEM.decode()})
    answer = ask_token(org, JWT, assertion=assertion()).json()
    assert "refresh_token" not in answer
    assert api_status(org, answer["access_token"]) == 200


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"aud": "https://evil.example"}, "audience is invalid"),
        ({"exp": 1}, "expired authorization code"),
        ({"exp": int(time.time()) + 3600}, "expired authorization code"),
        ({"sub": "nobody@acme.example"}, "user hasn't approved this consumer"),
    ],
)
def test_a_wrong_claim_is_refused(org: RunningOrg, changes: dict[str, object], words: str) -> None:
    org.control("PATCH", APP, {"certificate": PEM.decode()})
    answer = ask_token(org, JWT, assertion=assertion(**changes)).json()
    assert (answer["error"], answer["error_description"]) == ("invalid_grant", words)


def test_a_forged_assertion_is_refused(org: RunningOrg) -> None:
    org.control("PATCH", APP, {"certificate": PEM.decode()})
    head, body, tail = assertion().split(".")
    forged = f"{head}.{body}.{tail[:-8]}AAAAAAAA"
    assert ask_token(org, JWT, assertion=forged).json()["error_description"] == "invalid assertion"


def test_a_deactivated_user_loses_every_token(org: RunningOrg) -> None:
    tokens = tokens_by_code(org)
    org.control("PATCH", "/users/sales@acme.example", {"active": False})
    try:
        assert api_status(org, tokens["access_token"]) == 401
        assert refresh(org, tokens["refresh_token"])["error"] == "invalid_grant"
    finally:
        org.control("PATCH", "/users/sales@acme.example", {"active": True})


def test_a_user_without_the_api_permission_gets_403(org: RunningOrg, token: str) -> None:
    org.control("PATCH", "/users/integration@acme.example", {"api_enabled": False})
    try:
        reply = send(org, "GET", f"{V60}/jobs/query", token=token)
        assert (reply.status, reply.json()[0]["errorCode"]) == (403, "API_CURRENTLY_DISABLED")
    finally:
        org.control("PATCH", "/users/integration@acme.example", {"api_enabled": True})


def test_identity_and_userinfo_tell_who_it_is(org: RunningOrg) -> None:
    tokens = tokens_by_code(org)
    identity = send(org, "GET", tokens["id"].removeprefix(org.url), token=tokens["access_token"]).json()
    userinfo = send(org, "GET", "/services/oauth2/userinfo", token=tokens["access_token"]).json()
    assert identity["username"] == userinfo["preferred_username"] == "sales@acme.example"
    assert identity["organization_id"] == userinfo["organization_id"] == tokens["id"].split("/")[-2]


def test_introspection_tells_what_lives(org: RunningOrg) -> None:
    live = post_form(org, "/services/oauth2/introspect", CLIENT | {"token": app_token(org)}).json()
    dead = post_form(org, "/services/oauth2/introspect", CLIENT | {"token": "nonsense"}).json()
    assert (live["active"], live["username"]) == (True, "integration@acme.example")
    assert dead == {"active": False}


def test_an_unknown_grant_is_refused(org: RunningOrg) -> None:
    assert ask_token(org, "password").json()["error"] == "unsupported_grant_type"


def test_secrets_are_not_in_a_repr() -> None:
    assert CLIENT["client_secret"] not in repr(demo_app())
