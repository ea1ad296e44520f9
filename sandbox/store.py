"""One SQLite file: a table per object with a real column per field, so that a query stays a query.

Every table also has `_visible_at`: until the org's clock reaches it, the row is not there for readers, as
a commit that comes late.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.ids import make_id
from sandbox.schema.fields import Field
from sandbox.schema.objects import ObjectType

_OWN_TABLES = """
CREATE TABLE IF NOT EXISTS _object (name TEXT PRIMARY KEY, definition TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS _sequence (prefix TEXT PRIMARY KEY, next INTEGER NOT NULL);



            CREATE TABLE IF NOT EXISTS _hidden_field (
    user_id TEXT, object TEXT, field TEXT, PRIMARY KEY (user_id, object, field)
);
CREATE TABLE IF NOT EXISTS _hidden_row (
    user_id TEXT, object TEXT, id TEXT, PRIMARY KEY (user_id, object, id)
);
CREATE TABLE IF NOT EXISTS _rule (object TEXT, name TEXT, kind TEXT, body TEXT, PRIMARY KEY (object, name));
CREATE TABLE IF NOT EXISTS _purged (object TEXT, id TEXT, deleted_at TEXT, PRIMARY KEY (object, id));
CREATE TABLE IF NOT EXISTS _cursor (
    locator TEXT PRIMARY KEY, soql TEXT, user_id TEXT, all_rows INTEGER, made_at TEXT, ids BLOB
);
CREATE TABLE IF NOT EXISTS _setting (name TEXT PRIMARY KEY, value TEXT);
"""
_INTEGERS = frozenset({"boolean", "int"})
_REALS = frozenset({"double", "currency", "percent"})
_EXACT = frozenset({"date", "datetime", "time"})
_UNINDEXED_TARGETS = frozenset({"User", "RecordType", "Group", "Profile"})


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class Store:
    """Connections, transactions and tables. One connection a thread; writers wait for each other."""

    def __init__(self, path: Path | str) -> None:
        self._path = str(path)
        self._local = threading.local()
        self._writing = threading.RLock()
        self._connections: list[sqlite3.Connection] = []
        self._closed = False
        self.connection.executescript(_OWN_TABLES)

    @property
    def connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            if self._closed:
                raise sqlite3.ProgrammingError("The org was closed.")
            found = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=60)
            found.execute("PRAGMA journal_mode = WAL")
            found.execute("PRAGMA synchronous = NORMAL")
            found.execute("PRAGMA cache_size = -64000")
            found.create_function("sf_fold", 1, _fold, deterministic=True)
            self._local.connection = found
            self._connections.append(found)
        return found

    def close(self) -> None:
        """Waits for the write under way. Whoever goes on afterwards gets a sqlite3.ProgrammingError."""
        with self._writing:
            self._closed = True
            for each in self._connections:
                each.close()
            self._connections.clear()
            self._local = threading.local()

    def close_here(self) -> None:
        """Let go of this thread's connection, for a thread that ends while the org goes on."""
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is not None and found in self._connections:
            self._connections.remove(found)
            found.close()
            del self._local.connection

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        return self.connection.execute(sql, parameters)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; inside another one it is a savepoint."""
        with self._writing:
            depth = getattr(self._local, "depth", 0)
            begin, done, undo = _transaction_words(depth)
            self.execute(begin)
            self._local.depth = depth + 1
            try:
                yield
            except BaseException:
                for statement in undo:
                    self.execute(statement)
                raise
            else:
                self.execute(done)
            finally:
                self._local.depth = depth

    # tables
    def create(self, kind: ObjectType) -> None:
        columns = [_column(each) for each in kind.fields.values() if each.stored]
        names = ", ".join([*columns, '"_visible_at" TEXT'])
        self.execute(f"CREATE TABLE {quoted(kind.name)} ({names})")
        for each in kind.fields.values():
            self._index(kind, each)

    def drop(self, kind: ObjectType) -> None:
        self.execute(f"DROP TABLE IF EXISTS {quoted(kind.name)}")

    def add_column(self, kind: ObjectType, added: Field) -> None:
        if added.stored:
            # SQLite looks for a column of that name in the schema this thread's connection remembers;
            # reading makes it look at the file, where another thread may have dropped the column
            self.execute(f"SELECT 1 FROM {quoted(kind.name)} LIMIT 1").fetchall()
            self.execute(f"ALTER TABLE {quoted(kind.name)} ADD COLUMN {_column(added)}")
            self._index(kind, added)

    def drop_column(self, kind: ObjectType, gone: Field) -> None:
        if gone.stored:
            self.execute(f"DROP INDEX IF EXISTS {quoted(_index_name(kind, gone))}")
            self.execute(f"ALTER TABLE {quoted(kind.name)} DROP COLUMN {quoted(gone.name)}")

    def retype_column(self, kind: ObjectType, before: Field, after: Field) -> None:
        """Gives a column a new type; values that do not fit it become null, as they do in Salesforce."""
        spare = Field(
            {**after.attributes, "name": f"_was_{before.name}", "unique": False, "externalId": False}
        )
        self.execute(f"ALTER TABLE {quoted(kind.name)} ADD COLUMN {_column(spare)}")
        fits = f"{quoted(before.name)} GLOB '*[0-9]*'" if after.type in _REALS | _INTEGERS else "1"
        cast = f"CAST({quoted(before.name)} AS {_affinity(after.type)})"
        set_to = "0" if after.type == "boolean" else f"CASE WHEN {fits} THEN {cast} END"
        self.execute(f"UPDATE {quoted(kind.name)} SET {quoted(spare.name)} = {set_to}")
        self.drop_column(kind, before)
        self.execute(
            f"ALTER TABLE {quoted(kind.name)} RENAME COLUMN {quoted(spare.name)} TO {quoted(after.name)}"
        )
        self._index(kind, after)

    def _index(self, kind: ObjectType, of: Field) -> None:
        if not of.stored or not _wants_index(of):
            return
        columns = quoted(of.name) + (', "Id"' if of.name == "SystemModstamp" else "")
        name = quoted(_index_name(kind, of))
        self.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {quoted(kind.name)} ({columns})")

    # rows
    def row(self, kind: ObjectType, id: str) -> dict[str, Any] | None:
        """The stored row, deleted or not."""
        found = self.execute(f'SELECT * FROM {quoted(kind.name)} WHERE "Id" = ?', [id])
        values = found.fetchone()
        return None if values is None else dict(zip([c[0] for c in found.description], values, strict=True))

    def insert(self, kind: ObjectType, values: Mapping[str, Any]) -> None:
        names = list(values)
        self.insert_many(kind, names, [[values[name] for name in names]])

    def insert_many(self, kind: ObjectType, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        columns = ", ".join(quoted(name) for name in names)
        marks = ", ".join("?" * len(names))
        self.connection.executemany(f"INSERT INTO {quoted(kind.name)} ({columns}) VALUES ({marks})", rows)

    def update(self, kind: ObjectType, id: str, values: Mapping[str, Any]) -> None:
        if values:
            assignments = ", ".join(f"{quoted(name)} = ?" for name in values)
            self.execute(
                f'UPDATE {quoted(kind.name)} SET {assignments} WHERE "Id" = ?', [*values.values(), id]
            )

    def remove(self, kind: ObjectType, id: str) -> None:
        self.execute(f'DELETE FROM {quoted(kind.name)} WHERE "Id" = ?', [id])

    def next_ids(self, prefix: str, count: int = 1) -> list[str]:
        self.execute("INSERT OR IGNORE INTO _sequence VALUES (?, 1)", [prefix])
        bump = "UPDATE _sequence SET next = next + ? WHERE prefix = ? RETURNING next"
        (after,) = self.execute(bump, [count, prefix]).fetchone()
        return [make_id(prefix, number) for number in range(after - count, after)]

    def setting(self, name: str) -> str | None:
        found = self.execute("SELECT value FROM _setting WHERE name = ?", [name]).fetchone()
        return None if found is None else str(found[0])

    def set_setting(self, name: str, value: str) -> None:
        self.execute("INSERT OR REPLACE INTO _setting VALUES (?, ?)", [name, value])


def _fold(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _transaction_words(depth: int) -> tuple[str, str, list[str]]:
    if depth == 0:
        return "BEGIN IMMEDIATE", "COMMIT", ["ROLLBACK"]
    name = f"level_{depth}"
    return f"SAVEPOINT {name}", f"RELEASE {name}", [f"ROLLBACK TO {name}", f"RELEASE {name}"]


def _affinity(type: str) -> str:
    if type in _INTEGERS:
        return "INTEGER"
    return "REAL" if type in _REALS else "TEXT"


def _column(of: Field) -> str:
    if of.name == "Id":
        return '"Id" TEXT PRIMARY KEY NOT NULL'
    words = [quoted(of.name), _affinity(of.type)]
    if words[1] == "TEXT" and of.type not in _EXACT and not of.case_sensitive:
        words.append("COLLATE NOCASE")
    if of.formula:
        words.append(f"GENERATED ALWAYS AS ({of.formula}) VIRTUAL")
    elif of.type == "boolean":
        words.append("NOT NULL DEFAULT 0")
    return " ".join(words)


def _wants_index(of: Field) -> bool:
    if of.type == "reference":
        return not _UNINDEXED_TARGETS.issuperset(of.reference_to)
    return of.name == "SystemModstamp" or of.type == "email" or of.says("externalId") or of.says("unique")


def _index_name(kind: ObjectType, of: Field) -> str:
    return f"ix_{kind.name}_{of.name}"
