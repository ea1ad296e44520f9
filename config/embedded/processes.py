"""Recognising a process that an earlier, killed run left behind, on Linux and macOS."""

import contextlib
import os
import subprocess
from pathlib import Path


def command_line(pid: int) -> str:
    """The arguments of a living process joined by spaces; empty when there is none (or it's a zombie)."""
    if Path("/proc/self/cmdline").exists():
        try:
            return (
                Path(f"/proc/{pid}/cmdline")
                .read_bytes()
                .replace(b"\0", b" ")
                .decode(errors="replace")
                .strip()
            )
        except OSError:
            return ""
    return _listed("args=", pid)


def _listed(column: str, pid: int) -> str:
    listing = subprocess.run(
        ["ps", "-o", column, "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listing.stdout.strip()


def started_at(pid: int) -> str:
    """When a process began, in the system's own words: with the number it names one process for good."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return status.rpartition(")")[2].split()[19]
    except OSError:
        return "" if Path("/proc/self/stat").exists() else _listed("lstart=", pid)


def signal_group(leader: int, signum: int) -> None:
    """Signal a process and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signum)


def signal_quietly(pid: int, signum: int) -> bool:
    """Send a signal; False when the process has gone already."""
    try:
        os.kill(pid, signum)
    except ProcessLookupError:
        return False
    return True
