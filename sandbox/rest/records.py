"""One record: create, read, update, delete."""

from collections.abc import Sequence

from sandbox.errors import not_found
from sandbox.faced import effect_of
from sandbox.org import Org
from sandbox.rest.caller import DATA, body_of, caller
from sandbox.rest.row_writes import refuse_by_fault
from sandbox.web import Request, Response, Router, json_response

OBJECT = DATA + "/sobjects/{object}"


def record_routes(org: Org) -> Router:
    router = Router()

    @router.post(OBJECT)
    def create(request: Request, version: str, object: str) -> Response:
        me = caller(request, version)
        name = object_named(org, object)
        body = body_of(request)
        refuse_by_fault(effect_of(request), 0, None, body)
        id = org.insert(name, body, user_id=me.user_id, options=me.options)
        return created(f"{me.root}/sobjects/{name}/{id}", id)

    @router.get(OBJECT + "/{id}")
    def read(request: Request, version: str, object: str, id: str) -> Response:
        me = caller(request, version)
        name = object_named(org, object)
        found = org.get(name, id, asked_fields(request), user_id=me.user_id, version=version)
        return json_response(found, rows=1)

    @router.patch(OBJECT + "/{id}")
    def update(request: Request, version: str, object: str, id: str) -> Response:
        me = caller(request, version)
        name, body = object_named(org, object), body_of(request)
        refuse_by_fault(effect_of(request), 0, id, body)
        org.update(name, id, body, user_id=me.user_id, options=me.options)
        return Response(204, rows=1)

    @router.delete(OBJECT + "/{id}")
    def delete(request: Request, version: str, object: str, id: str) -> Response:
        me = caller(request, version)
        refuse_by_fault(effect_of(request), 0, id, {})
        org.delete(object_named(org, object), id, user_id=me.user_id)
        return Response(204, rows=1)

    return router


def object_named(org: Org, name: str) -> str:
    """The object's API name; NOT_FOUND for a path that names none."""
    found = org.registry.find(name)
    if found is None:
        raise not_found()
    return found.name


def asked_fields(request: Request) -> list[str] | None:
    names = [name.strip() for name in (request.arg("fields") or "").split(",")]
    return [name for name in names if name] or None


def created(url: str, id: str, extra: Sequence[tuple[str, bool]] = ()) -> Response:
    body = {"id": id, "success": True, "errors": [], **dict(extra)}
    return json_response(body, 201, {"Location": url}, rows=1)
