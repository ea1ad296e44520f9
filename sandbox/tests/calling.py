"""Plain HTTP for tests: nothing is retried, followed or hidden."""

import base64
import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from sandbox.testing import RunningOrg

CLIENT = {"client_id": "lockstep-sandbox-client", "client_secret": "lockstep-sandbox-secret"}
CALLBACK = "http://127.0.0.1:9/callback"
VERIFIER = "a-verifier-that-is-long-enough-to-be-one-0123456789"
V60 = "/services/data/v60.0"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def sent_to(self) -> dict[str, str]:
        """The query of the address a redirect leads to."""
        return dict(parse_qsl(urlsplit(self.headers["location"]).query))


def send(
    org: RunningOrg,
    method: str,
    path: str,
    body: str | bytes | None = None,
    *,
    token: str = "",
    headers: dict[str, str] | None = None,
) -> Reply:
    connection = http.client.HTTPConnection(urlsplit(org.url).netloc, timeout=30)
    sent = dict(headers or {})
    if token:
        sent["Authorization"] = f"Bearer {token}"
    try:
        connection.request(method, path, body.encode() if isinstance(body, str) else body, sent)
        answer = connection.getresponse()
        return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def post_form(
    org: RunningOrg, path: str, fields: dict[str, str], headers: dict[str, str] | None = None
) -> Reply:
    sent = {"Content-Type": "application/x-www-form-urlencoded"} | (headers or {})
    return send(org, "POST", path, urlencode(fields), headers=sent)


def ask_token(org: RunningOrg, grant_type: str, **fields: str) -> Reply:
    return post_form(org, "/services/oauth2/token", {"grant_type": grant_type} | CLIENT | fields)


def app_token(org: RunningOrg) -> str:
    """An access token of the integration user."""
    return str(ask_token(org, "client_credentials").json()["access_token"])


def user_id(org: RunningOrg, username: str) -> str:
    found = [user for user in org.control("GET", "/users") if user["username"] == username]
    return str(found[0]["id"])


def consent(org: RunningOrg, decision: str = "allow", **fields: str) -> Reply:
    """Answer the consent page as sales@acme.example would."""
    asked = {
        "response_type": "code",
        "client_id": CLIENT["client_id"],
        "redirect_uri": CALLBACK,
        "state": "a state & more",
        "user": user_id(org, "sales@acme.example"),
        "decision": decision,
    }
    return post_form(org, "/services/oauth2/authorize", asked | fields)


def tokens_by_code(org: RunningOrg, **fields: str) -> dict[str, str]:
    code = consent(org).sent_to["code"]
    answer: dict[str, str] = ask_token(
        org, "authorization_code", code=code, redirect_uri=CALLBACK, **fields
    ).json()
    return answer


def basic(name: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}
