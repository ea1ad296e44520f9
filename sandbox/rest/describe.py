"""Describes: of the org, of an object, and of its layouts, with 304 for who has them already."""

from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import md5
from typing import Any

from sandbox.errors import ApiError, not_found
from sandbox.org import Org
from sandbox.rest.caller import DATA, caller
from sandbox.schema.objects import ObjectType, RecordType
from sandbox.web import Headers, Request, Response, Router, json_response

MASTER_AND_ONE = 2
OBJECT = DATA + "/sobjects/{object}"


def describe_routes(org: Org) -> Router:
    router = Router()

    @router.get(DATA + "/sobjects")
    def describe_global(request: Request, version: str) -> Response:
        caller(request, version)
        changed = org.schema_changed()
        return _unless_known(request, changed) or _dated(org.describe_global(version=version), changed)

    @router.get(OBJECT)
    def basic(request: Request, version: str, object: str) -> Response:
        caller(request, version)
        kind = _kind(org, object)
        return json_response({"objectDescribe": kind.brief(f"/services/data/v{version}"), "recentItems": []})

    @router.get(OBJECT + "/describe")
    def describe(request: Request, version: str, object: str) -> Response:
        me = caller(request, version)
        kind = _kind(org, object)
        changed = org.schema_changed(kind.name)
        known = _unless_known(request, changed)
        return known or _dated(org.describe(kind.name, user_id=me.user_id, version=version), changed)

    @router.get(OBJECT + "/describe/layouts")
    def layouts(request: Request, version: str, object: str) -> Response:
        me = caller(request, version)
        kind = _kind(org, object)
        mappings = [_mapping(kind, each, me.root) for each in kind.all_record_types()]
        selector = [len(mappings) > MASTER_AND_ONE]
        body = {"layouts": [], "recordTypeMappings": mappings, "recordTypeSelectorRequired": selector}
        return _dated(body, org.schema_changed(kind.name))

    @router.get(OBJECT + "/describe/layouts/{record_type}")
    def layout(request: Request, version: str, object: str, record_type: str) -> Response:
        me = caller(request, version)
        kind = _kind(org, object)
        found = [each for each in kind.all_record_types() if each.id[:15] == record_type[:15]]
        if not found:
            raise not_found()
        body = {"layouts": [], "recordTypeMappings": [_mapping(kind, found[0], me.root)]}
        return _dated(body, org.schema_changed(kind.name))

    return router


def _kind(org: Org, name: str) -> ObjectType:
    found = org.registry.find(name)
    if found is None:
        raise not_found()
    return found


def _mapping(kind: ObjectType, record_type: RecordType, root: str) -> dict[str, Any]:
    picklists = [
        {
            "picklistName": field.name,
            "picklistValues": allowed_values(record_type, field.name, field.attributes),
        }
        for field in kind.fields.values()
        if field.attributes["picklistValues"]
    ]
    info = record_type.info(kind.name, root)
    return {**info, "layoutId": "00h" + record_type.id[3:], "picklistsForRecordType": picklists}


def allowed_values(record_type: RecordType, name: str, attributes: dict[str, Any]) -> list[dict[str, Any]]:
    """A field's active picklist values under a record type."""
    allowed = record_type.picklists.get(name)
    return [
        value
        for value in attributes["picklistValues"]
        if value["active"] and (allowed is None or value["value"] in allowed)
    ]


def _unless_known(request: Request, changed: datetime) -> Response | None:
    since = request.headers.get("If-Modified-Since")
    if not since:
        return None
    try:
        known = parsedate_to_datetime(since)
    except ValueError:
        raise ApiError(400, "INVALID_DATE_FORMAT", f"Invalid If-Modified-Since date: {since}") from None
    return Response(304, Headers(_last_modified(changed))) if known >= changed else None


def _dated(body: Any, changed: datetime) -> Response:
    answer = json_response(body, headers=_last_modified(changed))
    answer.headers["ETag"] = f'"{md5(answer.body, usedforsecurity=False).hexdigest()[:8]}"'
    return answer


def _last_modified(changed: datetime) -> dict[str, str]:
    return {"Last-Modified": format_datetime(changed, usegmt=True)}
