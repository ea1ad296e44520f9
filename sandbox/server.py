"""HTTP/1.1 over sockets: reads requests for the Front and sends its answers, broken ones included."""

import gzip
import queue
import socket
import sys
import threading
import traceback
from collections.abc import Iterator
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

from sandbox.errors import ApiError
from sandbox.fault_table import Truncation
from sandbox.front import Answer
from sandbox.opening import Host
from sandbox.web import Headers, Request, Response, error_response

URI_LIMIT = HEADER_LIMIT = 16_384
BODY_LIMIT = 200 * 1024 * 1024
GZIP_FROM = 1024
_BODILESS = (204, 304)
Connection = socket.socket | tuple[bytes, socket.socket]


class OrgServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    host: Host

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        super().__init__((host, port), OrgHandler)
        self._waiting: queue.SimpleQueue[tuple[Connection, object]] = queue.SimpleQueue()
        self._resting = threading.Semaphore(0)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def process_request(self, request: Connection, client_address: object) -> None:
        """Hand the connection to a resting thread, or to a new one when none rests.

        Threads are used again because each keeps a connection to the org's file.
        """
        self._waiting.put((request, client_address))
        if not self._resting.acquire(blocking=False):
            threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while True:
            self.process_request_thread(*self._waiting.get())
            self._resting.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no event; the handler answers everything else itself."""


class OrgHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "sfdcedge"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    timeout = 120

    def answer(self) -> None:
        refused = self._too_large()
        if refused:
            self.close_connection = True
            self._send(Answer(Response(refused)))
            return
        body = self._read_body()
        request = Request.to(self.command, self.path, headers=Headers(self.headers.items()), body=body)
        request.base_url = self._host.front.tokens.url
        self._send(self._answer_or_500(request))

    do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = do_DELETE = do_OPTIONS = answer

    @property
    def _host(self) -> Host:
        return cast(OrgServer, self.server).host

    def _answer_or_500(self, request: Request) -> Answer:
        """A bug of ours must not look like a lost connection, so it is a 500 as Salesforce words it."""
        try:
            return self._host.handle(request)
        except Exception:  # the last line of defence of one request: told on stderr, answered as 500
            sys.stderr.write(f"{request.method} {request.path}\n{traceback.format_exc()}")
            message = (
                "An unexpected error occurred. Please include this ErrorId if you contact support: 1-1 (-1)"
            )
            return Answer(error_response(ApiError(500, "UNKNOWN_EXCEPTION", message)))

    def _too_large(self) -> int | None:
        """The documented limits on the length of an address, and of address and headers together."""
        if len(self.path) > URI_LIMIT:
            return 414
        headers = sum(len(name) + len(value) + 4 for name, value in self.headers.items())
        if len(self.path) + headers > HEADER_LIMIT:
            return 431
        return 413 if int(self.headers.get("Content-Length") or 0) > BODY_LIMIT else None

    def _read_body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            body = b"".join(self._chunks())
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            continue

    def _send(self, answer: Answer) -> None:
        response = answer.response
        if response is None:
            self._cut()
            return
        truncate = answer.effect.truncate
        if response.chunks is not None:
            response.body, response.chunks = b"".join(response.chunks), None
        self._compress(response)
        whole = _length(response)
        sent = whole // 2 if truncate else whole
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status not in _BODILESS:
            self.send_header("Content-Length", str(sent if truncate is Truncation.SILENT else whole))
        self.end_headers()
        if self.command != "HEAD" and response.status not in _BODILESS:
            self._send_body(response, sent)
        if truncate is Truncation.BROKEN:
            self._cut()

    def _compress(self, response: Response) -> None:
        accepts = "gzip" in self.headers.get("Accept-Encoding", "")
        is_json = "json" in response.headers.get("Content-Type", "")
        if accepts and is_json and len(response.body) > GZIP_FROM:
            response.body = gzip.compress(response.body, compresslevel=1)
            response.headers["Content-Encoding"] = "gzip"

    def _send_body(self, response: Response, length: int) -> None:
        """The first `length` bytes of the body and, after it, of the file."""
        head = response.body[:length]
        self.wfile.write(head)
        self.wfile.flush()
        if response.file is None or length == len(head):
            return
        with response.file.open("rb") as source:
            self.connection.sendfile(source, response.file_offset, length - len(head))

    def _cut(self) -> None:
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The Date header tells the org's time, so that clients can measure how far off their clock is."""
        return format_datetime(self._host.front.clock.now(), usegmt=True)

    def log_message(self, format: str, *args: object) -> None:
        """Requests are kept by the Front's log, not written to the terminal."""


def _length(response: Response) -> int:
    if response.file is None:
        return len(response.body)
    if response.file_length is not None:
        return len(response.body) + response.file_length
    return len(response.body) + response.file.stat().st_size - response.file_offset
