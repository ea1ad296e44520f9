"""Control of the schema, its rules and the users."""

from typing import TYPE_CHECKING, Any

from sandbox.control.reading import body_of, flag, text
from sandbox.web import Request, Response, Router, json_response

if TYPE_CHECKING:
    from sandbox.front import Front

_SETTINGS = ("duplicate_result_key", "refuse_inactive_owners", "page_rows")


def schema_routes(front: "Front") -> Router:
    router = Router()
    for routes in (_object_routes, _field_routes, _rule_routes, _user_routes, _setting_routes):
        router.include(routes(front))
    return router


def _object_routes(front: "Front") -> Router:
    router = Router()

    @router.post("/sandbox/api/schema/describe")
    def load(request: Request) -> Response:
        return json_response({"object": front.org.load_describe(body_of(request, "name", "fields"))}, 201)

    @router.post("/sandbox/api/schema/objects")
    def add(request: Request) -> Response:
        raw = body_of(request, "name", "label", "key_prefix")
        front.org.add_object(
            text(raw, "name"),
            text(raw, "label"),
            key_prefix=text(raw, "key_prefix"),
            fields=raw.get("fields", ()),
        )
        return json_response({"object": raw["name"]}, 201)

    @router.post("/sandbox/api/schema/{name}/record-types")
    def add_record_type(request: Request, name: str) -> Response:
        raw = body_of(request, "name", "developer_name")
        record_type = front.org.add_record_type(
            name, text(raw, "name"), text(raw, "developer_name"), picklists=raw.get("picklists")
        )
        return json_response({"id": record_type}, 201)

    return router


def _field_routes(front: "Front") -> Router:
    router = Router()

    @router.post("/sandbox/api/schema/{name}/fields")
    def add(request: Request, name: str) -> Response:
        raw = body_of(request, "name", "type")
        field_name, kind = raw.pop("name"), raw.pop("type")
        front.org.add_field(name, field_name, kind, **raw)
        return json_response({"field": field_name}, 201)

    @router.patch("/sandbox/api/schema/{name}/fields/{field}")
    def change(request: Request, name: str, field: str) -> Response:
        front.org.change_field(name, field, **body_of(request))
        return Response(204)

    @router.delete("/sandbox/api/schema/{name}/fields/{field}")
    def drop(request: Request, name: str, field: str) -> Response:
        front.org.drop_field(name, field)
        return Response(204)

    @router.post("/sandbox/api/schema/{name}/fields/{field}/hide")
    def hide(request: Request, name: str, field: str) -> Response:
        raw = body_of(request, "username")
        person = front.person(text(raw, "username"))
        front.org.hide_field(name, field, user_id=person.id, hidden=flag(raw, "hidden", True))
        return Response(204)

    return router


def _rule_routes(front: "Front") -> Router:
    router = Router()

    @router.post("/sandbox/api/rules/{name}/validation")
    def validation(request: Request, name: str) -> Response:
        raw = body_of(request, "name", "forbidden", "message")
        wanted = {key: raw.get(key) for key in ("name", "forbidden", "message", "field")}
        front.org.add_validation_rule(name, **_named(wanted))
        return json_response(wanted, 201)

    @router.post("/sandbox/api/rules/{name}/duplicate")
    def duplicate(request: Request, name: str) -> Response:
        raw = body_of(request, "name", "fields")
        if raw.get("action", "alert") not in ("alert", "block"):
            raise ValueError("action must be alert or block.")
        wanted = {key: raw[key] for key in ("name", "fields", "action", "message", "against") if key in raw}
        front.org.add_duplicate_rule(name, **wanted)
        return json_response(wanted, 201)

    @router.delete("/sandbox/api/rules/{name}/{rule}")
    def remove(request: Request, name: str, rule: str) -> Response:
        front.org.remove_rule(name, rule)
        return Response(204)

    return router


def _named(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _user_routes(front: "Front") -> Router:
    router = Router()

    @router.get("/sandbox/api/users")
    def listing(request: Request) -> Response:
        return json_response(
            [
                {
                    "id": p.id,
                    "username": p.username,
                    "name": p.name,
                    "active": p.active,
                    "api_enabled": p.api_enabled,
                }
                for p in front.tokens.people.everyone()
            ]
        )

    @router.patch("/sandbox/api/users/{username}")
    def change(request: Request, username: str) -> Response:
        raw = body_of(request)
        person = front.person(username)
        if "active" in raw:
            set_active(front, person.id, flag(raw, "active", True))
        if "api_enabled" in raw:
            set_api_enabled(front, person.id, flag(raw, "api_enabled", True))
        return Response(204)

    return router


def _setting_routes(front: "Front") -> Router:
    router = Router()

    @router.get("/sandbox/api/settings/{name}")
    def show(request: Request, name: str) -> Response:
        return json_response({"value": front.org.setting(_setting(name))})

    @router.put("/sandbox/api/settings/{name}")
    def put(request: Request, name: str) -> Response:
        value = body_of(request, "value")["value"]
        if value is not None and not isinstance(value, str):
            raise ValueError("value must be text, or null to unset it.")
        front.org.set_setting(_setting(name), value)
        return Response(204)

    return router


def _setting(name: str) -> str:
    if name not in _SETTINGS and not name.startswith("assignment_owner."):
        known = ", ".join((*_SETTINGS, "assignment_owner.{Object}"))
        raise ValueError(f"There is no setting {name}. Known: {known}.")
    return name


def set_active(front: "Front", user_id: str, active: bool) -> None:
    """Deactivating ends everything that was granted in the user's name."""
    front.org.raw_update("User", user_id, {"IsActive": active})
    if not active:
        front.tokens.tokens.end_user(user_id)


def set_api_enabled(front: "Front", user_id: str, enabled: bool) -> None:
    without = set(front.ledger.option("without_api", []))
    without = without - {user_id} if enabled else without | {user_id}
    front.ledger.set_option("without_api", sorted(without))
