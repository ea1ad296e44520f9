"""Query jobs: what is refused, and the thread that carries one out."""

import re
import sqlite3
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.bulk.jobs import Job, Jobs, State, new_job_id, stamp
from sandbox.bulk.opening import choice
from sandbox.bulk.render import DELIMITERS, LINE_ENDINGS, Dialect, Rendering, Stopped, render
from sandbox.clock import Clock
from sandbox.errors import ApiError
from sandbox.fault_table import Effect
from sandbox.org import Org
from sandbox.web import SessionUser

KIND = "V2Query"
_LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'")
_UNSUPPORTED = (
    (re.compile(r"\(\s*SELECT\b(?=.*\bFROM\b.*\)\s*(,|FROM\b))", re.I | re.S), "Aggregate Relationships"),
    (re.compile(r"\bGROUP\s+BY\b", re.I), "Group By"),
    (re.compile(r"\bOFFSET\s+\d", re.I), "Offset"),
    (re.compile(r"\bTYPEOF\b", re.I), "TypeOf"),
    (re.compile(r"\b(COUNT|COUNT_DISTINCT|SUM|AVG|MIN|MAX)\s*\(", re.I), "Aggregates"),
)


@dataclass(frozen=True)
class QueryJobs:
    """`folder` holds the rendered results, named by job."""

    org: Org
    jobs: Jobs
    clock: Clock
    folder: Path

    def create(self, raw: Any, *, user: SessionUser, version: str, effect: Effect) -> Job:
        """Check the request and start the job. Raises ApiError as Salesforce refuses it at once."""
        operation, soql = _read(raw)
        self._check(soql, user)
        now = self.clock.now()
        job = Job(
            id=new_job_id(),
            kind=KIND,
            operation=operation,
            object=_object(soql),
            query=soql,
            created_by=user.id,
            created=stamp(now),
            modified=stamp(now),
            version=version,
            column_delimiter=choice(raw, "columnDelimiter", list(DELIMITERS)),
            line_ending=choice(raw, "lineEnding", list(LINE_ENDINGS)),
            fail_at=effect.fail_job_at,
            slow=effect.slow_job,
        )
        self.jobs.add(job, now)
        self._start(job)
        return job

    def resume(self) -> None:
        """Start again what a stopped org left unfinished, and forget what is a week old."""
        now = self.clock.now()
        for job_id in self.jobs.expired(now):
            self.jobs.remove(job_id)
            self.rendering(job_id).remove()
        for job in self.jobs.all(KIND, now):
            if not job.state.over:
                self._start(job)

    def rendering(self, job_id: str) -> Rendering:
        return Rendering(self.folder / f"{job_id}.csv")

    def abort(self, job: Job) -> Job:
        return self.jobs.change(
            job,
            now=self.clock.now(),
            only_from=(State.UPLOAD_COMPLETE, State.IN_PROGRESS),
            state=State.ABORTED,
        )

    def delete(self, job: Job) -> None:
        if not job.state.over:
            raise ApiError(
                400, "INVALIDJOBSTATE", f"Job with state {job.state} can't be deleted; abort it first."
            )
        self.jobs.remove(job.id)
        self.rendering(job.id).remove()

    def _check(self, soql: str, user: SessionUser) -> None:
        bare = _LITERAL.sub("''", soql)
        for pattern, what in _UNSUPPORTED:
            if pattern.search(bare):
                raise ApiError(400, "API_ERROR", f"{what} not supported in Bulk Query")
        if not self.org.query(soql, user_id=user.id).is_flat:
            raise ApiError(400, "INVALID_FIELD", "Selecting compound data not supported in Bulk Query")

    def _start(self, job: Job) -> None:
        threading.Thread(target=self._carry_out, args=(job,), daemon=True, name=f"bulk {job.id}").start()

    def _carry_out(self, job: Job) -> None:
        started = time.monotonic()
        try:
            self._advance(job, state=State.IN_PROGRESS)
            time.sleep(job.slow)
            rows = self._render(job)
            self._advance(job, state=State.COMPLETE, processed=rows, milliseconds=_since(started))
        except Stopped as reason:
            self._fail(job, str(reason))
        except ApiError as error:
            self._fail(job, f"{error.code}: {error.message}")
        except sqlite3.ProgrammingError:
            return  # the org was closed or reset under the job

    def _render(self, job: Job) -> int:
        result = self.org.query(job.query, user_id=job.created_by, all_rows=job.operation == "queryAll")
        until = None if job.fail_at is None else int(result.total * job.fail_at)

        def on_rows(done: int) -> None:
            if until is not None and done >= until:
                raise Stopped("InternalServerError : Unable to process the job; it failed half-way.")
            self._advance(job, processed=done)

        dialect = Dialect(DELIMITERS[job.column_delimiter], LINE_ENDINGS[job.line_ending])
        return render(self.rendering(job.id), result.columns, result.rows(), dialect=dialect, on_rows=on_rows)

    def _advance(self, job: Job, **changes: Any) -> None:
        """Raises Stopped when the job was aborted or deleted meanwhile."""
        running = (State.UPLOAD_COMPLETE, State.IN_PROGRESS)
        try:
            self.jobs.change(job, now=self.clock.now(), only_from=running, **changes)
        except ApiError as error:
            raise Stopped(error.message) from error

    def _fail(self, job: Job, reason: str) -> None:
        self.rendering(job.id).remove()
        try:
            self._advance(job, state=State.FAILED, error=reason)
        except Stopped:
            return


def _read(raw: Any) -> tuple[str, str]:
    if not isinstance(raw, dict):
        raise ApiError(400, "JSON_PARSER_ERROR", "The request body must be a JSON object.")
    operation = raw.get("operation")
    if operation not in ("query", "queryAll"):
        raise ApiError(400, "INVALIDJOB", "InvalidJob : operation must be query or queryAll")
    soql = raw.get("query")
    if not isinstance(soql, str) or not soql.strip():
        raise ApiError(400, "INVALIDJOB", "InvalidJob : query is required")
    return operation, soql


def _object(soql: str) -> str:
    """The object of the outermost FROM, the last one not inside parentheses' literals."""
    found = re.search(r"\bFROM\s+(\w+)", _LITERAL.sub("''", soql), re.I)
    return found[1] if found else ""


def _since(started: float) -> int:
    return int((time.monotonic() - started) * 1000)
