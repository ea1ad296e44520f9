import base64
import json
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from integrations.salesforce import oauth
from integrations.salesforce.errors import NeedsPerson, SalesforceError, SignInNeeded, TryLater
from integrations.salesforce.hosts import HostRefused
from integrations.salesforce.oauth import AppCredentials, Grant
from integrations.salesforce.tests.scripted_server import Answer, ScriptedServer

Serve = Callable[..., ScriptedServer]

APP = AppCredentials("key", "SECRET-of-app")
REFRESH = "SECRET-refresh"
CALLBACK = "https://lockstep.example/integrations/salesforce/callback"


def tokens(url: str = "https://acme.my.salesforce.com", **more: str) -> Answer:
    body = {
        "access_token": "SECRET-access",
        "instance_url": url,
        "id": "https://login.salesforce.com/id/00D000000000001AAA/005000000000001AAA",
        "issued_at": "1708058728442",
        "scope": "api refresh_token",
    }
    return Answer(body | more)


def form(server: ScriptedServer) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(server.asked[-1].body).items()}


def test_the_browser_is_sent_with_state_and_challenge() -> None:
    begun = oauth.authorization_url(
        "https://login.salesforce.com", APP, redirect_uri=CALLBACK, prompt="login consent"
    )
    query = {key: values[0] for key, values in parse_qs(urlsplit(begun.url).query).items()}
    assert query["state"] == begun.state
    assert query["code_challenge"] == oauth.challenge(begun.verifier)
    assert (query["code_challenge_method"], query["prompt"]) == ("S256", "login consent")
    assert "SECRET" not in begun.url


def test_the_challenge_is_the_one_of_the_rfc() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert oauth.challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_every_beginning_is_its_own() -> None:
    first, second = (
        oauth.authorization_url("https://login.salesforce.com", APP, redirect_uri=CALLBACK) for _ in range(2)
    )
    assert first.state != second.state
    assert first.verifier != second.verifier


def test_a_code_becomes_tokens(serve: Serve) -> None:
    server = serve(tokens(refresh_token="SECRET-refresh"))
    grant = oauth.exchange_code(server.url, APP, code="aPrx==", verifier="v", redirect_uri=CALLBACK)
    assert (grant.org_id, grant.user_id) == ("00D000000000001AAA", "005000000000001AAA")
    assert grant.issued_at == datetime(2024, 2, 16, 4, 45, 28, 442000, tzinfo=UTC)
    assert form(server)["code"] == "aPrx=="
    assert form(server)["code_verifier"] == "v"


def test_a_refresh_without_rotation_brings_no_refresh_token(serve: Serve) -> None:
    server = serve(tokens())
    assert oauth.refresh(server.url, APP, refresh_token="SECRET-refresh").refresh_token is None
    assert form(server)["grant_type"] == "refresh_token"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer({"error": "invalid_grant", "error_description": "expired token"}, status=400), SignInNeeded),
        (Answer({"error": "invalid_client_id", "error_description": "unknown"}, status=400), NeedsPerson),
        (Answer("<html>down</html>", status=503), TryLater),
        (Answer("<html>hello</html>"), TryLater),
        (Answer({"token_type": "Bearer"}), TryLater),
        (Answer(silent=True), TryLater),
    ],
)
def test_a_refused_refresh_says_what_to_do(
    serve: Serve, answer: Answer, expected: type[SalesforceError]
) -> None:
    with pytest.raises(expected) as raised:
        oauth.refresh(serve(answer).url, APP, refresh_token=REFRESH)
    assert "SECRET" not in "".join(traceback.format_exception(raised.value))


def test_an_instance_on_plain_http_is_refused(serve: Serve) -> None:
    with pytest.raises(HostRefused):
        oauth.refresh(serve(tokens("http://acme.example")).url, APP, refresh_token="r")


def test_client_credentials_want_the_my_domain() -> None:
    with pytest.raises(NeedsPerson, match="My Domain"):
        oauth.client_credentials("https://login.salesforce.com", APP)


def test_client_credentials_bring_a_token(serve: Serve) -> None:
    server = serve(tokens())
    assert oauth.client_credentials(server.url, APP).access_token == "SECRET-access"
    assert form(server)["client_secret"] == "SECRET-of-app"


def test_a_jwt_is_signed_with_the_key_of_the_app(serve: Serve) -> None:
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    server = serve(tokens())
    now = datetime(2026, 3, 5, 10, tzinfo=UTC)
    oauth.jwt_bearer(server.url, "key", username="ada@acme.example", private_key=pem.decode(), now=now)
    head, claims, signature = (part + "=" * (-len(part) % 4) for part in form(server)["assertion"].split("."))
    signed = form(server)["assertion"].rpartition(".")[0].encode()
    key.public_key().verify(base64.urlsafe_b64decode(signature), signed, padding.PKCS1v15(), hashes.SHA256())
    assert json.loads(base64.urlsafe_b64decode(head))["alg"] == "RS256"
    assert json.loads(base64.urlsafe_b64decode(claims)) == {
        "iss": "key",
        "sub": "ada@acme.example",
        "aud": server.url,
        "exp": int(now.timestamp()) + 180,
    }


def test_a_key_that_cannot_sign_is_refused_without_showing_it() -> None:
    with pytest.raises(NeedsPerson) as raised:
        oauth.jwt_bearer(
            "https://login.salesforce.com",
            "key",
            username="ada@acme.example",
            private_key="SECRET-key",
            now=datetime(2026, 3, 5, tzinfo=UTC),
        )
    assert "SECRET" not in str(raised.value)


def test_a_token_that_is_dead_already_counts_as_revoked(serve: Serve) -> None:
    server = serve(Answer({"error": "invalid_token", "error_description": "invalid token"}, status=400))
    oauth.revoke(server.url, "SECRET-refresh")
    assert server.asked[0].path == "/services/oauth2/revoke"


def test_the_identity_is_the_user_of_the_grant(serve: Serve) -> None:
    row = {
        "Id": "005000000000001AAA",
        "Username": "ada@acme.example",
        "Name": "Ada",
        "Email": "ada@acme.example",
    }
    row |= {"TimeZoneSidKey": "Europe/London", "LocaleSidKey": "en_GB"}
    server = serve(Answer({"totalSize": 1, "done": True, "records": [row | {"IsActive": True}]}))
    answer = tokens(server.url)
    grant = oauth.client_credentials(serve(answer).url, APP)
    found = oauth.identity(grant)
    assert (found.username, found.org_id, found.active) == ("ada@acme.example", "00D000000000001AAA", True)


def test_secrets_are_not_in_a_repr() -> None:
    grant = Grant("SECRET-a", "SECRET-r", "https://acme.my.salesforce.com", "", "", datetime.now(UTC))
    begun = oauth.authorization_url("https://login.salesforce.com", APP, redirect_uri=CALLBACK)
    assert "SECRET" not in repr((grant, APP))
    assert begun.verifier not in repr(begun)
