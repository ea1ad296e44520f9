"""The org's own pages, put together."""

from typing import TYPE_CHECKING

from sandbox.web import Router

if TYPE_CHECKING:
    from sandbox.front import Front


def page_routes(front: "Front") -> Router:
    return Router()
