"""An installation of its own, as `make demo` runs it: real processes on a new database, with a stand-in org."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.embedded.locations import PROJECT
from integrations.tests.sandbox_process import SandboxOrg

START_SECONDS = 90.0
STOP_SECONDS = 20.0
READY = "Ctrl-C stops both."
ADDRESSED_ELSEWHERE = ("DATABASE_URL", "REDIS_URL", "LOCKSTEP_SERVERS", "DJANGO_SETTINGS_MODULE", "HOST")


@dataclass(frozen=True)
class Answer:
    """What a command said with --json, and how it ended."""

    code: int
    said: dict[str, Any]


@dataclass(frozen=True)
class Installation:
    url: str
    org: SandboxOrg
    environment: dict[str, str]

    def command(self, *words: str) -> Answer:
        """`manage.py salesforce … --json`, in a process of its own."""
        ended = subprocess.run(
            [sys.executable, "manage.py", "salesforce", *words, "--json"],
            cwd=PROJECT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        lines = ended.stdout.splitlines()
        if not lines:
            raise AssertionError(f"salesforce {' '.join(words)} said nothing: {ended.stderr[-2000:]}")
        return Answer(ended.returncode, json.loads(lines[-1]))

    def state(self) -> str:
        return str(self.command("status").said["state"])

    def connect(self) -> None:
        """Connected and syncing."""
        if self.state() == "disconnected":
            self.environment["ORG_SECRET"] = self.org.client_secret
            app = ("--login-url", self.org.url, "--client-id", self.org.client_id)
            assert self.command("connect", *app, "--client-secret-env", "ORG_SECRET").code == 0
        if self.state() == "configuring":
            assert self.command("activate").code == 0

    def disconnect(self) -> None:
        if self.state() != "disconnected":
            assert self.command("disconnect").code == 0


@contextmanager
def running() -> Iterator[Installation]:
    """Everything that `make demo` starts, until the block ends; then nothing of it is left."""
    # Not pytest's directory: as root, PostgreSQL's user must be able to enter.
    state = Path(tempfile.mkdtemp(prefix="lockstep-journey-"))
    state.chmod(0o755)
    ports = free_ports()
    environment = {name: value for name, value in os.environ.items() if name not in ADDRESSED_ELSEWHERE}
    environment |= {"DEBUG": "on", "LOCKSTEP_STATE": str(state), "PORT": ports[0], "SANDBOX_PORT": ports[1]}
    log = state / "demo.log"
    with log.open("w") as output:
        demo = subprocess.Popen(
            [sys.executable, "-m", "config.demo"],
            cwd=PROJECT,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
            text=True,
        )
    try:
        wait_for(READY, log, demo)
        org = SandboxOrg(f"http://127.0.0.1:{ports[1]}", demo)
        yield Installation(f"http://localhost:{ports[0]}", org, environment)
    finally:
        stop(demo)
        shutil.rmtree(state, ignore_errors=True)


def free_ports() -> tuple[str, str]:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return str(first.getsockname()[1]), str(second.getsockname()[1])


def wait_for(words: str, log: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while words not in (written := log.read_text(errors="replace")):
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"The installation didn't start:\n{written[-4000:]}")
        time.sleep(0.1)


def stop(demo: subprocess.Popen[str]) -> None:
    """Ctrl-C."""
    os.killpg(demo.pid, signal.SIGINT)
    try:
        demo.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(demo.pid, signal.SIGKILL)
        demo.wait()
