"""The distribution's Chromium, for tests in a real browser. Playwright drives it; none is downloaded."""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL_SECONDS = 180
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find() -> str | None:
    return next((path for path in map(shutil.which, NAMES) if path), None)


def install() -> bool:
    """Ask the package manager, where we may. Returns whether a browser is there afterwards."""
    if os.getuid() != 0 or shutil.which("apt-get") is None:
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"],
    ):
        try:
            subprocess.run(
                command, env=environment, stdout=subprocess.DEVNULL, check=True, timeout=INSTALL_SECONDS
            )
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as problem:
            sys.stderr.write(f"{problem}\n")
            return False
    return find() is not None


def main() -> None:
    """Never fails: without a browser its tests are skipped, and the test run says so."""
    if find() is None:
        sys.stdout.write("No Chromium here; asking the package manager for one.\n")
        if not install():
            sys.stdout.write("No Chromium could be installed: the browser tests will be SKIPPED.\n")


if __name__ == "__main__":
    main()
