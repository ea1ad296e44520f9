"""What ends a record or joins it to another: deleting, merging, converting a lead."""

from typing import TYPE_CHECKING, Any

from sandbox.errors import ApiError
from sandbox.ids import is_id, to18
from sandbox.pages.frame import Frame
from sandbox.pages.html import Markup, options, redirect, tag
from sandbox.rules import merging
from sandbox.web import Request, Response, Router, SessionUser

if TYPE_CHECKING:
    from sandbox.front import Front

Form = dict[str, str]
NEW = "new"
CANDIDATES = 20


def fate_routes(front: "Front") -> Router:
    router = Router()
    frame = Frame(front)

    @router.post("/ui/{name}/{record_id}/delete")
    @frame.posting
    def delete(request: Request, user: SessionUser, form: Form, name: str, record_id: str) -> Response:
        front.org.delete(name, record_id, user_id=user.id)
        return redirect(f"/ui/{name}", 303)

    @router.post("/ui/{name}/{record_id}/merge")
    @frame.posting
    def merge(request: Request, user: SessionUser, form: Form, name: str, record_id: str) -> Response:
        merging.merge(front.org, name, record_id, [form.get("loser", "").strip()], user.id)
        return redirect(f"/ui/{name}/{record_id}", 303)

    @router.get("/ui/Lead/{record_id}/convert")
    @frame.reading
    def converting(request: Request, user: SessionUser, record_id: str) -> Response:
        return _page(frame, request, user, front.org.get("Lead", record_id, user_id=user.id), {})

    @router.post("/ui/Lead/{record_id}/convert")
    @frame.posting
    def convert(request: Request, user: SessionUser, form: Form, record_id: str) -> Response:
        lead = front.org.get("Lead", record_id, user_id=user.id)
        try:
            merging.convert(
                front.org,
                record_id,
                user_id=user.id,
                account_id=_chosen(form, "account"),
                contact_id=_chosen(form, "contact"),
                opportunity=form.get("opportunity", "").strip() or None,
            )
        except ApiError as error:
            return _page(frame, request, user, lead, form, error)
        return redirect(f"/ui/Lead/{record_id}", 303)

    return router


def _chosen(form: Form, what: str) -> str | None:
    """An id that was typed goes before one that was chosen; None for a new record."""
    typed = form.get(f"{what}_id", "").strip() or form.get(what, NEW)
    if typed == NEW:
        return None
    if not is_id(typed):
        raise ApiError(400, "MALFORMED_ID", f"{what.capitalize()} ID: id value of incorrect type: {typed}")
    return to18(typed)


def _page(
    frame: Frame,
    request: Request,
    user: SessionUser,
    lead: dict[str, Any],
    form: Form,
    error: ApiError | None = None,
) -> Response:
    """Account, contact and opportunity, each new or there already, as Salesforce asks."""
    accounts = _candidates(frame, user, "Account", "Name", lead["Company"])
    contacts = _candidates(frame, user, "Contact", "Email", lead["Email"])
    account = _choice("account", "Account", f"New: {lead['Company']}", accounts, form)
    contact = _choice("contact", "Contact", f"New: {lead['Name']}", contacts, form)
    typed = form.get("opportunity", "")
    deal = tag("input", name="opportunity", id="c-opportunity", value=typed, placeholder="No opportunity")
    opportunity = tag("div", tag("label", "Opportunity, by name", for_="c-opportunity"), deal)
    fields = tag("div", account, contact, opportunity, class_="fields")
    address = f"/ui/Lead/{lead['Id']}"
    buttons = tag(
        "p",
        tag("button", "Convert"),
        " ",
        tag("a", "Leave it", href=address, class_="button quiet"),
        class_="row",
    )
    said = "An existing contact keeps what it has; only what is empty there is filled. This can't be undone."
    return frame.page(
        request,
        "Convert lead",
        tag("h2", f"Convert {lead['Name']}", dir="auto"),
        tag("p", f"{error.message} ({error.code})", class_="note bad", role="alert") if error else "",
        tag("p", said, class_="hint"),
        frame.form(user, f"{address}/convert", fields, buttons),
        tab="Lead",
        status=400 if error else 200,
    )


def _choice(name: str, label: str, new: str, candidates: list[tuple[str, str]], form: Form) -> Markup:
    """A choice among a new record and those that look like it, and a place for any other's id."""
    choices = options([(NEW, new), *candidates], form.get(name, NEW))
    typed = form.get(f"{name}_id", "")
    other = f"or the id of another {label.lower()}"
    return tag(
        "div",
        tag("label", label, for_=f"c-{name}"),
        tag("select", choices, name=name, id=f"c-{name}"),
        tag("input", name=f"{name}_id", value=typed, placeholder=other, aria_label=other),
    )


def _candidates(
    frame: Frame, user: SessionUser, kind: str, field: str, value: str | None
) -> list[tuple[str, str]]:
    if not value:
        return []
    same = value.replace("\\", "\\\\").replace("'", "\\'")
    soql = f"SELECT Id, Name FROM {kind} WHERE {field} = '{same}' ORDER BY CreatedDate LIMIT {CANDIDATES}"
    found = frame.front.org.query(soql, user_id=user.id).records()
    return [(row["Id"], f"{row['Name']} ({row['Id']})") for row in found]
