"""Who sees a record: hidden from a user as a sharing rule would, and shown again."""

from typing import TYPE_CHECKING, Any

from sandbox.pages.frame import Frame
from sandbox.pages.html import Markup, options, redirect, table, tag
from sandbox.web import Request, Response, Router, SessionUser

if TYPE_CHECKING:
    from sandbox.front import Front

Form = dict[str, str]


def sharing_routes(front: "Front") -> Router:
    router = Router()
    frame = Frame(front)

    @router.post("/ui/{name}/{record_id}/hide")
    @frame.posting
    def hide(request: Request, user: SessionUser, form: Form, name: str, record_id: str) -> Response:
        _hide(front, name, record_id, form, hidden=True)
        seen = form.get("username") != user.username
        return redirect(f"/ui/{name}/{record_id}" if seen else "/ui/hidden", 303)

    @router.post("/ui/{name}/{record_id}/show")
    @frame.posting
    def show(request: Request, user: SessionUser, form: Form, name: str, record_id: str) -> Response:
        _hide(front, name, record_id, form, hidden=False)
        return redirect(f"/ui/{name}/{record_id}", 303)

    @router.get("/ui/hidden")
    @frame.reading
    def listing(request: Request, user: SessionUser) -> Response:
        """Also what the reader can't see, or nobody could give it back."""
        rows = [_row(frame, user, *hidden) for hidden in front.org.hidden_rows()]
        shown = (
            table(("Object", "Name", "Hidden from", ""), rows) if rows else tag("p", "Everybody sees all.")
        )
        return frame.page(request, "Hidden records", tag("h2", "Hidden records"), shown, tab="Hidden records")

    return router


def _hide(front: "Front", name: str, record_id: str, form: Form, *, hidden: bool) -> None:
    person = front.person(form.get("username", ""))
    front.org.hide_row(name, record_id, user_id=person.id, hidden=hidden)


def _row(frame: Frame, user: SessionUser, name: str, record_id: str, user_id: str) -> list[object]:
    person = frame.front.tokens.people.by_id(user_id)
    username = person.username if person else user_id
    again = frame.button(user, f"/ui/{name}/{record_id}/show", "Show again", "quiet", username=username)
    return [name, tag("a", frame.name_of(record_id), href=f"/{record_id}"), username, again]


def sharing(frame: Frame, user: SessionUser, name: str, record: dict[str, Any]) -> Markup:
    """The record page's part: who doesn't see it, and from whom to hide it."""
    here = f"/ui/{name}/{record['Id']}"
    blind = {user_id for _, _, user_id in frame.front.org.hidden_rows(record["Id"])}
    people = [person for person in frame.front.tokens.people.everyone() if person.active]
    again = [
        (
            person.name,
            person.username,
            frame.button(user, f"{here}/show", "Show again", "quiet", username=person.username),
        )
        for person in people
        if person.id in blind
    ]
    seeing = [
        (person.username, f"{person.name} ({person.username})") for person in people if person.id not in blind
    ]
    select = tag("select", options(seeing, ""), name="username", aria_label="User")
    hide = frame.form(
        user,
        f"{here}/hide",
        tag("span", select, " ", tag("button", "Hide from this user", class_="quiet"), class_="row"),
    )
    return tag(
        "section",
        tag("h3", "Sharing"),
        table(("Hidden from", "Username", ""), again)
        if again
        else tag("p", "Everybody sees it.", class_="hint"),
        hide if seeing else "",
    )
