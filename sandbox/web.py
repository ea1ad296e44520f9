"""Requests, responses and routes, apart from any server, so that a handler can be called without a socket."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from sandbox.errors import ApiError

JSON_TYPE = "application/json;charset=UTF-8"


class Headers(dict[str, str]):
    """Header names without regard to case, kept as first written."""

    def __init__(self, pairs: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        super().__init__()
        self._names: dict[str, str] = {}
        for name, value in dict(pairs).items():
            self[name] = value

    def __setitem__(self, name: str, value: str) -> None:
        super().__setitem__(self._names.setdefault(name.lower(), name), value)

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(self._names[name.lower()])

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._names

    def get(self, name: str, default: Any = None) -> Any:
        kept = self._names.get(name.lower())
        return default if kept is None else super().get(kept, default)


@dataclass(frozen=True)
class SessionUser:
    """Who a session speaks for. `client` is the connected app's name, `session_id` never shown."""

    id: str
    username: str
    client: str | None = None
    session_id: str = field(default="", repr=False)


@dataclass
class Request:
    """One HTTP request. `path` stays percent-encoded, as it came: the router decodes by segment."""

    method: str
    path: str
    query: dict[str, list[str]] = field(default_factory=dict)
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    base_url: str = "http://localhost"
    user: SessionUser | None = None

    @classmethod
    def to(cls, method: str, target: str, **given: Any) -> "Request":
        """A request for a path with its query string, as a request line has it."""
        parts = urlsplit(target)
        return cls(method.upper(), parts.path, parse_qs(parts.query, keep_blank_values=True), **given)

    def arg(self, name: str, default: str | None = None) -> str | None:
        values = self.query.get(name)
        return values[0] if values else default

    def json(self) -> Any:
        """The body as JSON; JSON_PARSER_ERROR when it is missing or broken, as Salesforce says it."""
        if not self.body.strip():
            raise ApiError(
                400,
                "JSON_PARSER_ERROR",
                "The HTTP entity body is required, but this request has no entity body.",
            )
        try:
            return json.loads(self.body)
        except UnicodeDecodeError:
            raise ApiError(400, "JSON_PARSER_ERROR", "Invalid UTF-8 in the request body") from None
        except json.JSONDecodeError as bad:
            raise ApiError(400, "JSON_PARSER_ERROR", _parser_message(bad)) from None


def _parser_message(bad: json.JSONDecodeError) -> str:
    where = f"at [line:{bad.lineno}, column:{bad.colno}]"
    if bad.pos >= len(bad.doc):
        return f"Unexpected end-of-input {where}"
    char = bad.doc[bad.pos]
    wanted = "a colon to separate field name and value" if "':'" in bad.msg else bad.msg
    return f"Unexpected character ('{char}' (code {ord(char)})): was expecting {wanted} {where}"


@dataclass
class Response:
    """One answer; its content is one of `body`, `file` (for sendfile, from `file_offset`) or `chunks`.

    `rows` is how many records the call wrote or answers with, for the request log.
    """

    status: int = 200
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    file: Path | None = None
    file_offset: int = 0
    file_length: int | None = None
    chunks: Iterator[bytes] | None = None
    rows: int = 0

    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


def json_response(
    payload: Any, status: int = 200, headers: Mapping[str, str] | None = None, *, rows: int = 0
) -> Response:
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return Response(status, Headers({"Content-Type": JSON_TYPE, **(headers or {})}), body, rows=rows)


def error_response(error: ApiError) -> Response:
    return json_response(error.body(), error.status)


Handler = Callable[..., Response]


@dataclass(frozen=True)
class Match:
    handler: Handler
    params: dict[str, str]


class NotAllowed(Exception):
    """The path exists, the method does not (405); `allowed` are those that do."""

    def __init__(self, allowed: list[str]) -> None:
        super().__init__(", ".join(allowed))
        self.allowed = allowed


class Router:
    """Routes by method and path; `{name}` takes one segment, `{name:path}` the rest; a last slash is allowed.

    A handler is called as `handler(request, **params)`; an org gets in by making the routes inside a function
    that takes it.
    """

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []

    def route(self, method: str, pattern: str) -> Callable[[Handler], Handler]:
        compiled = _compile(pattern)

        def register(handler: Handler) -> Handler:
            self._routes.append((method.upper(), compiled, handler))
            return handler

        return register

    def get(self, pattern: str) -> Callable[[Handler], Handler]:
        return self.route("GET", pattern)

    def post(self, pattern: str) -> Callable[[Handler], Handler]:
        return self.route("POST", pattern)

    def patch(self, pattern: str) -> Callable[[Handler], Handler]:
        return self.route("PATCH", pattern)

    def put(self, pattern: str) -> Callable[[Handler], Handler]:
        return self.route("PUT", pattern)

    def delete(self, pattern: str) -> Callable[[Handler], Handler]:
        return self.route("DELETE", pattern)

    def include(self, other: "Router") -> None:
        self._routes.extend(other._routes)

    def match(self, method: str, path: str) -> Match | None:
        """The handler for a path, None if no route has it; raises NotAllowed if only the method is wrong.

        `?_HTTP_METHOD=PATCH` is the frame's business; HEAD is answered as GET.
        """
        method = "GET" if method == "HEAD" else method
        allowed: list[str] = []
        for verb, pattern, handler in self._routes:
            found = pattern.fullmatch(path)
            if found is None:
                continue
            if verb == method:
                return Match(handler, {name: unquote(value) for name, value in found.groupdict().items()})
            allowed.append(verb)
        if allowed:
            raise NotAllowed(sorted(set(allowed)))
        return None

    def dispatch(self, request: Request) -> Response | None:
        """Answer a request, errors included; None when no route has its path."""
        try:
            found = self.match(request.method, request.path)
            return None if found is None else found.handler(request, **found.params)
        except NotAllowed as bad:
            allowed = ",".join(bad.allowed)
            message = f"HTTP Method '{request.method}' not allowed. Allowed are {allowed}"
            answer = error_response(ApiError(405, "METHOD_NOT_ALLOWED", message))
            answer.headers["Allow"] = allowed
            return answer
        except ApiError as error:
            return error_response(error)


def _compile(pattern: str) -> re.Pattern[str]:
    parts: list[str] = []
    for piece in re.split(r"(\{[^}]+\})", pattern.rstrip("/")):
        if not piece.startswith("{"):
            parts.append(re.escape(piece))
        elif piece.endswith(":path}"):
            parts.append(f"(?P<{piece[1:-6]}>.+?)")
        else:
            parts.append(f"(?P<{piece[1:-1]}>[^/]+)")
    return re.compile("".join(parts) + "/?")
