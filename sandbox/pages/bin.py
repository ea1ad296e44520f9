"""The recycle bin: what was deleted or merged away in the last fifteen days, to bring back or delete for good."""

from typing import TYPE_CHECKING

from sandbox.errors import ApiError
from sandbox.ids import is_id
from sandbox.pages.frame import Frame, name_field
from sandbox.pages.html import redirect, table, tag
from sandbox.pages.records import when
from sandbox.web import Request, Response, Router, SessionUser

if TYPE_CHECKING:
    from sandbox.front import Front

SHOWN = 200


def bin_routes(front: "Front") -> Router:
    router = Router()
    frame = Frame(front)

    @router.get("/ui/bin")
    @frame.reading
    def listing(request: Request, user: SessionUser) -> Response:
        rows = [row for kind in _undeletable(front) for row in _deleted(front, frame, user, kind)]
        shown = (
            table(("Object", "Name", "Deleted", "Merged into", ""), rows)
            if rows
            else tag("p", "It is empty.")
        )
        return frame.page(request, "Recycle bin", tag("h2", "Recycle bin"), shown, tab="Recycle bin")

    @router.post("/ui/bin/{name}/{record_id}/undelete")
    @frame.posting
    def undelete(
        request: Request, user: SessionUser, form: dict[str, str], name: str, record_id: str
    ) -> Response:
        front.org.undelete(name, record_id, user_id=user.id)
        return redirect(f"/ui/{name}/{record_id}", 303)

    @router.post("/ui/bin/{name}/{record_id}/purge")
    @frame.posting
    def purge(
        request: Request, user: SessionUser, form: dict[str, str], name: str, record_id: str
    ) -> Response:
        if not _is_deleted(front, user, name, record_id):
            raise ApiError(
                400, "INVALID_OPERATION", "Only what is in the recycle bin can be deleted for good."
            )
        front.org.purge(name, record_id)
        return redirect("/ui/bin", 303)

    return router


def _is_deleted(front: "Front", user: SessionUser, name: str, record_id: str) -> bool:
    if not is_id(record_id):
        return False
    soql = f"SELECT Id FROM {name} WHERE IsDeleted = true AND Id = '{record_id}'"
    return bool(front.org.query(soql, user_id=user.id, all_rows=True).ids())


def _undeletable(front: "Front") -> list[str]:
    return [kind["name"] for kind in front.org.describe_global()["sobjects"] if kind["undeletable"]]


def _deleted(front: "Front", frame: Frame, user: SessionUser, kind: str) -> list[list[object]]:
    description = front.org.describe(kind)
    fields = {field["name"] for field in description["fields"]}
    if "IsDeleted" not in fields:
        return []
    name = name_field(description)
    columns = ["Id", "SystemModstamp", *({name, "MasterRecordId"} & fields - {"Id"})]
    newest = f"WHERE IsDeleted = true ORDER BY SystemModstamp DESC LIMIT {SHOWN}"
    soql = f"SELECT {', '.join(columns)} FROM {kind} {newest}"
    rows = []
    for record in front.org.query(soql, user_id=user.id, all_rows=True).records():
        address = f"/ui/bin/{kind}/{record['Id']}"
        master = record.get("MasterRecordId")
        winner = tag("a", frame.name_of(master), href=f"/{master}") if master else ""
        back = frame.button(user, f"{address}/undelete", "Undelete", "quiet")
        gone = frame.button(user, f"{address}/purge", "Delete for good", "danger")
        buttons = tag("div", back, gone, class_="row")
        rows.append([kind, record[name], when(record["SystemModstamp"]), winner, buttons])
    return rows
