"""Creating and changing records by hand. A refused form comes back as it was typed."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sandbox.errors import ApiError
from sandbox.pages.frame import Frame
from sandbox.pages.html import Markup, options, redirect, tag
from sandbox.web import Request, Response, Router, SessionUser
from sandbox.write_options import WriteOptions

if TYPE_CHECKING:
    from sandbox.front import Front

_NUMBERS = ("double", "currency", "percent")
_LONG = 255

Form = dict[str, str]


@dataclass(frozen=True)
class Editing:
    """One form: `typed` is what its inputs show, `record_id` empty for a new record."""

    description: dict[str, Any]
    typed: Form
    record_id: str = ""
    error: ApiError | None = None

    @property
    def fields(self) -> list[dict[str, Any]]:
        right = "updateable" if self.record_id else "createable"
        return [field for field in self.description["fields"] if field[right]]

    @property
    def address(self) -> str:
        base = f"/ui/{self.description['name']}"
        return f"{base}/{self.record_id}/edit" if self.record_id else f"{base}/new"


def editing_routes(front: "Front") -> Router:
    router = Router()
    frame = Frame(front)

    @router.get("/ui/{name}/new")
    @frame.reading
    def new(request: Request, user: SessionUser, name: str) -> Response:
        return _page(frame, request, user, Editing(front.org.describe(name, user_id=user.id), {}))

    @router.post("/ui/{name}/new")
    @frame.posting
    def create(request: Request, user: SessionUser, form: Form, name: str) -> Response:
        editing = Editing(front.org.describe(name, user_id=user.id), form)
        try:
            values = {key: value for key, value in _values(editing).items() if value is not None}
            created = front.org.insert(name, values, user_id=user.id, options=_options(form))
        except ApiError as error:
            return _page(frame, request, user, replace(editing, error=error))
        return redirect(f"/ui/{name}/{created}", 303)

    @router.get("/ui/{name}/{record_id}/edit")
    @frame.reading
    def edit(request: Request, user: SessionUser, name: str, record_id: str) -> Response:
        return _page(frame, request, user, _editing(front, user, name, record_id))

    @router.post("/ui/{name}/{record_id}/edit")
    @frame.posting
    def update(request: Request, user: SessionUser, form: Form, name: str, record_id: str) -> Response:
        before = _editing(front, user, name, record_id)
        editing = replace(before, typed=_without_checks(before) | form)
        try:
            old, new = _values(before), _values(editing)
            changes = {key: value for key, value in new.items() if value != old[key]}
            front.org.update(
                name, record_id, changes, user_id=user.id, options=replace(_options(form), auto_assign=False)
            )
        except ApiError as error:
            return _page(frame, request, user, replace(editing, error=error))
        return redirect(f"/ui/{name}/{record_id}", 303)

    return router


def _editing(front: "Front", user: SessionUser, name: str, record_id: str) -> Editing:
    record = front.org.get(name, record_id, user_id=user.id)
    typed = {key: _typed(value) for key, value in record.items() if key != "attributes"}
    return Editing(front.org.describe(name, user_id=user.id), typed, record["Id"])


def _without_checks(before: Editing) -> Form:
    """The record as it is, its boxes unticked: a browser sends only the ticked ones."""
    boxes = {field["name"] for field in before.fields if field["type"] == "boolean"}
    return {name: text for name, text in before.typed.items() if name not in boxes}


def _typed(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else ""
    return "" if value is None else str(value)


def _options(form: Form) -> WriteOptions:
    return WriteOptions(allow_save=form.get("_allow_save") == "on")


def _values(editing: Editing) -> dict[str, Any]:
    """The form's texts as values, a browser's line ends made plain. Raises ApiError naming the field."""
    return {field["name"]: _value(field, editing.typed.get(field["name"], "")) for field in editing.fields}


def _value(field: dict[str, Any], text: str) -> Any:
    if field["type"] == "boolean":
        return text == "on"
    text = text.replace("\r\n", "\n")
    if not text.strip():
        return None
    try:
        if field["type"] in _NUMBERS:
            return float(text)
        return int(text) if field["type"] == "int" else text
    except ValueError:
        raise ApiError(
            400, "INVALID_NUMBER", f"{field['label']}: {text} is not a number.", [field["name"]]
        ) from None


def _page(frame: Frame, request: Request, user: SessionUser, editing: Editing) -> Response:
    label = editing.description["label"]
    title = f"Edit {label}" if editing.record_id else f"New {label}"
    bad = {name for error in _errors(editing) for name in error.fields or []}
    inputs = tag("div", *(_input(field, editing, bad) for field in editing.fields), class_="fields")
    form = frame.form(user, editing.address, inputs, _anyway(editing), tag("button", "Save"))
    return frame.page(
        request,
        title,
        tag("h2", title),
        *(_problem(error) for error in _errors(editing)),
        form,
        tab=editing.description["name"],
        status=400 if editing.error else 200,
    )


def _errors(editing: Editing) -> list[ApiError]:
    return [editing.error, *editing.error.more] if editing.error else []


def _anyway(editing: Editing) -> Markup:
    """Offered when a duplicate rule alerts; one that blocks refuses again."""
    if not any(error.code == "DUPLICATES_DETECTED" for error in _errors(editing)):
        return Markup("")
    box = tag("input", type="checkbox", name="_allow_save", id="allow-save")
    return tag("p", box, " ", tag("label", "Save although there are duplicates", for_="allow-save"))


def _problem(error: ApiError) -> Markup:
    return tag("p", f"{error.message} ({error.code})", class_="note bad", role="alert")


def _input(field: dict[str, Any], editing: Editing, bad: set[str]) -> Markup:
    name, typed = field["name"], editing.typed.get(field["name"], "")
    marks = {"name": name, "id": f"f-{name}", "dir": "auto", "class_": "bad-field" if name in bad else None}
    required = (
        " *"
        if not field["nillable"] and not field["defaultedOnCreate"] and field["type"] != "boolean"
        else ""
    )
    label = tag("label", f"{field['label']}{required}", for_=f"f-{name}")
    return tag("div", label, _control(field, typed, marks))


def _control(field: dict[str, Any], typed: str, marks: dict[str, Any]) -> Markup:
    if field["type"] == "boolean":
        return tag("input", type="checkbox", checked=typed == "on", **marks)
    if field["type"] == "picklist":
        known = [(value["value"], value["label"]) for value in field["picklistValues"] if value["active"]]
        if typed and typed not in dict(known):
            known.append((typed, typed))
        return tag("select", options([("", ""), *known], typed), **marks)
    if field["type"] == "textarea" or field["length"] > _LONG:
        return tag("textarea", Markup("\n"), typed, rows=4, **marks)
    hint = (
        f"Id ({', '.join(field['referenceTo'])})"
        if field["type"] == "reference"
        else _HINTS.get(field["type"])
    )
    return tag("input", value=typed, placeholder=hint, **marks)


_HINTS = {"date": "2030-01-31", "datetime": "2030-01-31T09:00:00Z", "email": "name@company.example"}
