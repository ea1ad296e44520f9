"""Start a sandbox org as a process of its own, for tests. Standard library only; import it or copy it."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


class RunningOrg:
    """An org that answers at `url` until `stop()` or the end of the with block."""

    def __init__(self, process: "subprocess.Popen[str]", url: str, file: Path) -> None:
        self.process = process
        self.url = url
        self.file = file

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the control API (`control("POST", "/faults", {...})`). Raises RuntimeError with its words."""
        return self.call(method, f"/sandbox/api{path}", body)

    def call(self, method: str, path: str, body: Any = None, *, token: str = "") -> Any:
        """JSON in, JSON out (None when empty). Raises RuntimeError with the status and body of a refusal."""
        request = urllib.request.Request(self.url + path, method=method)
        request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        data = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, data, timeout=300) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode()}") from None
        return json.loads(text) if text else None

    def stop(self) -> int:
        """End it as an operator would (SIGTERM) and return its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            code = self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        return code

    def __enter__(self) -> "RunningOrg":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start_org(directory: Path, *, seed: str = "empty", port: int = 0, **options: str | bool) -> RunningOrg:
    """Start an org in `directory` (`org.sqlite`) and wait until it listens.

    `options` are the command's: `org_id="…"`, `org_name="…"`, `public_url="…"`, `production=True`,
    `file="name.sqlite"`. Raises RuntimeError when it doesn't come up.
    """
    file = directory / str(options.pop("file", "org.sqlite"))
    command = [sys.executable, "-m", "sandbox", "serve", f"--port={port}", f"--db={file}", f"--seed={seed}"]
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        command += [flag] if value is True else [f"{flag}={value}"] if value else []
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline() if process.stdout else ""
    if " at http" not in line:
        process.kill()
        raise RuntimeError(f"The sandbox org didn't start: {line!r}, exit code {process.wait()}")
    return RunningOrg(process, line.rpartition(" ")[2].strip(), file)
