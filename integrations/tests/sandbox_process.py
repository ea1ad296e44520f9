"""Starts the sandbox org as a process of its own, so that nothing of the product imports it."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CLIENT_ID = "lockstep-sandbox-client"
CLIENT_SECRET = "lockstep-sandbox-secret"


@dataclass(frozen=True)
class SandboxOrg:
    """A running sandbox org with the app that the seed registers in it."""

    url: str
    process: subprocess.Popen[str]
    client_id: str = CLIENT_ID
    client_secret: str = CLIENT_SECRET

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Calls the org's control API, such as `control("POST", "/faults", {"name": "cut_after"})`."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/sandbox/api{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None


@contextmanager
def sandbox_org(directory: Path, *, seed: str = "empty", **options: str) -> Iterator[SandboxOrg]:
    """An org in `directory` until the block ends. `options` are the command's: `org_name="Beta"`."""
    command = [sys.executable, "-m", "sandbox", "serve", "--port=0", f"--db={directory / 'org.sqlite'}"]
    command += [f"--seed={seed}", *(f"--{key.replace('_', '-')}={value}" for key, value in options.items())]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        yield SandboxOrg(url=_address(process), process=process)
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _address(process: subprocess.Popen[str]) -> str:
    line = process.stdout.readline() if process.stdout is not None else ""
    if " at http" not in line:
        raise RuntimeError(f"The sandbox org didn't start: {line!r}")
    return line.rpartition(" ")[2].strip()
