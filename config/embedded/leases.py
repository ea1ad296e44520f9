"""Who uses an embedded server, counted by the kernel.

Each user holds a shared lock on one file for as long as its process lives, killed or not. The keeper, a
process that runs the server, stops it once it gets that lock for itself alone: then nobody is left. Whoever
comes meanwhile waits for the lock, finds no server answering, and starts the next keeper.
"""

import contextlib
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from config.embedded.locations import PROJECT, EmbeddedServerError

START_SECONDS = 60.0
STOP_SECONDS = 15.0
_held: dict[str, int] = {}


class Server(Protocol):
    name: str

    @property
    def directory(self) -> Path:
        """Where locks and log lie."""

    def answers(self) -> bool: ...


def open_lock(server: Server, what: str) -> int:
    server.directory.mkdir(parents=True, exist_ok=True)
    return os.open(server.directory / f"{what}.lock", os.O_RDWR | os.O_CREAT, 0o600)


def take(lock: int, operation: int) -> bool:
    """Try to lock without waiting."""
    try:
        fcntl.flock(lock, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def use(server: Server) -> None:
    """Hold a share in the server until this process ends, and start it if it doesn't run.

    Raises EmbeddedServerError with the end of its log if it can't be started.
    """
    key = str(server.directory)
    if key in _held:
        return
    users = open_lock(server, "users")
    fcntl.flock(users, fcntl.LOCK_SH)
    _held[key] = users
    try:
        ensure_running(server)
    except EmbeddedServerError:
        release(server)
        raise


def release(server: Server) -> None:
    lock = _held.pop(str(server.directory), None)
    if lock is not None:
        os.close(lock)


@contextlib.contextmanager
def in_use(server: Server) -> Iterator[None]:
    use(server)
    try:
        yield
    finally:
        release(server)


def wait_until_stopped(server: Server, seconds: float = STOP_SECONDS) -> None:
    """Wait for the keeper to end, after the last user let go."""
    keeping = open_lock(server, "keeper")
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not take(keeping, fcntl.LOCK_EX):
        time.sleep(0.05)
    os.close(keeping)


def ensure_running(server: Server) -> None:
    if server.answers():
        return
    starting = open_lock(server, "starting")
    try:
        fcntl.flock(starting, fcntl.LOCK_EX)
        if not server.answers():
            _start_keeper(server)
    finally:
        os.close(starting)


def _start_keeper(server: Server) -> None:
    log = server.directory / "keeper.log"
    with log.open("w", encoding="utf-8") as output:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "config.embedded", server.name, "--while-used"],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.answers():
            return
        if keeper.poll():
            break
        time.sleep(0.02)
    ending = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:])
    raise EmbeddedServerError(f"The embedded {server.name} server did not start; {log} ends with:\n{ending}")
