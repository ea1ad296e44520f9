"""Composite: up to 25 requests in one, later ones built from the answers of earlier ones."""

import json
import re
from typing import Any
from urllib.parse import quote, urlsplit

from sandbox.errors import ApiError, not_found
from sandbox.faced import effect_of
from sandbox.org import Org
from sandbox.rest.caller import DATA, body_of, caller
from sandbox.rest.references import filled
from sandbox.rest.row_writes import refuse_by_fault
from sandbox.web import Headers, Request, Response, Router, error_response, json_response

MOST, MOST_HEAVY = 25, 5
_HALTED = "The transaction was rolled back since another operation in the same transaction failed."
_OK = 300
# what no request inside a request may be; a job's ledger would wait for the composite's transaction
UNFIT = re.compile(r"/ui-api/|/jobs/|/composite(/batch)?/?$")
Item = dict[str, Any]


class _Undo(Exception):
    """Takes back a composite whose parts must all succeed."""


def composite_routes(org: Org, router_of_all: Router) -> Router:
    router = Router()

    @router.post(DATA + "/composite")
    def composite(request: Request, version: str) -> Response:
        caller(request, version)
        body: Item = body_of(request)
        items = _checked(body.get("compositeRequest"))
        results: list[Item] = []
        rows = 0
        try:
            with org.transaction():
                results, rows = _run(org, router_of_all, request, items)
                if body.get("allOrNone") and any(each["httpStatusCode"] >= _OK for each in results):
                    raise _Undo
        except _Undo:
            results = [_halted(each) for each in results]
        return json_response({"compositeResponse": results}, rows=rows)

    return router


def _checked(items: Any) -> list[Item]:
    if not isinstance(items, list) or not items:
        message = "compositeRequest must be an array with at least one request"
        raise ApiError(400, "JSON_PARSER_ERROR", message)
    for item in items:
        for name in ("method", "url", "referenceId"):
            if not isinstance(item, dict) or not item.get(name):
                raise ApiError(400, "JSON_PARSER_ERROR", f"Missing required field {name} in compositeRequest")
    if len({item["referenceId"] for item in items}) < len(items):
        raise ApiError(400, "INVALID_INPUT", "Duplicate ReferenceId provided in compositeRequest")
    heavy = sum("/query" in item["url"] or "/composite/sobjects" in item["url"] for item in items)
    if len(items) > MOST or heavy > MOST_HEAVY:
        message = f"A composite holds up to {MOST} subrequests, {MOST_HEAVY} of them queries or collections."
        raise ApiError(400, "LIMIT_EXCEEDED", message)
    return items


def _run(org: Org, routes: Router, outer: Request, items: list[Item]) -> tuple[list[Item], int]:
    """The answers, and how many rows they concern."""
    answers: dict[str, Any] = {}
    results = []
    rows = 0
    for position, item in enumerate(items):
        response = _answer(org, routes, outer, item, answers, position)
        rows += response.rows
        body = response.json()
        if response.status < _OK:
            answers[item["referenceId"]] = body
        headers = {name: value for name, value in response.headers.items() if name == "Location"}
        results.append(
            {
                "body": body,
                "httpHeaders": headers,
                "httpStatusCode": response.status,
                "referenceId": item["referenceId"],
            }
        )
    return results, rows


def _answer(
    org: Org, routes: Router, outer: Request, item: Item, answers: dict[str, Any], position: int
) -> Response:
    try:
        inner = inner_request(
            outer, item["method"], filled(item["url"], answers), filled(item.get("body"), answers)
        )
        inner.headers = _merged(outer.headers, item.get("httpHeaders") or {})
        if UNFIT.search(inner.path):
            raise ApiError(400, "INVALID_BATCH_REQUEST", "This resource cannot be called inside a composite")
        if inner.method != "GET":
            values = dict(filled(item.get("body"), answers) or {})
            refuse_by_fault(effect_of(outer), position, inner.path.rpartition("/")[2], values)
        with org.transaction():
            return routes.dispatch(inner) or error_response(not_found())
    except ApiError as error:
        return error_response(error)


def _merged(outer: Headers, own: Item) -> Headers:
    """The outer call's headers hold for its parts, but for those about its own content."""
    kept = {name: value for name, value in outer.items() if name.lower().startswith("sforce-")}
    return Headers({**kept, **{name: str(value) for name, value in own.items()}})


def inner_request(outer: Request, method: str, url: str, body: Any) -> Request:
    """A request inside a request, by the same user. Spaces and the like in its URL need not be encoded."""
    path = urlsplit(url).path
    target = quote(path, safe="/%@:") + url[len(path) :]
    content = b"" if body is None else json.dumps(body).encode()
    made = Request.to(method, target, body=content, base_url=outer.base_url, user=outer.user)
    made.headers = outer.headers
    return made


def _halted(result: Item) -> Item:
    if result["httpStatusCode"] >= _OK:
        return result
    body = [{"errorCode": "PROCESSING_HALTED", "message": _HALTED}]
    return {**result, "body": body, "httpHeaders": {}, "httpStatusCode": 400}
