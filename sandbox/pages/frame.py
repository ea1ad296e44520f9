"""What all pages share: who is signed in, the bar of objects, the form token."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandbox.errors import ApiError
from sandbox.pages.forms import from_elsewhere, read_form
from sandbox.pages.html import Markup, hidden, join, page, redirect, tag
from sandbox.web import Request, Response, SessionUser

if TYPE_CHECKING:
    from sandbox.front import Front

TABS = ("Account", "Contact", "Lead", "Opportunity", "Task", "Event", "User")
TOKEN_FIELD = "_form_token"

View = Callable[..., Response]


class Frame:
    """Guards views (signed in; forms from our own pages) and draws pages around their content."""

    def __init__(self, front: "Front") -> None:
        self.front = front

    def reading(self, view: View) -> View:
        """For a signed-in user: calls `view(request, user, **params)`; a refusal is shown in words."""

        def guarded(request: Request, **params: str) -> Response:
            if not request.user:
                return redirect("/")
            try:
                return view(request, request.user, **params)
            except ApiError as error:
                return not_found_page(error.message, status=error.status)

        return guarded

    def posting(self, view: View) -> View:
        """As `reading`, for a form that carries the token of this session: `view(request, user, form, …)`."""

        def checked(request: Request, user: SessionUser, **params: str) -> Response:
            form = read_form(request)
            right = hmac.compare_digest(form.pop(TOKEN_FIELD, "").encode(), self._token(user).encode())
            if from_elsewhere(request) or not right:
                return not_found_page(
                    "This form is out of date or came from another site. Go back, try again.", 403
                )
            return view(request, user, form, **params)

        return self.reading(checked)

    def page(self, request: Request, title: str, *body: object, tab: str = "", status: int = 200) -> Response:
        return page(title, *body, top=self._bar(request, tab), status=status)

    def form(self, user: SessionUser, action: str, *body: object, **attributes: object) -> Markup:
        """A form that posts, with its token."""
        token = hidden({TOKEN_FIELD: self._token(user)})
        return tag("form", token, *body, method="post", action=action, **attributes)

    def button(self, user: SessionUser, action: str, label: str, look: str = "", **values: str) -> Markup:
        """A form that is one button."""
        return self.form(user, action, hidden(values), tag("button", label, class_=look or None))

    def name_of(self, record_id: str | None) -> str:
        """What a record is called; its id when it is gone or hidden."""
        kind = self.front.org.registry.with_prefix(record_id) if record_id else None
        if not kind or not record_id:
            return record_id or ""
        field = name_field(self.front.org.describe(kind.name))
        soql = f"SELECT {field} FROM {kind.name} WHERE Id = '{record_id}'"
        found = self.front.org.query(soql, user_id=self.front.system_user, all_rows=True)
        return next((str(row[0]) for row in found.rows()), record_id)

    def _bar(self, request: Request, tab: str) -> Markup:
        if not request.user:
            return Markup("")
        known = [name for name in TABS if self.front.org.registry.find(name)]
        places = [(name, f"/ui/{name}") for name in known]
        places += [("All objects", "/ui/all"), ("Recycle bin", "/ui/bin"), ("Hidden records", "/ui/hidden")]
        places += [("Setup", "/ui/setup")]
        links = join(
            tag("a", label, href=address, aria_current="page" if label == tab else None)
            for label, address in places
        )
        out = self.button(request.user, "/ui/sign-out", f"Sign out {request.user.username}", "link")
        return tag("nav", links, out)

    def _token(self, user: SessionUser) -> str:
        key = self.front.ledger.option("form_key")
        if not key:
            key = secrets.token_hex(16)
            self.front.ledger.set_option("form_key", key)
        return hmac.new(key.encode(), user.session_id.encode(), hashlib.sha256).hexdigest()


def name_field(description: dict[str, Any]) -> str:
    return next((str(field["name"]) for field in description["fields"] if field["nameField"]), "Id")


def not_found_page(words: str = "There is no such page here.", status: int = 404) -> Response:
    return page(
        "Not here", tag("p", words, class_="note bad"), tag("a", "To the start", href="/"), status=status
    )
