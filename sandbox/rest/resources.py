"""Which versions there are, and what a version has."""

from sandbox.org import Org
from sandbox.rest.caller import DATA, NEWEST, OLDEST, SERVICES, check_version
from sandbox.web import Request, Response, Router, json_response

_SEASONS = ("Winter", "Spring", "Summer")
_FIRST_YEAR, _FIRST_VERSION = 2024, 60  # v60 is Spring '24
_NAMES = ("composite", "jobs", "limits", "query", "queryAll", "sobjects", "ui-api")


def resource_routes(org: Org) -> Router:
    router = Router()

    @router.get(SERVICES)
    def versions(request: Request) -> Response:
        found = [
            {"label": label(number), "url": f"{SERVICES}/v{number}.0", "version": f"{number}.0"}
            for number in range(OLDEST, NEWEST + 1)
        ]
        return json_response(found)

    @router.get(DATA)
    def resources(request: Request, version: str) -> Response:
        check_version(version)
        found = {name: f"{SERVICES}/v{version}/{name}" for name in _NAMES}
        return json_response(found)

    return router


def label(number: int) -> str:
    """`Spring '24` for 60: three releases a year."""
    season, years = (number - _FIRST_VERSION + 1) % 3, (number - _FIRST_VERSION + 1) // 3
    return f"{_SEASONS[season]} '{(_FIRST_YEAR + years) % 100:02d}"
