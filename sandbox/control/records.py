"""Control of the records: rows past the rules, CSV, generated ones, counts, reset."""

import csv
import io
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sandbox.control.reading import body_of, flag, text, whole
from sandbox.rules import merging
from sandbox.seed.generate import GENERATORS, generate
from sandbox.web import Request, Response, Router, json_response

if TYPE_CHECKING:
    from sandbox.front import Front


def record_routes(front: "Front") -> Router:
    router = Router()

    @router.post("/sandbox/api/reset")
    def reset(request: Request) -> Response:
        seed = text(body_of(request), "seed", "empty")
        if seed not in ("empty", "demo"):
            raise ValueError("seed must be empty or demo.")
        front.reset(seed)
        return Response(204)

    @router.get("/sandbox/api/counts")
    def counts(request: Request) -> Response:
        return json_response(count_objects(front))

    @router.get("/sandbox/api/query")
    def query(request: Request) -> Response:
        """The rows of any SOQL, as REST shows them, without a session and uncounted."""
        all_rows = request.arg("all") is not None
        result = front.org.query(request.arg("q") or "", user_id=front.system_user, all_rows=all_rows)
        return json_response({"totalSize": result.total, "records": list(result.records())})

    @router.post("/sandbox/api/generate")
    def generated(request: Request) -> Response:
        raw = body_of(request, "object", "count")
        if raw["object"] not in GENERATORS:
            raise ValueError(f"object must be one of {', '.join(GENERATORS)}.")
        started = time.monotonic()
        count, seed = whole(raw, "count", 0), whole(raw, "seed", 1)
        generate(front.org, raw["object"], count, seed=seed, now=front.clock.now(), owner=front.system_user)
        return json_response({"generated": count, "seconds": round(time.monotonic() - started, 2)})

    router.include(_row_routes(front))
    return router


def _row_routes(front: "Front") -> Router:
    router = Router()

    @router.post("/sandbox/api/records/{name}")
    def load(request: Request, name: str) -> Response:
        rows = body_of(request, "records")["records"]
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ValueError("records must be a list of objects.")
        return json_response({"ids": front.org.raw_insert(name, map(_with_visibility, rows))}, 201)

    @router.post("/sandbox/api/records/{name}/csv")
    def load_csv(request: Request, name: str) -> Response:
        rows = read_csv(front, name, request.body.decode("utf-8-sig"))
        return json_response({"ids": front.org.raw_insert(name, rows)}, 201)

    @router.patch("/sandbox/api/records/{name}/{record_id}")
    def change(request: Request, name: str, record_id: str) -> Response:
        front.org.raw_update(name, record_id, body_of(request))
        return Response(204)

    @router.post("/sandbox/api/records/{name}/{record_id}/hide")
    def hide(request: Request, name: str, record_id: str) -> Response:
        raw = body_of(request, "username")
        person = front.person(text(raw, "username"))
        front.org.hide_row(name, record_id, user_id=person.id, hidden=flag(raw, "hidden", True))
        return Response(204)

    router.include(_fate_routes(front))
    return router


def _fate_routes(front: "Front") -> Router:
    """What a person does in Salesforce's pages; the administrator does it here."""
    router = Router()

    @router.delete("/sandbox/api/records/{name}/{record_id}")
    def delete(request: Request, name: str, record_id: str) -> Response:
        front.org.delete(name, record_id, user_id=front.system_user)
        return Response(204)

    @router.post("/sandbox/api/records/{name}/{record_id}/purge")
    def purge(request: Request, name: str, record_id: str) -> Response:
        front.org.purge(name, record_id)
        return Response(204)

    @router.post("/sandbox/api/records/{name}/{record_id}/undelete")
    def undelete(request: Request, name: str, record_id: str) -> Response:
        front.org.undelete(name, record_id, user_id=front.system_user)
        return Response(204)

    @router.post("/sandbox/api/records/{name}/{record_id}/merge")
    def merge(request: Request, name: str, record_id: str) -> Response:
        losers = body_of(request, "losers")["losers"]
        merging.merge(front.org, name, record_id, losers, front.system_user)
        return Response(204)

    @router.post("/sandbox/api/records/Lead/{record_id}/convert")
    def convert(request: Request, record_id: str) -> Response:
        raw = body_of(request)
        made = merging.convert(
            front.org,
            record_id,
            front.system_user,
            account_id=text(raw, "account_id") or None,
            contact_id=text(raw, "contact_id") or None,
            opportunity=text(raw, "opportunity") or None,
        )
        return json_response(made)

    return router


def _with_visibility(row: dict[str, Any]) -> dict[str, Any]:
    """`visible_at` (ISO 8601) is when others see the row: a commit that comes late."""
    if "visible_at" not in row:
        return row
    values = {name: value for name, value in row.items() if name != "visible_at"}
    return values | {"_visible_at": datetime.fromisoformat(row["visible_at"])}


def count_objects(front: "Front") -> dict[str, int]:
    """Rows per object, the recycle bin left out."""
    return {kind["name"]: front.org.count(kind["name"]) for kind in front.org.describe_global()["sobjects"]}


def read_csv(front: "Front", name: str, content: str) -> list[dict[str, Any]]:
    """Rows by field name (any case); columns the object doesn't have are left out, empty cells are null."""
    fields = {field["name"].lower(): field for field in front.org.describe(name)["fields"]}
    rows = []
    for raw in csv.DictReader(io.StringIO(content)):
        known = {
            fields[key.lower()]["name"]: value for key, value in raw.items() if key and key.lower() in fields
        }
        rows.append({key: _typed(fields[key.lower()]["type"], value) for key, value in known.items()})
    return rows


def _typed(kind: str, value: str | None) -> Any:
    if value is None or value == "":
        return None
    if kind == "boolean":
        return value.strip().lower() in ("true", "1", "t", "yes")
    if kind in ("double", "currency", "percent"):
        return float(value)
    return int(float(value)) if kind == "int" else value
