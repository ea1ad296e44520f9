"""Signing in as any user of the org: a stand-in asks for no password."""

from typing import TYPE_CHECKING

from sandbox.oauth.tokens import Grant
from sandbox.pages.forms import from_elsewhere, read_form
from sandbox.pages.frame import Frame, not_found_page
from sandbox.pages.html import options, page, redirect, tag
from sandbox.web import Request, Response, Router, SessionUser

if TYPE_CHECKING:
    from sandbox.front import Front

WEB_CLIENT = "web"


def sign_in_routes(front: "Front") -> Router:
    router = Router()
    frame = Frame(front)

    @router.get("/")
    def home(request: Request) -> Response:
        return redirect("/ui/Contact") if request.user else _ask(front)

    @router.post("/ui/sign-in")
    def sign_in(request: Request) -> Response:
        if from_elsewhere(request):
            return not_found_page("This form came from another site.", 403)
        person = front.tokens.people.by_id(read_form(request).get("user", ""))
        if not person or not person.active:
            return not_found_page("This user isn't active.", 403)
        grant = Grant(WEB_CLIENT, person.id, "web")
        session = front.tokens.tokens.new_session(grant, family=None, now=front.clock.now())
        answer = redirect("/ui/Contact", 303)
        answer.headers["Set-Cookie"] = f"{front.cookie_name}={session}; Path=/; HttpOnly; SameSite=Lax"
        return answer

    @router.post("/ui/sign-out")
    @frame.posting
    def sign_out(request: Request, user: SessionUser, form: dict[str, str]) -> Response:
        front.tokens.tokens.revoke(user.session_id)
        answer = redirect("/", 303)
        answer.headers["Set-Cookie"] = f"{front.cookie_name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
        return answer

    return router


def _ask(front: "Front") -> Response:
    people = [(p.id, f"{p.name} ({p.username})") for p in front.tokens.people.everyone() if p.active]
    form = tag(
        "form",
        tag(
            "p",
            tag("label", "Sign in as ", for_="user"),
            tag("select", options(people, ""), name="user", id="user"),
        ),
        tag("button", "Sign in"),
        method="post",
        action="/ui/sign-in",
    )
    return page("Sign in", tag("h2", "Play the Salesforce side"), form)
