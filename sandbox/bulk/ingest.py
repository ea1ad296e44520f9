"""Ingest jobs: taking the upload, writing its rows two hundred a transaction, being stopped at any instant."""

import math
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from sandbox.bulk.job_rows import JobRows
from sandbox.bulk.jobs import Job, Jobs, State, new_job_id, stamp
from sandbox.bulk.opening import WantedJob
from sandbox.bulk.outcomes import Outcome, Outcomes
from sandbox.bulk.render import Stopped
from sandbox.bulk.upload import MOST_BYTES, InvalidBatch, Upload
from sandbox.clock import Clock
from sandbox.errors import ApiError
from sandbox.fault_table import Effect
from sandbox.org import Org
from sandbox.rest.caller import Caller
from sandbox.rest.row_writes import Row, written

KIND = "V2Ingest"
ROWS_A_TRANSACTION = 200
ROWS_A_BATCH = 10_000
RUNNING = (State.UPLOAD_COMPLETE, State.IN_PROGRESS)
_FAILS = "InternalServerError : Unable to process the job; it failed half-way."
_TWICE = (
    "Found multiple contents for job: <{id}>, please 'Close' / 'Abort' / 'Delete' the current Job then create a"
    " new Job and make sure you only do 'PUT' once on a given Job."
)


@dataclass(frozen=True)
class IngestJobs:
    """`folder` holds the uploads, named by job."""

    org: Org
    jobs: Jobs
    clock: Clock
    folder: Path
    outcomes: Outcomes

    def create(self, wanted: WantedJob, me: Caller, effect: Effect) -> Job:
        """An open job that waits for its upload."""
        now = self.clock.now()
        job = Job(
            id=new_job_id(),
            kind=KIND,
            query="",
            created_by=me.user_id,
            created=stamp(now),
            modified=stamp(now),
            version=me.version,
            state=State.OPEN,
            options=asdict(me.options) | {"auto_assign": wanted.auto_assign},
            **wanted.of_the_job(),
            **_demands(effect),
        )
        self.jobs.add(job, now)
        return job

    def upload(self, job: Job) -> Upload:
        return Upload(self.folder / f"{job.id}.upload.csv", job.column_delimiter, job.line_ending)

    def receive(self, job: Job, body: bytes) -> None:
        """Take the upload. Raises 400 for a second one, 413 for one too large."""
        if job.state is not State.OPEN:
            raise ApiError(400, "INVALIDJOBSTATE", f"Invalid job state: the job is {job.state}, not Open.")
        if self.upload(job).there:
            raise ApiError(400, "INVALIDJOBSTATE", _TWICE.format(id=job.id))
        if len(body) > MOST_BYTES:
            raise ApiError(413, "REQUEST_ENTITY_TOO_LARGE", f"An upload has up to {MOST_BYTES} bytes.")
        self.upload(job).receive(body)

    def close(self, job: Job, effect: Effect) -> Job:
        """The upload is complete: carry the job out."""
        closed = self.jobs.change(
            *(job,),
            now=self.clock.now(),
            only_from=(State.OPEN,),
            state=State.UPLOAD_COMPLETE,
            **_demands(effect),
        )
        self._start(closed)
        return closed

    def abort(self, job: Job) -> Job:
        """What is saved stays saved; rows not looked at yet are unprocessed."""
        return self.jobs.change(
            job, now=self.clock.now(), only_from=(State.OPEN, *RUNNING), state=State.ABORTED
        )

    def delete(self, job: Job) -> None:
        if not job.state.over:
            raise ApiError(
                400, "INVALIDJOBSTATE", f"Job with state {job.state} can't be deleted; abort it first."
            )
        self.jobs.remove(job.id)
        self._forget(job)

    def resume(self) -> None:
        """Go on with what a stopped org left unfinished, and forget the rows of jobs that are no more."""
        now = self.clock.now()
        known = self.jobs.all(KIND, now)
        self.outcomes.forget_all_but([job.id for job in known])
        files = {self.upload(job).file for job in known}
        for orphan in set(self.folder.glob("*.upload.*")) - files:
            orphan.unlink()
        for job in known:
            if job.state in RUNNING:
                self._start(job)

    def _forget(self, job: Job) -> None:
        self.upload(job).remove()
        self.outcomes.forget(job.id)

    def _start(self, job: Job) -> None:
        threading.Thread(target=self._carry_out, args=(job,), daemon=True, name=f"bulk {job.id}").start()

    def _carry_out(self, job: Job) -> None:
        started = time.monotonic()

        def spent() -> int:
            return job.milliseconds + int((time.monotonic() - started) * 1000)

        try:
            self._process(self._taken(job))
            self._advance(job, state=State.COMPLETE, milliseconds=spent())
        except InvalidBatch as reason:
            self._fail(job, str(reason), spent())
        except Stopped as reason:
            self._fail(job, str(reason), spent())
        except sqlite3.ProgrammingError:
            return  # the org was closed or reset under the job
        finally:
            self.org.store.close_here()

    def _taken(self, job: Job) -> Job:
        """Look through the whole upload before the first row is written, and count its batches."""
        upload = self.upload(job)
        if upload.there:
            upload.check_ending()
            JobRows(self.org, job).check(upload.header())
        total = sum(1 for _ in upload.rows())
        self.jobs.spend(job.id, math.ceil(total / ROWS_A_BATCH), self.clock.now())
        return self._advance(job, state=State.IN_PROGRESS, total=total)

    def _process(self, job: Job) -> None:
        last = job.total if job.fail_at is None else int(job.total * job.fail_at)
        done, _ = self.outcomes.counts(job.id)
        rows = islice(self.upload(job).rows(), done, last)
        header = self.upload(job).header()
        pause = job.slow / max(1, math.ceil(job.total / ROWS_A_TRANSACTION))
        for batch in _batches(rows):
            time.sleep(pause)
            self._advance(job)
            self._write(job, header, done, batch)
            done += len(batch)
        if job.fail_at is not None:
            raise Stopped(_FAILS)

    def _write(self, job: Job, header: Sequence[str], first: int, batch: Sequence[Sequence[str]]) -> None:
        """One transaction: the rows and what became of them. The ledger is another connection to the same
        file, so nothing in here may write to it."""
        job_rows, effect = JobRows(self.org, job), Effect(**job.refuse)
        with self.org.transaction():
            for row, cells in enumerate(batch, first):
                result = written(self.org, job_rows.write(header, cells), row, effect)
                self.outcomes.add(job.id, _outcome(job, row, result))

    def _advance(self, job: Job, **changes: Any) -> Job:
        """Raises Stopped when the job was aborted or deleted meanwhile."""
        try:
            return self.jobs.change(job, now=self.clock.now(), only_from=RUNNING, **changes)
        except ApiError as error:
            raise Stopped(error.message) from error

    def _fail(self, job: Job, reason: str, milliseconds: int) -> None:
        try:
            self._advance(job, state=State.FAILED, error=reason, milliseconds=milliseconds)
        except Stopped:
            return


def _demands(effect: Effect) -> dict[str, Any]:
    """What a fault wants of the job whose call it met."""
    demands: dict[str, Any] = {}
    if effect.fail_job_at is not None:
        demands["fail_at"] = effect.fail_job_at
    if effect.slow_job:
        demands["slow"] = effect.slow_job
    if effect.refuse:
        names = ("refuse", "refuse_message", "refuse_rows", "refuse_values")
        demands["refuse"] = {name: getattr(effect, name) for name in names}
    return demands


def _batches(rows: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    while batch := list(islice(rows, ROWS_A_TRANSACTION)):
        yield batch


def _outcome(job: Job, row: int, result: Row) -> Outcome:
    if not result["success"]:
        return Outcome(row, "", False, ";".join(_error_text(error) for error in result["errors"]))
    return Outcome(row, result["id"], result.get("created", job.operation == "insert"), "")


def _error_text(error: dict[str, Any]) -> str:
    """`CODE:message:Field, Field --`; a value of the wrong type is no matter of JSON here."""
    code = error["statusCode"].replace("JSON_PARSER_ERROR", "INVALID_TYPE_ON_FIELD_IN_RECORD")
    fields = ", ".join(error["fields"])
    return f"{code}:{error['message']}:{fields + ' ' if fields else ''}--"
