"""What a demo remembers of its run, so that the next can end what a killed one left behind."""

import fcntl
import os
import shlex
import signal
import time
from pathlib import Path

from config.embedded.processes import command_line, signal_group, started_at

KILL_SECONDS = 5.0
IDENTIFY_SECONDS = 60.0


class DemoRunProblem(Exception):
    """The demo can't run; the message says why and what to do."""


class DemoRun:
    """One demo at a time in a checkout. Each of its processes leaves its number in a file."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._lock: int | None = None

    def begin(self, address: str) -> None:
        """Raises DemoRunProblem while another run lives."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            # A record lock: unlike flock's it isn't inherited by children that outlive a killed run.
            fcntl.lockf(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            running = os.pread(self._lock, 200, 0).decode(errors="replace")
            raise DemoRunProblem(f"The demo runs already: {running}. Stop it there with Ctrl-C.") from error
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{address}, process {os.getpid()}".encode(), 0)

    def remembered(self, name: str, command: str) -> str:
        """The command, so changed that its process writes its number down before it begins."""
        return f"echo $$ > {shlex.quote(str(self.directory / name))}.pid; exec {command}"

    def identify_processes(self) -> None:
        """Add to each number when its process began: the number alone may be another's by the next start."""
        deadline = time.monotonic() + IDENTIFY_SECONDS
        while time.monotonic() < deadline:
            for file in self.directory.glob("*.pid"):
                words = file.read_text(encoding="utf-8").split()
                if len(words) == 1:
                    file.write_text(f"{words[0]} {started_at(int(words[0]))}", encoding="utf-8")
            time.sleep(0.2)

    def stop_leftovers(self) -> None:
        leftovers = [pid for pid in map(_living, self.directory.glob("*.pid")) if pid is not None]
        for pid in leftovers:
            signal_group(pid, signal.SIGTERM)
        deadline = time.monotonic() + KILL_SECONDS
        while any(map(command_line, leftovers)) and time.monotonic() < deadline:
            time.sleep(0.05)
        for pid in leftovers:
            signal_group(pid, signal.SIGKILL)
        self.end()

    def end(self) -> None:
        for file in self.directory.glob("*.pid"):
            file.unlink(missing_ok=True)


def _living(file: Path) -> int | None:
    """The process that the file names, if it still is the one that wrote it."""
    number, _, began = file.read_text(encoding="utf-8").strip().partition(" ")
    if not number.isdigit() or not began or started_at(int(number)) != began:
        return None
    return int(number)
