"""Somebody who works in Salesforce itself while the workspace pulls: over the org's REST API."""

import json
import urllib.parse
import urllib.request
from typing import Any

from integrations.tests.sandbox_process import SandboxOrg


class Seller:
    """Signed in to the org with a session of their own; rules and stamps apply as to any client."""

    def __init__(self, running: SandboxOrg) -> None:
        self.url = running.url
        grant = {
            "grant_type": "client_credentials",
            "client_id": running.client_id,
            "client_secret": running.client_secret,
        }
        self.token = self._send("POST", "/services/oauth2/token", urllib.parse.urlencode(grant).encode())[
            "access_token"
        ]

    def create(self, name: str, **values: Any) -> str:
        return str(self._rest("POST", f"sobjects/{name}", values)["id"])

    def change(self, name: str, record_id: str, **values: Any) -> None:
        self._rest("PATCH", f"sobjects/{name}/{record_id}", values)

    def change_many(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """A collection: up to 200 records with `attributes` and `id`; what became of each."""
        return list(self._rest("PATCH", "composite/sobjects", {"allOrNone": False, "records": records}))

    def delete(self, name: str, record_id: str) -> None:
        self._rest("DELETE", f"sobjects/{name}/{record_id}")

    def one(self, soql: str) -> dict[str, Any]:
        """The first row of a query."""
        return dict(self._rest("GET", f"query?q={urllib.parse.quote(soql)}")["records"][0])

    def _rest(self, method: str, path: str, values: dict[str, Any] | None = None) -> Any:
        body = None if values is None else json.dumps(values).encode()
        return self._send(method, f"/services/data/v62.0/{path}", body, kind="application/json")

    def _send(
        self, method: str, path: str, body: bytes | None, kind: str = "application/x-www-form-urlencoded"
    ) -> Any:
        request = urllib.request.Request(self.url + path, body, {"Content-Type": kind}, method=method)
        if hasattr(self, "token"):
            request.add_header("Authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None
