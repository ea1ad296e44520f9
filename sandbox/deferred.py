"""Calls whose answer was lost and whose commit comes later: kept in the org's file, carried out when due.

Each is handled anew at its time, so every rule and every unique value is looked at as it stands then.
What is due runs before any other call is looked at, under the time at which it was due: to a client it
makes no difference that nobody sat and waited.
"""

import base64
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sandbox.clock import Clock
from sandbox.store import Store
from sandbox.web import Headers, Request, Response, SessionUser

_TABLE = (
    "CREATE TABLE IF NOT EXISTS _deferred (id INTEGER PRIMARY KEY, due REAL NOT NULL, call TEXT NOT NULL)"
)
_SECRET = ("authorization", "cookie")
Dispatch = Callable[[Request], Response | None]


class Deferred:
    def __init__(self, store: Store, clock: Clock, dispatch: Dispatch) -> None:
        self._store = store
        self._clock = clock
        self._dispatch = dispatch
        self._running = threading.RLock()
        store.execute(_TABLE)
        self._next = self._first_due()

    def put(self, request: Request, due: datetime) -> None:
        with self._running, self._store.transaction():
            row = [due.timestamp(), json.dumps(_packed(request))]
            self._store.execute("INSERT INTO _deferred (due, call) VALUES (?, ?)", row)
            self._next = self._first_due()

    def waiting(self) -> list[dict[str, Any]]:
        """What has not been committed yet, the next one first."""
        rows = self._store.execute("SELECT due, call FROM _deferred ORDER BY due, id")
        return [
            {"due": _instant(due).isoformat(), "method": call["method"], "target": call["target"]}
            for due, call in ((due, json.loads(text)) for due, text in rows)
        ]

    def run_due(self) -> None:
        """Carry out all that is due by the org's clock; returns at once when nothing is."""
        while self._next is not None and self._next <= self._clock.now().timestamp():
            with self._running:
                self._run_first(self._clock.now().timestamp())

    def _run_first(self, now: float) -> None:
        sql = "SELECT id, due, call FROM _deferred WHERE due <= ? ORDER BY due, id LIMIT 1"
        found = self._store.execute(sql, [now]).fetchone()
        if found is not None:
            id, due, call = found
            with self._clock.at(_instant(due)):
                self._commit(id, _unpacked(json.loads(call)))
        self._next = self._first_due()

    def _commit(self, id: int, request: Request) -> None:
        """Records change in the transaction that forgets the call. A Bulk job is kept in the ledger, which
        would wait for that transaction for ever, so there the call is forgotten first."""
        forget = "DELETE FROM _deferred WHERE id = ?"
        if "/jobs/" in request.path:
            self._store.execute(forget, [id])
            self._dispatch(request)
            return
        with self._store.transaction():
            self._dispatch(request)
            self._store.execute(forget, [id])

    def _first_due(self) -> float | None:
        (due,) = self._store.execute("SELECT min(due) FROM _deferred").fetchone()
        return None if due is None else float(due)


def _instant(due: float) -> datetime:
    return datetime.fromtimestamp(due, UTC)


def _packed(request: Request) -> dict[str, Any]:
    user = request.user
    return {
        "method": request.method,
        "target": request.path,
        "query": request.query,
        "headers": {name: text for name, text in request.headers.items() if name.lower() not in _SECRET},
        "body": base64.b64encode(request.body).decode(),
        "base_url": request.base_url,
        "user": [user.id, user.username, user.client] if user else None,
    }


def _unpacked(call: dict[str, Any]) -> Request:
    return Request(
        call["method"],
        call["target"],
        query=call["query"],
        headers=Headers(call["headers"]),
        body=base64.b64decode(call["body"]),
        base_url=call["base_url"],
        user=SessionUser(*call["user"]) if call["user"] else None,
    )
