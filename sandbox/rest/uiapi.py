"""The UI API's picklist values, per record type."""

from base64 import b64decode
from hashlib import md5
from typing import Any

from sandbox.errors import ApiError, not_found
from sandbox.org import Org
from sandbox.rest.caller import DATA, Caller, caller
from sandbox.rest.describe import allowed_values
from sandbox.schema.fields import Field
from sandbox.schema.objects import ObjectType, RecordType
from sandbox.web import Request, Response, Router, json_response

VALUES = DATA + "/ui-api/object-info/{object}/picklist-values/{record_type}"
_PICKLISTS = frozenset({"picklist", "multipicklist", "combobox"})


def uiapi_routes(org: Org) -> Router:
    router = Router()

    @router.get(VALUES)
    def all_fields(request: Request, version: str, object: str, record_type: str) -> Response:
        me = caller(request, version)
        kind, found = _record_type(org, object, record_type)
        hidden = org.registry.hidden_from(kind.name, me.user_id)
        fields = [f for f in kind.fields.values() if f.type in _PICKLISTS and f.name not in hidden]
        values = {field.name: _values(org, me, kind, found, field) for field in fields}
        return json_response({"eTag": _tag(values), "picklistFieldValues": values})

    @router.get(VALUES + "/{field}")
    def one_field(request: Request, version: str, object: str, record_type: str, field: str) -> Response:
        me = caller(request, version)
        kind, found = _record_type(org, object, record_type)
        asked = org.registry.field(kind, field, me.user_id)
        if asked is None or asked.type not in _PICKLISTS:
            raise not_found()
        return json_response(_values(org, me, kind, found, asked))

    return router


def _record_type(org: Org, object: str, id: str) -> tuple[ObjectType, RecordType]:
    kind = org.registry.find(object)
    if kind is None:
        raise not_found()
    for each in kind.all_record_types():
        if each.id[:15] == id[:15]:
            return kind, each
    raise ApiError(400, "INVALID_RECORD_TYPE", f"Record type {id} is not one of {kind.name}")


def _values(org: Org, me: Caller, kind: ObjectType, record_type: RecordType, field: Field) -> dict[str, Any]:
    allowed = allowed_values(record_type, field.name, field.attributes)
    values = [
        {
            "attributes": _attributes(org, kind, field, value["value"]),
            "label": value["label"],
            "validFor": _bits(value["validFor"]),
            "value": value["value"],
        }
        for value in allowed
    ]
    default = next((v for v, given in zip(values, allowed, strict=True) if given["defaultValue"]), None)
    path = f"object-info/{kind.name}/picklist-values/{record_type.id}/{field.name}"
    body = {
        "controllerValues": _controller(kind, field, me, org),
        "defaultValue": default,
        "url": f"{me.root}/ui-api/{path}",
        "values": values,
    }
    return {**body, "eTag": _tag(body)}


def _attributes(org: Org, kind: ObjectType, field: Field, value: str) -> dict[str, Any] | None:
    """What a stage means comes along with it."""
    if kind.name != "Opportunity" or field.name != "StageName":
        return None
    stage = org.stage(value)
    return {
        "closed": bool(stage["IsClosed"]),
        "defaultProbability": stage["DefaultProbability"],
        "forecastCategoryName": stage["ForecastCategoryName"],
        "picklistAtrributesValueType": "OpportunityStage",
        "won": bool(stage["IsWon"]),
    }


def _controller(kind: ObjectType, field: Field, me: Caller, org: Org) -> dict[str, int]:
    name = field.attributes.get("controllerName")
    controller = org.registry.field(kind, name, me.user_id) if name else None
    return {} if controller is None else {value: at for at, value in enumerate(controller.values)}


def _bits(valid_for: str | None) -> list[int]:
    """The indexes of the controlling values: bit 0 is the first byte's highest."""
    if not valid_for:
        return []
    data = b64decode(valid_for)
    return [at for at in range(len(data) * 8) if data[at // 8] & (0x80 >> at % 8)]


def _tag(body: Any) -> str:
    return md5(repr(body).encode(), usedforsecurity=False).hexdigest()
