"""Up to 200 records a call: every row answers for itself, and the call is 200 even when all failed."""

from collections.abc import Sequence
from itertools import groupby

from sandbox.errors import ApiError
from sandbox.faced import effect_of
from sandbox.org import Org
from sandbox.rest.caller import DATA, Caller, body_of, caller
from sandbox.rest.records import asked_fields, object_named
from sandbox.rest.row_writes import Row, RowWrite, RowWriter, type_in, written
from sandbox.web import Request, Response, Router, json_response

MOST_ROWS, MOST_RETRIEVED, MOST_CHUNKS = 200, 2000, 10
COLLECTIONS = DATA + "/composite/sobjects"
_ROLLED_BACK = (
    "Record rolled back because not all records were valid and the request was using AllOrNone header"
)


class _Undo(Exception):
    """Takes back a call whose rows must all succeed."""


def collection_routes(org: Org) -> Router:
    router = Router()

    @router.post(COLLECTIONS)
    def create(request: Request, version: str) -> Response:
        writer = RowWriter(org, caller(request, version))
        rows, all_or_none = _rows(request)
        return _all(org, request, [writer.insert(row) for row in rows], all_or_none)

    @router.patch(COLLECTIONS)
    def update(request: Request, version: str) -> Response:
        writer = RowWriter(org, caller(request, version))
        rows, all_or_none = _rows(request)
        return _all(org, request, [writer.update(row) for row in rows], all_or_none)

    @router.delete(COLLECTIONS)
    def delete(request: Request, version: str) -> Response:
        writer = RowWriter(org, caller(request, version))
        ids = [id.strip() for id in (request.arg("ids") or "").split(",") if id.strip()]
        _check_size(len(ids), MOST_ROWS)
        all_or_none = (request.arg("allOrNone") or "").lower() == "true"
        return _all(org, request, [writer.delete(id) for id in ids], all_or_none)

    @router.patch(COLLECTIONS + "/{object}/{field}")
    def upsert(request: Request, version: str, object: str, field: str) -> Response:
        writer = RowWriter(org, caller(request, version))
        name = object_named(org, object)
        org.match(name, field, "", user_id=writer.me.user_id)
        rows, all_or_none = _rows(request)
        return _all(org, request, [writer.upsert(name, field, row) for row in rows], all_or_none)

    @router.get(COLLECTIONS + "/{object}")
    def retrieve(request: Request, version: str, object: str) -> Response:
        me = caller(request, version)
        ids = [id for id in (request.arg("ids") or "").split(",") if id]
        return _retrieve(org, me, object, ids, asked_fields(request))

    @router.post(COLLECTIONS + "/{object}")
    def retrieve_many(request: Request, version: str, object: str) -> Response:
        me = caller(request, version)
        body: Row = body_of(request)
        return _retrieve(org, me, object, list(body.get("ids") or []), list(body.get("fields") or []))

    return router


def _rows(request: Request) -> tuple[list[Row], bool]:
    body: Row = body_of(request)
    rows = body.get("records")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ApiError(400, "JSON_PARSER_ERROR", "Unable to deserialize: records must be an array of objects")
    _check_size(len(rows), MOST_ROWS)
    if len([type for type, _ in groupby(rows, type_in)]) > MOST_CHUNKS:
        message = (
            f"Cannot have more than {MOST_CHUNKS} chunks in a single operation. Please rearrange the data to "
            "reduce chunking."
        )
        raise ApiError(400, "LIMIT_EXCEEDED", message)
    return rows, bool(body.get("allOrNone"))


def _check_size(count: int, most: int) -> None:
    if count > most:
        message = f"record limit reached. cannot submit more than {most} records into this call"
        raise ApiError(400, "EXCEEDED_ID_LIMIT", message)


def _all(org: Org, request: Request, writes: Sequence[RowWrite], all_or_none: bool) -> Response:
    """Every write in one commit, each undone by itself when it fails; all of them when they must all
    succeed.
    """
    results: list[Row] = []
    effect = effect_of(request)
    try:
        with org.transaction():
            for position, write in enumerate(writes):
                results.append(written(org, write, position, effect))
            if all_or_none and not all(result["success"] for result in results):
                raise _Undo
    except _Undo:
        results = [_undone(write.id, result) for write, result in zip(writes, results, strict=True)]
    return json_response(results, rows=len(results))


def _undone(id: str | None, result: Row) -> Row:
    if not result["success"]:
        return result
    error = {"statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK", "message": _ROLLED_BACK, "fields": []}
    known = {"id": result["id"]} if id else {}
    return {**known, "success": False, "errors": [error]}


def _saved(id: str, created: bool | None = None) -> Row:
    result: Row = {"id": id, "success": True, "errors": []}
    return result if created is None else {**result, "created": created}


def _retrieve(org: Org, me: Caller, object: str, ids: list[str], fields: list[str] | None) -> Response:
    _check_size(len(ids), MOST_RETRIEVED)
    name = object_named(org, object)
    if not fields or not ids:
        raise ApiError(400, "MISSING_ARGUMENT", "ids and fields must be given")
    found = org.get_many(name, ids, fields, user_id=me.user_id, version=me.version)
    return json_response(found, rows=len(found))
