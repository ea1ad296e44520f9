"""Bulk 2.0 ingest jobs over HTTP: `/services/data/vXX.X/jobs/ingest…`."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

from sandbox.bulk.ingest import KIND, IngestJobs
from sandbox.bulk.jobs import Job, State
from sandbox.bulk.opening import read_wanted
from sandbox.bulk.upload import InvalidBatch
from sandbox.errors import ApiError
from sandbox.faced import effect_of
from sandbox.rest.caller import DATA, caller
from sandbox.web import Headers, Request, Response, Router, json_response

_BASE = DATA + "/jobs/ingest"
_JOB = _BASE + "/{job_id}"


def ingest_routes(ingest: IngestJobs) -> Router:
    router = Router()

    @router.post(_BASE)
    def create(request: Request, version: str) -> Response:
        me = caller(request, version)
        wanted = read_wanted(ingest.org, request.json(), me.user_id)
        return json_response(_brief(ingest.create(wanted, me, effect_of(request))))

    @router.get(_BASE)
    def listing(request: Request, version: str) -> Response:
        caller(request, version)
        kind = request.arg("jobType") or KIND
        jobs = ingest.jobs.all(KIND, ingest.clock.now()) if kind == KIND else []
        records = [_brief(job) | {"jobType": KIND} for job in jobs]
        return json_response({"done": True, "records": records, "nextRecordsUrl": None}, rows=len(records))

    @router.get(_JOB)
    def show(request: Request, version: str, job_id: str) -> Response:
        return json_response(_full(ingest, _find(ingest, request, version, job_id)))

    @router.patch(_JOB)
    def change(request: Request, version: str, job_id: str) -> Response:
        job = _find(ingest, request, version, job_id)
        raw = request.json()
        state = raw.get("state") if isinstance(raw, dict) else None
        if state == State.UPLOAD_COMPLETE:
            return json_response(_brief(ingest.close(job, effect_of(request))))
        if state == State.ABORTED:
            return json_response(_brief(ingest.abort(job)))
        raise ApiError(
            400, "INVALIDJOBSTATE", "Invalid job state: only UploadComplete and Aborted can be set."
        )

    @router.delete(_JOB)
    def delete(request: Request, version: str, job_id: str) -> Response:
        ingest.delete(_find(ingest, request, version, job_id))
        return Response(204)

    @router.put(_JOB + "/batches")
    def receive(request: Request, version: str, job_id: str) -> Response:
        ingest.receive(_find(ingest, request, version, job_id), request.body)
        return Response(201)

    router.include(_result_routes(ingest))
    return router


def _result_routes(ingest: IngestJobs) -> Router:
    router = Router()

    @router.get(_JOB + "/successfulResults")
    def successful(request: Request, version: str, job_id: str) -> Response:
        job = _over(_find(ingest, request, version, job_id))
        rows = [
            [outcome.id, str(outcome.created).lower(), *cells]
            for outcome, cells in zip(ingest.outcomes.of(job.id), ingest.upload(job).rows(), strict=False)
            if not outcome.error
        ]
        return _csv(ingest, job, ["sf__Id", "sf__Created"], rows)

    @router.get(_JOB + "/failedResults")
    def failed(request: Request, version: str, job_id: str) -> Response:
        job = _over(_find(ingest, request, version, job_id))
        rows = [
            ["", outcome.error, *cells]
            for outcome, cells in zip(ingest.outcomes.of(job.id), ingest.upload(job).rows(), strict=False)
            if outcome.error
        ]
        return _csv(ingest, job, ["sf__Id", "sf__Error"], rows)

    def unprocessed(request: Request, version: str, job_id: str) -> Response:
        job = _over(_find(ingest, request, version, job_id))
        return _csv(ingest, job, [], list(_unlooked_at(ingest, job)))

    for spelling in ("unprocessedrecords", "unprocessedRecords"):
        router.get(f"{_JOB}/{spelling}")(unprocessed)
    return router


def _unlooked_at(ingest: IngestJobs, job: Job) -> Iterator[list[str]]:
    """An upload that no job can take has no rows to give back."""
    done, _ = ingest.outcomes.counts(job.id)
    with suppress(InvalidBatch):
        yield from islice(ingest.upload(job).rows(), done, None)


def _csv(ingest: IngestJobs, job: Job, more: list[str], rows: list[list[str]]) -> Response:
    upload = ingest.upload(job)
    header = list(more)
    with suppress(InvalidBatch):
        header += upload.header()
    body = "".join(upload.line(cells) for cells in [header, *rows]).encode()
    return Response(200, Headers({"Content-Type": "text/csv"}), body, rows=len(rows))


def _find(ingest: IngestJobs, request: Request, version: str, job_id: str) -> Job:
    caller(request, version)
    return ingest.jobs.get(job_id, KIND, ingest.clock.now())


def _over(job: Job) -> Job:
    if not job.state.over:
        raise ApiError(
            400, "INVALIDJOBSTATE", f"Invalid job state: {job.state}. Results need a job that is over."
        )
    return job


def _brief(job: Job) -> dict[str, Any]:
    """As Salesforce answers to whoever makes or changes a job."""
    seen = job.common_json()
    seen["contentUrl"] = f"services/data/v{job.version}/jobs/ingest/{job.id}/batches"
    if job.external_id:
        seen["externalIdFieldName"] = job.external_id
    return seen


def _full(ingest: IngestJobs, job: Job) -> dict[str, Any]:
    seen = _brief(job) | {
        "jobType": KIND,
        "retries": 0,
        "totalProcessingTime": job.milliseconds,
        "apiActiveProcessingTime": job.milliseconds,
        "apexProcessingTime": 0,
    }
    if job.state is not State.OPEN:
        seen["numberRecordsProcessed"], seen["numberRecordsFailed"] = ingest.outcomes.counts(job.id)
    return seen | ({"errorMessage": job.error} if job.error else {})
