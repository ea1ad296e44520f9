"""A query's rows as the CSV that Salesforce sends, written once, and where each row begins in it."""

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.org import Column

ROWS_AT_ONCE = 2000
OFFSET_BYTES = 8

DELIMITERS = {"COMMA": ",", "TAB": "\t", "PIPE": "|", "SEMICOLON": ";", "CARET": "^", "BACKQUOTE": "`"}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}


class Stopped(Exception):
    """The job was aborted, or fails here on demand."""


@dataclass(frozen=True)
class Dialect:
    delimiter: str = ","
    ending: str = "\n"


@dataclass(frozen=True)
class Rendering:
    """A rendered result: the CSV, and beside it the byte offset of each row and of the end."""

    file: Path

    @property
    def index(self) -> Path:
        return self.file.with_suffix(".idx")

    def span(self, first: int, count: int) -> tuple[int, int]:
        """(offset, length) of `count` rows from `first`."""
        with self.index.open("rb") as source:
            return (start := _offset(source, first)), _offset(source, first + count) - start

    def header(self) -> bytes:
        with self.index.open("rb") as index, self.file.open("rb") as source:
            return source.read(_offset(index, 0))

    def remove(self) -> None:
        self.file.unlink(missing_ok=True)
        self.index.unlink(missing_ok=True)


def render(
    target: Rendering,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Any]],
    *,
    dialect: Dialect,
    on_rows: Callable[[int], None],
) -> int:
    """Write the result and return its number of rows. `on_rows` hears how far it is, may raise Stopped."""
    target.file.parent.mkdir(parents=True, exist_ok=True)
    line = _line_writer(columns, dialect)
    with target.file.open("wb") as out, target.index.open("wb") as index:
        header = _quoted([column.path for column in columns], dialect).encode()
        out.write(header)
        at, total = len(header), 0
        index.write(at.to_bytes(OFFSET_BYTES, "little"))
        for batch in _batches(rows):
            lines = [line(row) for row in batch]
            ends = array("Q")
            for text in lines:
                at += len(text)
                ends.append(at)
            out.write(b"".join(lines))
            index.write(ends.tobytes())
            total += len(lines)
            on_rows(total)
    return total


def _line_writer(columns: Sequence[Column], dialect: Dialect) -> Callable[[Sequence[Any]], bytes]:
    """Rows are turned column by column only where the stored form isn't the one to send."""
    booleans = [at for at, column in enumerate(columns) if column.type == "boolean"]
    stamps = [at for at, column in enumerate(columns) if column.type == "datetime"]

    def line(row: Sequence[Any]) -> bytes:
        values = list(row)
        for at in booleans:
            values[at] = None if values[at] is None else "true" if values[at] else "false"
        for at in stamps:
            values[at] = values[at] and values[at].replace("+0000", "Z")
        return _quoted(values, dialect).encode("utf-8", "replace")

    return line


def _quoted(values: Iterable[Any], dialect: Dialect) -> str:
    """Every value in quotes, the missing ones empty, as Salesforce writes them."""
    cells = ["" if value is None else str(value).replace('"', '""') for value in values]
    return '"' + f'"{dialect.delimiter}"'.join(cells) + '"' + dialect.ending


def _batches(rows: Iterable[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    batch: list[Sequence[Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == ROWS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _offset(source: Any, row: int) -> int:
    source.seek(row * OFFSET_BYTES)
    return int.from_bytes(source.read(OFFSET_BYTES), "little")
