"""Reading posted forms, and refusing those another site sent."""

from urllib.parse import parse_qsl, urlsplit

from sandbox.web import Request


def read_form(request: Request) -> dict[str, str]:
    """The last value of each field; a query string's fields count too, the body's win."""
    posted = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    return {name: values[-1] for name, values in request.query.items()} | posted


def from_elsewhere(request: Request) -> bool:
    """Whether a browser says that another site's page sent this. No Origin header: not a browser's form."""
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("Host", "")
