"""What the org's front remembers beside its records: apps, tokens, jobs, options.

Its tables live in the same SQLite file as the records, on a connection of their own, so that a
long write of records never holds up the check of a token (the file is in WAL mode).
"""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS front_option (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS oauth_app (client_id TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS oauth_code (
    code TEXT PRIMARY KEY, client_id TEXT NOT NULL, user_id TEXT NOT NULL, redirect_uri TEXT NOT NULL,
    scope TEXT NOT NULL, challenge TEXT, expires_at REAL NOT NULL, used INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS oauth_refresh (
    token TEXT PRIMARY KEY, family TEXT NOT NULL, client_id TEXT NOT NULL, user_id TEXT NOT NULL,
    scope TEXT NOT NULL, created_at REAL NOT NULL, state TEXT NOT NULL DEFAULT 'live');
CREATE INDEX IF NOT EXISTS oauth_refresh_family ON oauth_refresh (family);
CREATE TABLE IF NOT EXISTS oauth_session (
    token TEXT PRIMARY KEY, family TEXT, client_id TEXT NOT NULL, user_id TEXT NOT NULL,
    scope TEXT NOT NULL, expires_at REAL NOT NULL, lifetime REAL NOT NULL);
CREATE INDEX IF NOT EXISTS oauth_session_family ON oauth_session (family);
CREATE TABLE IF NOT EXISTS oauth_approval (
    client_id TEXT NOT NULL, user_id TEXT NOT NULL, PRIMARY KEY (client_id, user_id));
CREATE TABLE IF NOT EXISTS bulk_job (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, created_at REAL NOT NULL,
    body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS bulk_spent (job TEXT PRIMARY KEY, at REAL NOT NULL, batches INTEGER NOT NULL);
"""

KEPT_TABLES = ("front_option", "oauth_app", "oauth_refresh", "oauth_session", "oauth_approval")


class Ledger:
    """One connection behind one lock; every statement outside `transaction()` commits by itself."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=120)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(SCHEMA)

    def run(self, sql: str, *params: object) -> list[sqlite3.Row]:
        """Execute one statement and fetch whatever it yields."""
        with self._lock:
            return self._connection.execute(sql, params).fetchall()

    def one(self, sql: str, *params: object) -> sqlite3.Row | None:
        rows = self.run(sql, *params)
        return rows[0] if rows else None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def option(self, name: str, default: Any = None) -> Any:
        row = self.one("SELECT value FROM front_option WHERE name = ?", name)
        return json.loads(row["value"]) if row else default

    def set_option(self, name: str, value: Any) -> None:
        self.run("INSERT OR REPLACE INTO front_option (name, value) VALUES (?, ?)", name, json.dumps(value))

    def export(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything of the kept tables, for `restore` on another file."""
        with self._lock:
            return {name: [tuple(row) for row in self.run(f"SELECT * FROM {name}")] for name in KEPT_TABLES}

    def restore(self, kept: dict[str, list[tuple[Any, ...]]]) -> None:
        with self.transaction():
            for name, rows in kept.items():
                for row in rows:
                    marks = ", ".join("?" * len(row))
                    self.run(f"INSERT OR REPLACE INTO {name} VALUES ({marks})", *row)

    def close(self) -> None:
        with self._lock:
            self._connection.close()
