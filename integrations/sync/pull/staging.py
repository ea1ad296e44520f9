"""The staging tables: what was read from Salesforce and is not applied yet (design, *Data*).

One unlogged table per connection and object, in a schema of its own, one text column per Salesforce field.
A crash of PostgreSQL empties unlogged tables, so the rows that should be there are counted on
`SyncedObject.staged_rows`, and a difference means reading again.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import IO, Any, Self

from django.db import connection as database
from psycopg import sql

BLOCK = 1 << 20
NUL = r"\u0000"
NUL_IN_JSON = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
OWN_COLUMNS = ("seq", "asked_at", "known")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one page brought. `dropped_nuls` counts NUL characters, which PostgreSQL can't store."""

    rows: int
    dropped_nuls: int

    def __add__(self, other: Self) -> Self:
        return replace(self, rows=self.rows + other.rows, dropped_nuls=self.dropped_nuls + other.dropped_nuls)


class StagingTable:
    """One object's staging table. Rows keep the order in which they were read, in `seq`.

    `known` marks those that were read without regard to the pull filter, by name only (spec C12).
    """

    def __init__(self, connection_id: int, object_name: str) -> None:
        self.table = f"c{connection_id}_{object_name.lower()}"
        self.name = sql.Identifier("staging", self.table)

    def columns(self) -> list[str]:
        """The Salesforce fields it holds; empty where there is no table."""
        rows = _fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s)"
            " AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            [f"staging.{self.table}"],
        )
        return [name for (name,) in rows if name not in OWN_COLUMNS]

    def create(self, columns: Sequence[str]) -> None:
        """An empty table for these fields, in place of any before."""
        self.drop()
        fields = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(name)) for name in columns)
        _run(
            sql.SQL(
                "CREATE UNLOGGED TABLE {} (seq bigint GENERATED ALWAYS AS IDENTITY (CACHE 1000),"
                " asked_at timestamptz, known boolean NOT NULL DEFAULT false, {}) WITH (autovacuum_enabled = off)"
            ).format(self.name, fields)
        )

    def drop(self) -> None:
        _run(sql.SQL("DROP TABLE IF EXISTS {}").format(self.name))

    def rows(self) -> int:
        """How many rows it holds; 0 where there is no table."""
        if not self.columns():
            return 0
        return int(_fetch(sql.SQL("SELECT count(*) FROM {}").format(self.name))[0][0])

    def values_of(self, column: str) -> set[str]:
        """The different values that live rows hold in a column; for columns of few values."""
        query = sql.SQL(
            "SELECT DISTINCT {0} FROM {1} WHERE {0} IS NOT NULL AND \"IsDeleted\" IS DISTINCT FROM 'true'"
        )
        return {value for (value,) in _fetch(query.format(sql.Identifier(column), self.name))}

    def truncate_after(self, seq: int) -> None:
        """Forget what was read after row `seq`."""
        _run(sql.SQL("DELETE FROM {} WHERE seq > {}").format(self.name, sql.Literal(seq)))

    def last_seq(self) -> int:
        return int(_fetch(sql.SQL("SELECT coalesce(max(seq), 0) FROM {}").format(self.name))[0][0])

    def make_ready(self) -> None:
        """Index and measure it, once it is complete, so that chunks are found and joins planned well."""
        index = sql.Identifier(f"{self.table}_seq")
        _run(sql.SQL("CREATE INDEX IF NOT EXISTS {} ON {} (seq)").format(index, self.name))
        _run(sql.SQL("ANALYZE {} (seq)").format(self.name))

    def newest(self, *, after_seq: int) -> tuple[datetime, str] | None:
        """The highest (SystemModstamp, Id) among the rows after `after_seq`; None where there are none.

        The stamps of one read share one format and zone, so that their text sorts as they do.
        """
        rows = _fetch(
            sql.SQL(
                'SELECT "SystemModstamp"::timestamptz, "Id" FROM {} WHERE seq > {}'
                ' ORDER BY "SystemModstamp" COLLATE "C" DESC, "Id" COLLATE "C" DESC LIMIT 1'
            ).format(self.name, sql.Literal(after_seq))
        )
        return (rows[0][0], rows[0][1]) if rows else None

    def drop_known_twins(self, *, after_seq: int) -> int:
        """Forget the known rows after `after_seq` of records that were read whole after them. How many."""
        command = sql.SQL(
            "DELETE FROM {0} k USING {0} w"
            ' WHERE k.known AND k.seq > {1} AND NOT w.known AND w.seq > k.seq AND w."Id" = k."Id"'
        )
        with database.cursor() as cursor:
            cursor.execute(command.format(self.name, sql.Literal(after_seq)))
            return int(cursor.rowcount)

    def part(self, *, after_seq: int, most: int) -> tuple[bool, int]:
        """Whether the rows that follow are known ones, and up to where, within `most`, all are alike."""
        until = after_seq + most
        rows = _fetch(
            sql.SQL(
                "SELECT known, min(seq) FROM {} WHERE seq > {} AND seq <= {} GROUP BY known ORDER BY min(seq)"
            ).format(self.name, sql.Literal(after_seq), sql.Literal(until))
        )
        return (bool(rows[0][0]) if rows else False, rows[1][1] - 1 if len(rows) > 1 else until)

    def copy_csv(self, page: IO[bytes], *, asked_at: datetime, known: bool = False) -> Loaded:
        """Stream a Bulk result page into the table. Its header names the columns; blanks become NULL."""
        header = page.readline().decode().strip().lstrip("\ufeff")
        if not header:
            return Loaded(0, 0)
        names = [name.strip('"') for name in header.split(",")]
        columns = sql.SQL(", ").join(map(sql.Identifier, names))
        command = sql.SQL("COPY {} ({}) FROM STDIN WITH (FORMAT csv, FORCE_NULL ({}))").format(
            self.name, columns, columns
        )
        self._stamp(asked_at, known)
        nuls = 0
        with database.cursor() as cursor:
            with cursor.copy(command) as copy:
                while block := page.read(BLOCK):
                    found = block.count(0)
                    nuls += found
                    copy.write(block.replace(b"\0", b"") if found else block)
            return Loaded(cursor.rowcount, nuls)  # a closed cursor has forgotten it

    def insert_json(
        self, records: Sequence[dict[str, Any]], *, asked_at: datetime, known: bool = False
    ) -> Loaded:
        """Put a REST page into the table; PostgreSQL takes the JSON apart, Python loops over nothing."""
        columns = self.columns()
        text, nuls = json.dumps(records, ensure_ascii=False), 0
        if NUL in text:  # looking for the pattern takes as long as reading the page
            text, nuls = NUL_IN_JSON.subn(r"\1", text)
        text = text.encode(
            errors="replace"
        ).decode()  # half an emoji, cut off by a limit there, is no character
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        values = sql.SQL(", ").join(
            sql.SQL("nullif(row.value ->> {}, '')").format(sql.Literal(name)) for name in columns
        )
        self._stamp(asked_at, known)
        command = sql.SQL(
            "INSERT INTO {} ({}) SELECT {} FROM jsonb_array_elements(%s::jsonb) WITH ORDINALITY AS row(value, place)"
            " ORDER BY place"
        ).format(self.name, names, values)
        with database.cursor() as cursor:
            cursor.execute(command, [text])
            return Loaded(cursor.rowcount, nuls)

    def _stamp(self, asked_at: datetime, known: bool) -> None:
        """Give the coming rows what all of a page share: a constant default costs nothing a row."""
        _run(
            sql.SQL("ALTER TABLE {} ALTER asked_at SET DEFAULT {}, ALTER known SET DEFAULT {}").format(
                self.name, sql.Literal(asked_at.isoformat()), sql.Literal(known)
            )
        )


def _run(command: sql.Composable) -> None:
    with database.cursor() as cursor:
        cursor.execute(command)


def _fetch(command: str | sql.Composable, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with database.cursor() as cursor:
        cursor.execute(command, parameters or None)
        return list(cursor.fetchall())
