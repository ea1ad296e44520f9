"""All control routes, their errors in words, and the guard that keeps browsers and strangers out."""

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sandbox.control.frame import frame_routes
from sandbox.control.records import record_routes
from sandbox.control.schema import schema_routes
from sandbox.oauth.errors import OAuthError
from sandbox.web import Request, Response, Router, json_response

if TYPE_CHECKING:
    from sandbox.front import Front

PREFIX = "/sandbox/api"


class Control:
    """The server binds to loopback; asking for the Host too keeps out pages that rebind a name to it."""

    def __init__(self, front: "Front") -> None:
        self._routes = Router()
        for routes in (frame_routes, record_routes, schema_routes):
            self._routes.include(routes(front))

    def handle(self, request: Request) -> Response:
        if "Origin" in request.headers or not _on_loopback(str(request.headers.get("Host", ""))):
            return json_response({"error": "The control API answers programs on this machine only."}, 403)
        try:
            return self._routes.dispatch(request) or json_response({"error": "There is no such call."}, 404)
        except (ValueError, KeyError, TypeError, OAuthError) as error:
            return json_response({"error": str(error)}, 400)


def _on_loopback(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
