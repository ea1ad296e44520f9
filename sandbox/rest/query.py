"""SOQL over REST. A query that needs pages keeps its ids under a locator, so that pages never shift."""

from datetime import timedelta
from typing import Any

from sandbox.errors import ApiError
from sandbox.ids import is_id, to18
from sandbox.org import Org, QueryResult
from sandbox.rest.caller import DATA, Caller, caller, pairs
from sandbox.stamps import stamp
from sandbox.web import Request, Response, Router, json_response

SMALLEST, LARGEST = 200, 2000
CURSOR_LIFE = timedelta(days=2)
_WIDTH = 18


def query_routes(org: Org) -> Router:
    router = Router()

    @router.get(DATA + "/query")
    def query(request: Request, version: str) -> Response:
        return _first(org, caller(request, version), request, all_rows=False)

    @router.get(DATA + "/queryAll")
    def query_all(request: Request, version: str) -> Response:
        return _first(org, caller(request, version), request, all_rows=True)

    @router.get(DATA + "/query/{locator}")
    def more(request: Request, version: str, locator: str) -> Response:
        return _more(org, caller(request, version), request, locator)

    @router.get(DATA + "/queryAll/{locator}")
    def more_of_all(request: Request, version: str, locator: str) -> Response:
        return _more(org, caller(request, version), request, locator)

    return router


def batch_size(org: Org, request: Request) -> int:
    """What the header asks for, within bounds; the org (`page_rows`) or a fault (`rows`) may serve less."""
    options = pairs(request, "Sforce-Query-Options")
    asked = options.get("batchsize", "")
    size = min(max(int(asked), SMALLEST), LARGEST) if asked.isdigit() else LARGEST
    cap = options.get("rows") or org.setting("page_rows")
    return min(size, int(cap)) if cap else size


def _first(org: Org, me: Caller, request: Request, *, all_rows: bool) -> Response:
    soql = request.arg("q")
    if not soql:
        raise ApiError(400, "MALFORMED_QUERY", "SOQL statement cannot be empty")
    result = org.query(soql, user_id=me.user_id, all_rows=all_rows)
    if result.count_only:
        return json_response({"totalSize": result.total, "done": True, "records": []})
    if result.aggregate:
        return _aggregates(list(result.records(me.version)))
    ids = result.ids()
    size = batch_size(org, request)
    body: dict[str, Any] = {"totalSize": len(ids), "done": len(ids) <= size}
    if len(ids) > size:
        locator = _keep(org, me, soql, ids, all_rows)
        name = "queryAll" if all_rows else "query"
        body["nextRecordsUrl"] = f"{me.root}/{name}/{locator}-{size}"
    body["records"] = result.records_of(ids[:size], me.version)
    return json_response(body, rows=len(body["records"]))


def _aggregates(records: list[dict[str, Any]]) -> Response:
    if len(records) > LARGEST:
        message = (
            "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a "
            "single batch"
        )
        raise ApiError(400, "EXCEEDED_ID_LIMIT", message)
    return json_response({"totalSize": len(records), "done": True, "records": records}, rows=len(records))


def _keep(org: Org, me: Caller, soql: str, ids: list[str], all_rows: bool) -> str:
    with org.transaction():
        old = stamp(org.clock() - CURSOR_LIFE)
        org.store.execute("DELETE FROM _cursor WHERE made_at < ?", [old])
        (locator,) = org.store.next_ids("0r8")
        packed = "".join(id.ljust(_WIDTH) for id in ids).encode("ascii", "replace")
        row = [locator, soql, me.user_id, int(all_rows), org.stamp(), packed]
        org.store.execute("INSERT INTO _cursor VALUES (?, ?, ?, ?, ?, ?)", row)
    return locator


def _more(org: Org, me: Caller, request: Request, locator: str) -> Response:
    name, offset = _parts(locator)
    sql = "SELECT soql, user_id, all_rows, made_at, length(ids) FROM _cursor WHERE locator = ?"
    found = org.store.execute(sql, [name]).fetchone()
    if found is None or found[1] != me.user_id or found[3] < stamp(org.clock() - CURSOR_LIFE):
        raise _invalid()
    soql, _, all_rows, _, length = found
    total, size = length // _WIDTH, batch_size(org, request)
    if not 0 <= offset < total:
        raise _invalid()
    result = org.query(soql, user_id=me.user_id, all_rows=bool(all_rows))
    body: dict[str, Any] = {"totalSize": total, "done": offset + size >= total}
    if offset + size < total:
        base = "queryAll" if all_rows else "query"
        body["nextRecordsUrl"] = f"{me.root}/{base}/{name}-{offset + size}"
    body["records"] = _page(org, result, name, offset, size, me.version)
    return json_response(body, rows=len(body["records"]))


def _page(
    org: Org, result: QueryResult, name: str, offset: int, size: int, version: str
) -> list[dict[str, Any]]:
    sql = "SELECT substr(ids, ?, ?) FROM _cursor WHERE locator = ?"
    (packed,) = org.store.execute(sql, [offset * _WIDTH + 1, size * _WIDTH, name]).fetchone()
    text = packed.decode("ascii")
    ids = [text[at : at + _WIDTH].strip() for at in range(0, len(text), _WIDTH)]
    return result.records_of(ids, version)


def _parts(locator: str) -> tuple[str, int]:
    name, _, offset = locator.partition("-")
    if not is_id(name) or not offset.isdigit():
        raise _invalid()
    return to18(name), int(offset)


def _invalid() -> ApiError:
    return ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
