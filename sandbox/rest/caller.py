"""Who calls, with which version, and what the headers of the call ask for."""

from dataclasses import dataclass

from sandbox.errors import ApiError, not_found
from sandbox.web import Request
from sandbox.write_options import WriteOptions

OLDEST, NEWEST = 20, 67
SERVICES = "/services/data"
DATA = SERVICES + "/v{version}"


@dataclass(frozen=True)
class Caller:
    """`version` as in the path (`60.0`), `root` the path up to it."""

    user_id: str
    version: str
    options: WriteOptions

    @property
    def root(self) -> str:
        return f"{SERVICES}/v{self.version}"


def caller(request: Request, version: str) -> Caller:
    """Raises INVALID_SESSION_ID without a session, NOT_FOUND for a version there is not."""
    check_version(version)
    if request.user is None:
        raise ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")
    return Caller(request.user.id, version, _options(request, version))


def check_version(version: str) -> None:
    whole, dot, rest = version.partition(".")
    if not (whole.isdigit() and dot and rest == "0" and OLDEST <= int(whole) <= NEWEST):
        raise not_found()


def _options(request: Request, version: str) -> WriteOptions:
    duplicate = pairs(request, "Sforce-Duplicate-Rule-Header")
    assign = str(request.headers.get("Sforce-Auto-Assign", "TRUE"))
    return WriteOptions(
        allow_save=duplicate.get("allowsave") == "true",
        include_record_details=duplicate.get("includerecorddetails") == "true",
        auto_assign=assign.strip().upper() != "FALSE",
        client=pairs(request, "Sforce-Call-Options").get("client"),
        mru=pairs(request, "Sforce-Mru").get("updatemru") == "true",
        api_version=float(version),
    )


def pairs(request: Request, header: str) -> dict[str, str]:
    """`allowSave=true; includeRecordDetails=true` as a dict, names in lower case."""
    found: dict[str, str] = {}
    for part in str(request.headers.get(header, "")).replace(",", ";").split(";"):
        name, _, value = part.partition("=")
        if name.strip():
            found[name.strip().lower()] = value.strip().lower() if name.strip() != "client" else value.strip()
    return found


def body_of(request: Request) -> dict[str, object]:
    """The body as a JSON object. Raises JSON_PARSER_ERROR."""
    body = request.json()
    if not isinstance(body, dict):
        message = "Unable to deserialize: expected a JSON object at [line:1, column:1]"
        raise ApiError(400, "JSON_PARSER_ERROR", message)
    return body
