"""Records by an external id: read, upsert, delete; several matches answer 300 with the list of them."""

from sandbox.errors import ApiError, not_found
from sandbox.faced import effect_of
from sandbox.org import MultipleMatches, Org
from sandbox.rest.caller import DATA, Caller, body_of, caller
from sandbox.rest.records import asked_fields, created, object_named
from sandbox.rest.row_writes import refuse_by_fault
from sandbox.web import Request, Response, Router, json_response

BY_FIELD = DATA + "/sobjects/{object}/{field}/{value:path}"
# until version 45 an update by external id had no body
FIRST_WITH_BODY = 46.0


def external_routes(org: Org) -> Router:
    router = Router()

    @router.get(BY_FIELD)
    def read(request: Request, version: str, object: str, field: str, value: str) -> Response:
        me = caller(request, version)
        name = object_named(org, object)
        ids = org.match(name, field, value, user_id=me.user_id)
        if len(ids) != 1:
            return _several(me, name, ids)
        found = org.get(name, ids[0], asked_fields(request), user_id=me.user_id, version=version)
        return json_response(found, rows=1)

    @router.patch(BY_FIELD)
    def upsert(request: Request, version: str, object: str, field: str, value: str) -> Response:
        me = caller(request, version)
        name = object_named(org, object)
        update_only = (request.arg("updateOnly") or "").lower() == "true"
        if update_only and not org.match(name, field, value, user_id=me.user_id):
            raise not_found()
        body = body_of(request)
        refuse_by_fault(effect_of(request), 0, value, body)
        return _upsert(org, me, name, field, value, body)

    @router.delete(BY_FIELD)
    def delete(request: Request, version: str, object: str, field: str, value: str) -> Response:
        me = caller(request, version)
        name = object_named(org, object)
        ids = org.match(name, field, value, user_id=me.user_id)
        if len(ids) != 1:
            return _several(me, name, ids)
        refuse_by_fault(effect_of(request), 0, value, {})
        org.delete(name, ids[0], user_id=me.user_id)
        return Response(204, rows=1)

    return router


def _upsert(org: Org, me: Caller, name: str, field: str, value: str, body: dict[str, object]) -> Response:
    own = next((key for key in body if key.casefold() == field.casefold()), None)
    if own is not None:
        message = f"The {own} field should not be specified in the sobject data."
        raise ApiError(400, "INVALID_FIELD", message)
    try:
        id, new = org.upsert(name, field, value, body, user_id=me.user_id, options=me.options)
    except MultipleMatches as several:
        return _several(me, name, several.ids)
    if new:
        return created(f"{me.root}/sobjects/{name}/{id}", id, [("created", True)])
    if me.options.api_version < FIRST_WITH_BODY:
        return Response(204, rows=1)
    return json_response({"id": id, "success": True, "errors": [], "created": False}, rows=1)


def _several(me: Caller, name: str, ids: list[str]) -> Response:
    """300 with the list of those that match; NOT_FOUND when there is none."""
    if not ids:
        raise not_found()
    return json_response([f"{me.root}/sobjects/{name}/{id}" for id in ids], 300)
