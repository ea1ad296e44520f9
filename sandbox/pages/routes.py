"""The org's own pages, put together: a person plays the Salesforce side here."""

from typing import TYPE_CHECKING

from sandbox.ids import is_id
from sandbox.pages.bin import bin_routes
from sandbox.pages.editing import editing_routes
from sandbox.pages.fates import fate_routes
from sandbox.pages.frame import not_found_page
from sandbox.pages.html import redirect
from sandbox.pages.records import record_routes
from sandbox.pages.setup import setup_routes
from sandbox.pages.sharing import sharing_routes
from sandbox.pages.signing_in import sign_in_routes
from sandbox.web import Request, Response, Router

if TYPE_CHECKING:
    from sandbox.front import Front


def page_routes(front: "Front") -> Router:
    router = Router()
    first = (sign_in_routes, setup_routes, bin_routes, sharing_routes)
    for routes in (*first, editing_routes, fate_routes, record_routes):
        router.include(routes(front))
    router.include(_deep_links(front))
    return router


def _deep_links(front: "Front") -> Router:
    """The addresses a Salesforce org gives its records."""
    router = Router()

    @router.get("/{record_id}")
    def short(request: Request, record_id: str) -> Response:
        kind = front.org.registry.with_prefix(record_id) if is_id(record_id) else None
        return redirect(f"/ui/{kind.name}/{record_id}") if kind else not_found_page()

    @router.get("/lightning/r/{name}/{record_id}/view")
    def lightning(request: Request, name: str, record_id: str) -> Response:
        return redirect(f"/ui/{name}/{record_id}") if is_id(record_id) else not_found_page()

    return router
