"""Recognising a process that an earlier, killed run left behind, on Linux and macOS."""

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
    listing = subprocess.run(
        ["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listing.stdout.strip()


def signal_quietly(pid: int, signum: int) -> bool:
    """Send a signal; False when the process has gone already."""
    try:
        os.kill(pid, signum)
    except ProcessLookupError:
        return False
    return True
