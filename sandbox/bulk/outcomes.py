"""What became of each row of an ingest job, in the org's own file.

A row and its outcome are written in one transaction, so a job that is stopped at any instant goes on at
the first row without an outcome. All counts are taken from here.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sandbox.store import Store

_TABLE = (
    "CREATE TABLE IF NOT EXISTS _bulk_outcome (job TEXT, row INTEGER, id TEXT, created INTEGER, error TEXT,"
    " PRIMARY KEY (job, row)) WITHOUT ROWID"
)


@dataclass(frozen=True)
class Outcome:
    """`error` is empty for a row that was saved."""

    row: int
    id: str
    created: bool
    error: str


class Outcomes:
    def __init__(self, store: Store) -> None:
        self._store = store
        store.execute(_TABLE)

    def add(self, job_id: str, outcome: Outcome) -> None:
        row = [job_id, outcome.row, outcome.id, int(outcome.created), outcome.error]
        self._store.execute("INSERT INTO _bulk_outcome VALUES (?, ?, ?, ?, ?)", row)

    def counts(self, job_id: str) -> tuple[int, int]:
        """(processed, failed of them)"""
        sql = "SELECT count(*), count(nullif(error, '')) FROM _bulk_outcome WHERE job = ?"
        processed, failed = self._store.execute(sql, [job_id]).fetchone()
        return int(processed), int(failed)

    def of(self, job_id: str) -> Iterator[Outcome]:
        """In the order of the rows."""
        sql = "SELECT row, id, created, error FROM _bulk_outcome WHERE job = ? ORDER BY row"
        for row, id, created, error in self._store.execute(sql, [job_id]):
            yield Outcome(row, id, bool(created), error)

    def forget(self, job_id: str) -> None:
        with self._store.transaction():
            self._store.execute("DELETE FROM _bulk_outcome WHERE job = ?", [job_id])

    def forget_all_but(self, job_ids: Collection[str]) -> None:
        known = [row[0] for row in self._store.execute("SELECT DISTINCT job FROM _bulk_outcome")]
        for job_id in set(known) - set(job_ids):
            self.forget(job_id)
