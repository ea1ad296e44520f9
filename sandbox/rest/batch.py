"""Batch: up to 25 independent requests in one."""

from typing import Any

from sandbox.errors import ApiError, not_found
from sandbox.rest.caller import DATA, SERVICES, body_of, caller
from sandbox.rest.composite import UNFIT, inner_request
from sandbox.web import Request, Response, Router, error_response, json_response

MOST = 25
_FAILED = 400
_HALTED = ApiError(412, "BATCH_PROCESSING_HALTED", "Batch processing was halted by request")


def batch_routes(router_of_all: Router) -> Router:
    router = Router()

    @router.post(DATA + "/composite/batch")
    def batch(request: Request, version: str) -> Response:
        caller(request, version)
        body: dict[str, Any] = body_of(request)
        items = body.get("batchRequests")
        if not isinstance(items, list) or not 1 <= len(items) <= MOST:
            raise ApiError(400, "LIMIT_EXCEEDED", f"A batch holds 1 to {MOST} requests.")
        results: list[dict[str, Any]] = []
        failed = False
        for item in items:
            if failed and body.get("haltOnError"):
                response = error_response(_HALTED)
            else:
                response = _answer(router_of_all, request, item)
            failed = failed or response.status >= _FAILED
            results.append({"statusCode": response.status, "result": response.json()})
        return json_response({"hasErrors": failed, "results": results})

    return router


def _answer(routes: Router, outer: Request, item: dict[str, Any]) -> Response:
    url = str(item.get("url", ""))
    if not url.startswith("/"):
        url = f"{SERVICES}/{url}"
    inner = inner_request(outer, str(item.get("method", "GET")), url, item.get("richInput"))
    if UNFIT.search(inner.path):
        return error_response(
            ApiError(400, "INVALID_BATCH_REQUEST", "This resource cannot be called in a batch")
        )
    return routes.dispatch(inner) or error_response(not_found())
