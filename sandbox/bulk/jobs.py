"""Jobs of either kind as the org remembers them: their states, their life of seven days, their batches."""

import json
import re
import secrets
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sandbox.errors import ApiError, not_found
from sandbox.ids import is_id, to18
from sandbox.ledger import Ledger

LIFE = timedelta(days=7)
_JOB_PATH = re.compile(r"/jobs/(?:ingest|query)/(\w+)")
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


class State(StrEnum):
    OPEN = "Open"
    UPLOAD_COMPLETE = "UploadComplete"
    IN_PROGRESS = "InProgress"
    COMPLETE = "JobComplete"
    FAILED = "Failed"
    ABORTED = "Aborted"

    @property
    def over(self) -> bool:
        return self in (State.COMPLETE, State.FAILED, State.ABORTED)


@dataclass(frozen=True)
class Job:
    """`version` is that of the request that made it. What a fault wants of it: `fail_at`, `slow`, `refuse`
    (the `Effect` fields that refuse rows). `options` are the `WriteOptions` of an ingest job, `total` its rows.
    """

    id: str
    kind: str
    operation: str
    object: str
    query: str
    created_by: str
    created: str
    modified: str
    version: str
    state: State = State.UPLOAD_COMPLETE
    column_delimiter: str = "COMMA"
    line_ending: str = "LF"
    processed: int = 0
    milliseconds: int = 0
    error: str = ""
    fail_at: float | None = None
    slow: float = 0.0
    external_id: str = ""
    total: int = 0
    refuse: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    def as_json(self, *, brief: bool = False) -> dict[str, Any]:
        """As Salesforce describes a query job; `brief` as it answers to the one who made it."""
        seen = self.common_json()
        if brief:
            return seen
        seen |= {"jobType": self.kind, "retries": 0, "totalProcessingTime": self.milliseconds}
        if self.state is not State.UPLOAD_COMPLETE:
            seen["numberRecordsProcessed"] = self.processed
        return seen | ({"errorMessage": self.error} if self.error else {})

    def common_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "operation": self.operation,
            "object": self.object,
            "createdById": self.created_by,
            "createdDate": self.created,
            "systemModstamp": self.modified,
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
            "lineEnding": self.line_ending,
            "columnDelimiter": self.column_delimiter,
        }


class Jobs:
    def __init__(self, store: Ledger) -> None:
        self._store = store

    def add(self, job: Job, now: datetime) -> None:
        self._store.run(
            "INSERT INTO bulk_job (id, kind, state, created_at, body) VALUES (?, ?, ?, ?, ?)",
            *(job.id, job.kind, job.state, now.timestamp(), json.dumps(asdict(job))),
        )

    def get(self, job_id: str, kind: str, now: datetime) -> Job:
        """Raises 404 for one unknown, deleted, of the other kind, or older than a week."""
        row = None
        if is_id(job_id):
            row = self._store.one(
                "SELECT body FROM bulk_job WHERE id = ? AND kind = ? AND created_at > ?",
                *(to18(job_id), kind, (now - LIFE).timestamp()),
            )
        if not row:
            raise not_found()
        return _load(row["body"])

    def all(self, kind: str, now: datetime) -> list[Job]:
        rows = self._store.run(
            "SELECT body FROM bulk_job WHERE kind = ? AND created_at > ?"
            " ORDER BY created_at DESC, rowid DESC",
            *(kind, (now - LIFE).timestamp()),
        )
        return [_load(row["body"]) for row in rows]

    def change(self, job: Job, *, now: datetime, only_from: tuple[State, ...] = (), **changes: Any) -> Job:
        """Ledger a change of the job as it stands. With `only_from`, a job in another state stays as it is.

        Raises 400 then, so that an abort and a completion can't overwrite each other.
        """
        with self._store.transaction():
            row = self._store.one("SELECT body FROM bulk_job WHERE id = ?", job.id)
            current = _load(row["body"]) if row else None
            if not current or (only_from and current.state not in only_from):
                state = current.state if current else "Deleted"
                raise ApiError(400, "INVALIDJOBSTATE", f"Invalid job state: the job is {state}.")
            changed = replace(current, modified=stamp(now), **changes)
            self._store.run(
                "UPDATE bulk_job SET state = ?, body = ? WHERE id = ?",
                *(changed.state, json.dumps(asdict(changed)), job.id),
            )
        return changed

    def remove(self, job_id: str) -> None:
        self._store.run("DELETE FROM bulk_job WHERE id = ?", job_id)

    def spend(self, job_id: str, batches: int, now: datetime) -> None:
        """Count a job's batches against the day's, once however often it is told."""
        self._store.run("INSERT OR IGNORE INTO bulk_spent VALUES (?, ?, ?)", job_id, now.timestamp(), batches)

    def spent(self, now: datetime) -> int:
        """Batches of the last 24 hours; a deleted job's stay counted."""
        since = (now - timedelta(days=1)).timestamp()
        row = self._store.one("SELECT coalesce(sum(batches), 0) AS used FROM bulk_spent WHERE at > ?", since)
        return int(row["used"]) if row else 0

    def expired(self, now: datetime) -> list[str]:
        rows = self._store.run("SELECT id FROM bulk_job WHERE created_at <= ?", (now - LIFE).timestamp())
        return [row["id"] for row in rows]


def object_of(ledger: Ledger, path: str) -> str:
    """The object of the job that a path names, "" where it names none."""
    found = _JOB_PATH.search(path)
    if not found or not is_id(found[1]):
        return ""
    row = ledger.one("SELECT body FROM bulk_job WHERE id = ?", to18(found[1]))
    return str(json.loads(row["body"])["object"]) if row else ""


def new_job_id() -> str:
    return to18("750Lk" + "".join(secrets.choice(_ALPHABET) for _ in range(10)))


def stamp(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _load(body: str) -> Job:
    raw = json.loads(body)
    return Job(**{**raw, "state": State(raw["state"])})
