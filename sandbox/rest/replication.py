"""getUpdated and getDeleted: ids changed or deleted in a window of whole minutes."""

from datetime import datetime, timedelta
from typing import Any

from sandbox.errors import ApiError
from sandbox.org import Org
from sandbox.rest.caller import DATA, caller
from sandbox.rest.records import object_named
from sandbox.stamps import parse, stamp
from sandbox.store import quoted
from sandbox.web import Request, Response, Router, json_response

UPDATED_REACH = timedelta(days=30)
DELETED_REACH = timedelta(days=15)
MOST_IDS = 600_000


def replication_routes(org: Org) -> Router:
    router = Router()

    @router.get(DATA + "/sobjects/{object}/updated")
    def updated(request: Request, version: str, object: str) -> Response:
        me = caller(request, version)
        name = _replicated(org, object)
        start, end = _window(org, request, UPDATED_REACH)
        within = f"SystemModstamp >= {_literal(start)} AND SystemModstamp <= {_literal(end)}"
        soql = f"SELECT Id FROM {name} WHERE {within}"
        ids = org.query(soql, user_id=me.user_id).ids()
        if len(ids) > MOST_IDS:
            raise ApiError(400, "EXCEEDED_ID_LIMIT", f"cannot return more than {MOST_IDS} ids")
        return json_response({"ids": ids, "latestDateCovered": _covered(org, end)})

    @router.get(DATA + "/sobjects/{object}/deleted")
    def deleted(request: Request, version: str, object: str) -> Response:
        caller(request, version)
        name = _replicated(org, object)
        start, end = _window(org, request, DELETED_REACH)
        reach = (org.clock() - DELETED_REACH).replace(second=0)
        return json_response(
            {
                "deletedRecords": _deleted(org, name, stamp(start), stamp(end)),
                "earliestDateAvailable": stamp(reach),
                "latestDateCovered": _covered(org, end),
            }
        )

    return router


def _replicated(org: Org, object: str) -> str:
    name = object_named(org, object)
    if not org.registry.get(name).says("replicateable"):
        raise ApiError(400, "INVALID_TYPE", f"entity type {name} is not replicateable")
    return name


def _window(org: Org, request: Request, reach: timedelta) -> tuple[datetime, datetime]:
    """Start and end without their seconds. INVALID_REPLICATION_DATE when too near or too long ago."""
    start, end = (_moment(request, name) for name in ("start", "end"))
    if end - start < timedelta(minutes=1):
        message = "endDate must be at least one minute greater than startDate"
        raise ApiError(400, "INVALID_REPLICATION_DATE", message)
    if start < (org.clock() - reach).replace(second=0, microsecond=0):
        message = f"startDate cannot be more than {reach.days} days ago"
        raise ApiError(400, "INVALID_REPLICATION_DATE", message)
    return start, end


def _moment(request: Request, name: str) -> datetime:
    # a plus that was not encoded arrives as a space
    text = (request.arg(name) or "").replace(" ", "+")
    try:
        return parse(text).replace(second=0, microsecond=0)
    except ValueError:
        raise ApiError(400, "INVALID_REPLICATION_DATE", f"{name}: not a date: {text}") from None


def _literal(moment: datetime) -> str:
    return stamp(moment).replace(".000+0000", "Z")


def _covered(org: Org, end: datetime) -> str:
    return stamp(min(end, org.clock()).replace(second=0, microsecond=0))


def _deleted(org: Org, name: str, start: str, end: str) -> list[dict[str, Any]]:
    sql = "SELECT id, deleted_at FROM _purged WHERE object = ? AND deleted_at >= ? AND deleted_at <= ?"
    found = org.store.execute(sql, [name, start, end]).fetchall()
    if org.registry.get(name).has("IsDeleted"):
        sql = (
            f'SELECT "Id", "SystemModstamp" FROM {quoted(name)} '
            'WHERE "IsDeleted" = 1 AND "SystemModstamp" >= ? AND "SystemModstamp" <= ?'
        )
        found += org.store.execute(sql, [start, end]).fetchall()
    return [{"deletedDate": when, "id": id} for id, when in sorted(found, key=lambda row: (row[1], row[0]))]
