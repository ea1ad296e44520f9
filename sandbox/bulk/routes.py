"""Bulk 2.0 query jobs over HTTP: `/services/data/vXX.X/jobs/query…`."""

import base64
import binascii
from typing import Any

from sandbox.bulk.jobs import Job, State
from sandbox.bulk.query import KIND, QueryJobs
from sandbox.errors import ApiError
from sandbox.faced import effect_of
from sandbox.fault_table import Effect
from sandbox.ledger import Ledger
from sandbox.web import Headers, Request, Response, Router, json_response

PAGE_ROWS = 50_000
PAGES_AT_ONCE = 5
_BASE = "/services/data/v{version}/jobs/query"


def bulk_routes(queries: QueryJobs, store: Ledger) -> Router:
    """`store` holds the option `bulk_page_rows`, how many rows a page has when the client names no number."""
    router = Router()

    @router.post(_BASE)
    def create(request: Request, version: str) -> Response:
        assert request.user
        raw = request.json()
        job = queries.create(raw, user=request.user, version=version, effect=effect_of(request))
        return json_response(job.as_json(brief=True))

    @router.get(_BASE)
    def listing(request: Request, version: str) -> Response:
        records = [job.as_json() for job in queries.jobs.all(KIND, queries.clock.now())]
        return json_response({"done": True, "records": records, "nextRecordsUrl": None})

    @router.get(_BASE + "/{job_id}")
    def show(request: Request, version: str, job_id: str) -> Response:
        return json_response(_find(queries, job_id).as_json())

    @router.patch(_BASE + "/{job_id}")
    def change(request: Request, version: str, job_id: str) -> Response:
        raw = request.json()
        if not isinstance(raw, dict) or raw.get("state") != State.ABORTED:
            raise ApiError(400, "INVALIDJOBSTATE", "Invalid job state: only Aborted can be set.")
        return json_response(queries.abort(_find(queries, job_id)).as_json())

    @router.delete(_BASE + "/{job_id}")
    def delete(request: Request, version: str, job_id: str) -> Response:
        queries.delete(_find(queries, job_id))
        return Response(204)

    router.include(_result_routes(queries, store))
    return router


def _result_routes(queries: QueryJobs, store: Ledger) -> Router:
    router = Router()

    @router.get(_BASE + "/{job_id}/results")
    def results(request: Request, version: str, job_id: str) -> Response:
        job = _finished(_find(queries, job_id), version)
        rows = _rows_per_page(request, store)
        return _page(queries, job, _position(request), rows, effect_of(request))

    def result_pages(request: Request, version: str, job_id: str) -> Response:
        job = _finished(_find(queries, job_id), version)
        return json_response(_pages(job, version, _position(request), _rows_per_page(request, store)))

    for spelling in ("resultPages", "resultpages"):
        router.get(f"{_BASE}/{{job_id}}/{spelling}")(result_pages)
    return router


def _find(queries: QueryJobs, job_id: str) -> Job:
    return queries.jobs.get(job_id, KIND, queries.clock.now())


def _finished(job: Job, version: str) -> Job:
    if job.state is not State.COMPLETE:
        raise ApiError(400, "INVALIDJOBSTATE", f"Invalid job state: {job.state}. Results need JobComplete.")
    if float(version) != float(job.version):
        raise ApiError(409, "CONFLICT", f"Use the API version of the job, {job.version}.")
    return job


def _page(queries: QueryJobs, job: Job, first: int, rows: int, effect: Effect) -> Response:
    """Rows from `first` on; the header line stands on every page, so before a later one it is sent apart."""
    after = min(first + rows, job.processed)
    if first > 0 and first >= job.processed:
        raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    begin = max(0, first - effect.repeat_rows)
    rendering = queries.rendering(job.id)
    offset, length = rendering.span(begin, after - begin)
    header = rendering.header()
    headers = Headers(
        {
            "Content-Type": "text/csv",
            "Sforce-Locator": "null" if after >= job.processed else _locator(after),
            "Sforce-NumberOfRecords": str(after - begin),
        }
    )
    return Response(200, headers, header, file=rendering.file, file_offset=offset, file_length=length)


def _pages(job: Job, version: str, first: int, rows: int) -> dict[str, Any]:
    """Up to five pages that may be fetched side by side."""
    base = f"/services/data/v{version}/jobs/query/{job.id}"
    starts = list(range(first, max(job.processed, 1), rows))
    size = f"&maxRecords={rows}"
    pages = [{"resultUrl": f"{base}/results?locator={_locator(at)}{size}"} for at in starts[:PAGES_AT_ONCE]]
    answer: dict[str, Any] = {"resultPages": pages, "done": len(starts) <= PAGES_AT_ONCE}
    if not answer["done"]:
        locator = _locator(starts[PAGES_AT_ONCE])
        answer["nextRecordsUrl"] = f"{base}/resultpages?locator={locator}{size}"
    return answer


def _rows_per_page(request: Request, store: Ledger) -> int:
    asked = request.arg("maxRecords") or str(store.option("bulk_page_rows", PAGE_ROWS))
    if not asked.isdigit() or not int(asked):
        raise ApiError(400, "INVALIDREQUEST", "maxRecords must be a positive whole number")
    return int(asked)


def _locator(row: int) -> str:
    return base64.urlsafe_b64encode(str(row).encode()).decode().rstrip("=")


def _position(request: Request) -> int:
    locator = request.arg("locator")
    if not locator:
        return 0
    try:
        return int(base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4)))
    except (binascii.Error, ValueError):
        raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator") from None
