"""The CSV that a client puts into an ingest job: kept as it came, read row by row."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.bulk.render import DELIMITERS, LINE_ENDINGS

MOST_BYTES = 150 * 1024 * 1024
_HEAD = 1 << 20
_CELL = 131_072


class InvalidBatch(Exception):
    """The whole upload can't be taken; the words are the job's errorMessage."""

    def __init__(self, why: str) -> None:
        super().__init__(f"InvalidBatch : {why}")


@dataclass(frozen=True)
class Upload:
    """`delimiter` and `ending` by the names the API has for them."""

    file: Path
    delimiter: str
    ending: str

    @property
    def there(self) -> bool:
        return self.file.exists()

    def receive(self, body: bytes) -> None:
        """Whole or not at all, whenever the org is stopped."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        arriving = self.file.with_suffix(".part")
        arriving.write_bytes(body)
        arriving.rename(self.file)

    def remove(self) -> None:
        self.file.unlink(missing_ok=True)

    def header(self) -> list[str]:
        return next(self._lines(), [])

    def rows(self) -> Iterator[list[str]]:
        """The cells of each row as they came. Raises InvalidBatch for what is no CSV of this header."""
        lines = self._lines()
        width = len(next(lines, []))
        for number, cells in enumerate(lines, 1):
            if len(cells) != width:
                raise InvalidBatch(f"Row {number} has {len(cells)} columns, the header has {width}")
            yield cells

    def check_ending(self) -> None:
        """Raises InvalidBatch when the header ends otherwise than the job says."""
        with self.file.open("rb") as source:
            first, newline, _ = source.read(_HEAD).partition(b"\n")
        found = "CRLF" if first.endswith(b"\r") else "LF"
        if newline and found != self.ending:
            raise InvalidBatch(
                f"LineEnding is invalid on user data. Current LineEnding setting is {self.ending}"
            )

    def line(self, cells: list[str]) -> str:
        """A row as the results have it: every cell in quotes."""
        quoted = ('"' + cell.replace('"', '""') + '"' for cell in cells)
        return DELIMITERS[self.delimiter].join(quoted) + LINE_ENDINGS[self.ending]

    def _lines(self) -> Iterator[list[str]]:
        """Blank lines are none."""
        if not self.there:
            return
        csv.field_size_limit(_CELL)
        with self.file.open(encoding="utf-8-sig", newline="") as source:
            try:
                for cells in csv.reader(source, delimiter=DELIMITERS[self.delimiter], strict=True):
                    if cells:
                        yield cells
            except (csv.Error, UnicodeDecodeError) as bad:
                raise InvalidBatch(f"The CSV can't be read: {bad}") from bad
