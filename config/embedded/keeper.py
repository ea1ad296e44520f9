"""Runs one embedded server in the foreground and stops it when it isn't needed any more."""

import fcntl
import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import Protocol

from config.embedded import leases

STOPPING_SECONDS = 3.0
POLL_SECONDS = 0.2


class RunnableServer(leases.Server, Protocol):
    def start(self) -> None:
        """Start the server, or go on with one that a killed keeper left running."""

    def runs(self) -> bool: ...

    def stop(self) -> None: ...


def keep_while_used(server: RunnableServer) -> None:
    """Run the server until its last user has gone."""
    keeping = leases.open_lock(server, "keeper")
    users = leases.open_lock(server, "users")
    stopped = _stop_requests()
    while not leases.take(keeping, fcntl.LOCK_EX):
        if server.answers() or stopped.wait(POLL_SECONDS):
            return
    _sign(keeping)
    server.start()
    while not stopped.is_set() and not leases.take(users, fcntl.LOCK_EX):
        _mend(server)
        stopped.wait(POLL_SECONDS)
    server.stop()


def keep_until_told(server: RunnableServer) -> None:
    """Run the server until SIGTERM or SIGINT: a Procfile's line.

    Where another keeper runs it already, hold a share in it, and take over if that keeper dies.
    """
    stopped = _stop_requests()
    users = leases.open_lock(server, "users")
    fcntl.flock(users, fcntl.LOCK_SH)
    keeping = leases.open_lock(server, "keeper")
    while not leases.take(keeping, fcntl.LOCK_EX):
        if stopped.wait(POLL_SECONDS):
            return
    _sign(keeping)
    server.start()
    sys.stdout.write(f"The embedded {server.name} server answers.\n")
    sys.stdout.flush()
    while not stopped.wait(POLL_SECONDS):
        _mend(server)
    _let_users_leave(users)
    server.stop()


def _sign(keeping: int) -> None:
    """Say in the lock who holds it, for people and tests."""
    os.ftruncate(keeping, 0)
    os.pwrite(keeping, str(os.getpid()).encode(), 0)


def _mend(server: RunnableServer) -> None:
    if not server.runs():
        server.start()


def _let_users_leave(users: int) -> None:
    """Processes told to stop at the same time still settle what they hold."""
    fcntl.flock(users, fcntl.LOCK_UN)
    deadline = time.monotonic() + STOPPING_SECONDS
    while time.monotonic() < deadline and not leases.take(users, fcntl.LOCK_EX):
        time.sleep(0.05)


def _stop_requests() -> threading.Event:
    stopped = threading.Event()

    def stop(signum: int, frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.umask(0o077)
    return stopped
