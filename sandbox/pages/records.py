"""Lists of records and the page of one."""

import re
from typing import TYPE_CHECKING, Any

from sandbox.pages.frame import Frame, name_field
from sandbox.pages.html import Markup, hidden, table, tag
from sandbox.pages.sharing import sharing
from sandbox.web import Request, Response, Router, SessionUser

if TYPE_CHECKING:
    from sandbox.front import Front

PAGE_ROWS = 50
_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+0000")
LAST_OFFSET = 2000
COLUMNS = {
    "Account": ("Name", "Website", "BillingCountry", "Owner.Name", "LastModifiedDate"),
    "Contact": ("Name", "Email", "Account.Name", "Title", "Owner.Name", "LastModifiedDate"),
    "Lead": ("Name", "Company", "Email", "Status", "Owner.Name", "LastModifiedDate"),
    "Opportunity": ("Name", "Account.Name", "StageName", "Amount", "CloseDate", "Owner.Name"),
    "User": ("Name", "Username", "Email", "IsActive"),
    "Event": ("Subject", "Who.Name", "StartDateTime", "Owner.Name"),
    "Task": ("Subject", "Who.Name", "Status", "ActivityDate", "Owner.Name"),
}
SEARCHED = ("Name", "Email", "Company", "Website", "Subject", "Username")


def record_routes(front: "Front") -> Router:
    router = Router()
    frame = Frame(front)

    @router.get("/ui/all")
    @frame.reading
    def objects(request: Request, user: SessionUser) -> Response:
        kinds = front.org.describe_global()["sobjects"]
        rows = [
            (_link(f"/ui/{kind['name']}", kind["labelPlural"]), front.org.count(kind["name"]))
            for kind in kinds
        ]
        return frame.page(request, "All objects", tag("h2", "All objects"), table(("Object", "Rows"), rows))

    @router.get("/ui/{name}")
    @frame.reading
    def listing(request: Request, user: SessionUser, name: str) -> Response:
        return _list_page(front, frame, request, user, name)

    @router.get("/ui/{name}/{record_id}")
    @frame.reading
    def show(request: Request, user: SessionUser, name: str, record_id: str) -> Response:
        return _record_page(frame, request, user, name, record_id)

    return router


def _list_page(front: "Front", frame: Frame, request: Request, user: SessionUser, name: str) -> Response:
    description = front.org.describe(name, user_id=user.id)
    search = request.arg("q") or ""
    number = max(int(page) if (page := request.arg("page") or "1").isdecimal() else 1, 1)
    columns = COLUMNS.get(name) or (name_field(description), "SystemModstamp")
    where = _condition(description, search)
    order = "LastModifiedDate DESC, Id" if _has(description, "LastModifiedDate") else "Id"
    offset = min((number - 1) * PAGE_ROWS, LAST_OFFSET)
    chosen = f"SELECT {', '.join(dict.fromkeys(('Id', *columns)))} FROM {name}{where}"
    soql = f"{chosen} ORDER BY {order} LIMIT {PAGE_ROWS} OFFSET {offset}"
    records = list(front.org.query(soql, user_id=user.id).records())
    total = front.org.query(f"SELECT COUNT() FROM {name}{where}", user_id=user.id).total
    rows = [_row(name, record, columns) for record in records]
    new = tag("a", f"New {description['label']}", href=f"/ui/{name}/new", class_="button")
    searching = tag(
        "form",
        tag(
            "input", name="q", value=search, type="search", aria_label="Search", placeholder="Name, e-mail, …"
        ),
        tag("button", "Search", class_="quiet"),
        class_="row",
    )
    return frame.page(
        request,
        description["labelPlural"],
        tag("h2", f"{description['labelPlural']} ({total:,})"),
        tag("div", searching, new if description["createable"] else "", class_="row"),
        table([column.replace(".", " ") for column in columns], rows),
        _turning(number, total, search),
        tab=name,
    )


def _condition(description: dict[str, Any], search: str) -> str:
    if not search:
        return ""
    escaped = search.replace("\\", "\\\\").replace("'", "\\'").replace("%", "\\%").replace("_", "\\_")
    parts = [f"{field} LIKE '%{escaped}%'" for field in SEARCHED if _has(description, field)]
    return f" WHERE {' OR '.join(parts)}" if parts else ""


def _has(description: dict[str, Any], field: str) -> bool:
    return any(known["name"] == field for known in description["fields"])


def _row(name: str, record: dict[str, Any], columns: tuple[str, ...]) -> list[object]:
    cells: list[object] = [_shown(_at(record, column)) for column in columns]
    return [_link(f"/ui/{name}/{record['Id']}", str(cells[0]) or record["Id"]), *cells[1:]]


def _at(record: dict[str, Any], path: str) -> Any:
    value: Any = record
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _turning(number: int, total: int, search: str) -> Markup:
    last = min((total - 1) // PAGE_ROWS + 1, LAST_OFFSET // PAGE_ROWS + 1)
    links: list[object] = []
    for label, target, there in (("Earlier", number - 1, number > 1), ("Later", number + 1, number < last)):
        if there:
            values = hidden({"q": search, "page": str(target)})
            links.append(tag("form", values, tag("button", label, class_="quiet")))
    note = f"Page {number} of {max(last, 1)}" + (" (search to see more)" if total > last * PAGE_ROWS else "")
    return tag("p", tag("span", note, class_="hint"), *links, class_="row")


def _record_page(frame: Frame, request: Request, user: SessionUser, name: str, record_id: str) -> Response:
    org = frame.front.org
    description = org.describe(name, user_id=user.id)
    record = org.get(name, record_id, user_id=user.id)
    title = str(record.get(name_field(description)) or record["Id"])
    here = f"/ui/{name}/{record['Id']}"
    fields = [field for field in description["fields"] if field["type"] not in ("address", "location")]
    pairs = [
        (
            tag("dt", field["label"], " ", tag("span", field["name"], class_="hint")),
            _value(frame, field, record),
        )
        for field in fields
    ]
    return frame.page(
        request,
        title,
        tag("h2", title, dir="auto"),
        tag("div", *_actions(frame, user, description, record, here), class_="row"),
        tag("dl", *(piece for term, value in pairs for piece in (term, tag("dd", value, dir="auto")))),
        sharing(frame, user, name, record),
        tab=name,
    )


def _actions(
    frame: Frame, user: SessionUser, description: dict[str, Any], record: dict[str, Any], here: str
) -> list[object]:
    actions: list[object] = []
    if description["updateable"]:
        actions.append(tag("a", "Edit", href=f"{here}/edit", class_="button"))
    if description["deletable"]:
        actions.append(frame.button(user, f"{here}/delete", "Delete", "danger"))
    if description["name"] == "Lead" and not record.get("IsConverted"):
        actions.append(tag("a", "Convert", href=f"{here}/convert", class_="button quiet"))
    if description["mergeable"]:
        label = tag(
            "input", name="loser", placeholder="Id of the record to merge in", aria_label="Record to merge in"
        )
        merge = tag("button", "Merge into this", class_="quiet")
        actions.append(frame.form(user, f"{here}/merge", tag("span", label, " ", merge, class_="row")))
    return actions


def _value(frame: Frame, field: dict[str, Any], record: dict[str, Any]) -> object:
    value = record.get(field["name"])
    if field["type"] == "reference" and value:
        return tag("a", frame.name_of(value), href=f"/{value}")
    return _shown(value)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return when(value) if isinstance(value, str) else str(value)


def when(text: str) -> str:
    """A stored datetime as people read it, in UTC; any other text as it is."""
    return f"{text[:10]} {text[11:19]}" if _DATETIME.fullmatch(text) else text


def _link(address: str, label: object) -> Markup:
    return tag("a", label, href=address)
