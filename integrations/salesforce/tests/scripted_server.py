"""A server on loopback that answers what it is told, for what a well-behaved org never does."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DATE = "Thu, 05 Mar 2026 10:00:00 GMT"


@dataclass
class Answer:
    """One answer. `cut`: bytes of the body after which the connection breaks; `silent`: none at all."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    silent: bool = False

    def encoded(self) -> bytes:
        """The body as bytes; what isn't text is sent as JSON."""
        if self.body is None:
            return b""
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


@dataclass
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


class ScriptedServer:
    """Gives its answers in turn, the last one for ever, and remembers what it was asked."""

    def __init__(self, answers: list[Answer]) -> None:
        self.answers = answers
        self.asked: list[Asked] = []
        self.url = ""

    def next_answer(self) -> Answer:
        """The answer for the request that was just noted."""
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


@contextmanager
def serving(*answers: Answer) -> Iterator[ScriptedServer]:
    """A ScriptedServer on a free port until the block ends."""
    script = ScriptedServer(list(answers))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(script))
    script.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(script: ScriptedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            script.asked.append(Asked(self.command, self.path, dict(self.headers), _parsed(text)))
            answer = script.next_answer()
            if answer.silent:
                self.close_connection = True
                return
            body = answer.encoded()
            self.send_response_only(answer.status)
            for key, value in ({"Date": DATE, "Content-Length": str(len(body))} | answer.headers).items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(body[: answer.cut])
            self.close_connection = answer.cut is not None

        do_GET = do_POST = do_PATCH = do_DELETE = _answer

        def log_message(self, format: str, *args: Any) -> None:
            """Keeps the test's output clean."""

    return Handler


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
