"""Up to 200 records a call: every row answers for itself, and the call is 200 even when all failed."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby
from typing import Any

from sandbox.errors import ApiError
from sandbox.ids import is_id, to18
from sandbox.org import MultipleMatches, Org
from sandbox.rest.caller import DATA, Caller, body_of, caller
from sandbox.rest.records import asked_fields, object_named
from sandbox.web import Request, Response, Router, json_response

MOST_ROWS, MOST_RETRIEVED, MOST_CHUNKS = 200, 2000, 10
COLLECTIONS = DATA + "/composite/sobjects"
_ROLLED_BACK = (
    "Record rolled back because not all records were valid and the request was using AllOrNone header"
)
Row = dict[str, Any]
Write = Callable[[], Row]


class _Undo(Exception):
    """Takes back a call whose rows must all succeed."""


def collection_routes(org: Org) -> Router:
    router = Router()

    @router.post(COLLECTIONS)
    def create(request: Request, version: str) -> Response:
        me = caller(request, version)
        rows, all_or_none = _rows(request)
        return _all(org, [(None, partial(_insert, org, me, row)) for row in rows], all_or_none)

    @router.patch(COLLECTIONS)
    def update(request: Request, version: str) -> Response:
        me = caller(request, version)
        rows, all_or_none = _rows(request)
        return _all(org, [(_id_in(row), partial(_update, org, me, row)) for row in rows], all_or_none)

    @router.delete(COLLECTIONS)
    def delete(request: Request, version: str) -> Response:
        me = caller(request, version)
        ids = [id.strip() for id in (request.arg("ids") or "").split(",") if id.strip()]
        _check_size(len(ids), MOST_ROWS)
        all_or_none = (request.arg("allOrNone") or "").lower() == "true"
        return _all(org, [(id, partial(_delete, org, me, id)) for id in ids], all_or_none)

    @router.patch(COLLECTIONS + "/{object}/{field}")
    def upsert(request: Request, version: str, object: str, field: str) -> Response:
        me = caller(request, version)
        name = object_named(org, object)
        org.match(name, field, "", user_id=me.user_id)
        rows, all_or_none = _rows(request)
        writes = [(None, partial(_upsert, org, me, name, field, row)) for row in rows]
        return _all(org, writes, all_or_none)

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
    if len([type for type, _ in groupby(rows, _type_in)]) > MOST_CHUNKS:
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


def _type_in(row: Row) -> str:
    return str((row.get("attributes") or {}).get("type") or "")


def _id_in(row: Row) -> str | None:
    found = row.get("Id") or row.get("id")
    return str(found) if found else None


def _all(org: Org, writes: Sequence[tuple[str | None, Write]], all_or_none: bool) -> Response:
    """Every write in one commit, each undone by itself when it fails; all of them when they must all
    succeed.
    """
    results: list[Row] = []
    try:
        with org.transaction():
            for id, write in writes:
                results.append(_result(org, id, write))
            if all_or_none and not all(result["success"] for result in results):
                raise _Undo
    except _Undo:
        results = [_undone(id, result) for (id, _), result in zip(writes, results, strict=True)]
    return json_response(results)


def _result(org: Org, id: str | None, write: Write) -> Row:
    try:
        with org.transaction():
            return write()
    except ApiError as error:
        known = {"id": to18(id)} if id and is_id(id) and error.code != "MALFORMED_ID" else {}
        return {**known, "success": False, "errors": error.result_errors()}
    except MultipleMatches as several:
        message = f"Multiple records found: {', '.join(several.ids)}"
        refused = ApiError(300, "DUPLICATE_EXTERNAL_ID", message)
        return {"success": False, "errors": refused.result_errors()}


def _undone(id: str | None, result: Row) -> Row:
    if not result["success"]:
        return result
    error = {"statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK", "message": _ROLLED_BACK, "fields": []}
    known = {"id": result["id"]} if id else {}
    return {**known, "success": False, "errors": [error]}


def _saved(id: str, created: bool | None = None) -> Row:
    result: Row = {"id": id, "success": True, "errors": []}
    return result if created is None else {**result, "created": created}


def _insert(org: Org, me: Caller, row: Row) -> Row:
    return _saved(org.insert(_type_in(row), row, user_id=me.user_id, options=me.options))


def _update(org: Org, me: Caller, row: Row) -> Row:
    id = _id_in(row)
    if id is None:
        raise ApiError(400, "MISSING_ARGUMENT", "Id not specified in an update call", [])
    values = {name: value for name, value in row.items() if name.lower() != "id"}
    org.update(_type_in(row), id, values, user_id=me.user_id, options=me.options)
    return _saved(to18(id) if is_id(id) else id)


def _upsert(org: Org, me: Caller, name: str, field: str, row: Row) -> Row:
    key = next((each for each in row if each.casefold() == field.casefold()), None)
    if key is None or row[key] in (None, ""):
        raise ApiError(400, "MISSING_ARGUMENT", f"{field} not specified", [])
    values = {each: value for each, value in row.items() if each != key}
    if field.casefold() == "id":
        return _update(org, me, {**row, "attributes": {"type": name}}) | {"created": False}
    id, created = org.upsert(name, field, str(row[key]), values, user_id=me.user_id, options=me.options)
    return _saved(id, created)


def _delete(org: Org, me: Caller, id: str) -> Row:
    kind = org.registry.with_prefix(id)
    if kind is None or not is_id(id):
        raise ApiError(400, "MALFORMED_ID", f"malformed id {id}", [])
    org.delete(kind.name, id, user_id=me.user_id)
    return _saved(to18(id))


def _retrieve(org: Org, me: Caller, object: str, ids: list[str], fields: list[str] | None) -> Response:
    _check_size(len(ids), MOST_RETRIEVED)
    name = object_named(org, object)
    if not fields or not ids:
        raise ApiError(400, "MISSING_ARGUMENT", "ids and fields must be given")
    return json_response(org.get_many(name, ids, fields, user_id=me.user_id, version=me.version))
