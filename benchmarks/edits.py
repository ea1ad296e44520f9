"""python -m benchmarks.edits: from an edit's commit to Salesforce's answer, everything as `make demo` runs it.

A web server, worker, beat, `listen`, broker and PostgreSQL of its own, and the stand-in org: edits one by one, each
once the one before is settled.
"""

import argparse
import json
import subprocess
import sys
import time
from datetime import datetime
from statistics import median, quantiles
from typing import Any

from config.embedded.locations import PROJECT
from integrations.tests.pull.seller import Seller
from integrations.tests.sandbox_process import SandboxOrg
from journeys.installation import Installation, running

EDITS = 200
TARGET = 1.0
PATIENCE = 60.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.edits", description=__doc__)
    parser.add_argument("--edits", type=int, default=EDITS)
    options = parser.parse_args()
    with running() as installed:
        installed.connect()
        wait_until_idle(installed)
        times = edit(installed, options.edits)
    for name, seconds in times.items():
        p95 = quantiles(seconds, n=20)[-1]
        mark = f" ** more than {TARGET:.0f} s" if name == "answered" and p95 > TARGET else ""
        sys.stdout.write(
            f"{name}: {len(seconds)} edits, p50 {1000 * median(seconds):.0f} ms, p95 {1000 * p95:.0f} ms,"
            f" longest {1000 * max(seconds):.0f} ms{mark}\n"
        )


def wait_until_idle(installed: Installation) -> None:
    """The first pull is over, and so is what follows it."""
    deadline = time.monotonic() + PATIENCE
    while True:
        status = installed.command("status").said
        pulled = all(status["objects"][name]["lag_seconds"] is not None for name in status["objects"])
        if pulled and not any(status["outbox"].values()):
            return
        if time.monotonic() > deadline:
            raise SystemExit(f"The first pull doesn't end: {status}")
        time.sleep(0.5)


def edit(installed: Installation, edits: int) -> dict[str, list[float]]:
    """Seconds of each edit until the org answered, until that is written down here, and of the bare calls."""
    installed.org.control("DELETE", "/requests")
    command = [sys.executable, "-m", "benchmarks.editing", str(edits)]
    ended = subprocess.run(
        command, cwd=PROJECT, env=installed.environment, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise SystemExit(ended.stderr)
    said = json.loads(ended.stdout.splitlines()[-1])
    answered = [at - commit for at, commit in zip(answers(installed.org), said["committed"], strict=True)]
    return {
        "answered": answered,
        "settled": said["settled"],
        "floor": floor(Seller(installed.org), said["ids"]),
    }


def answers(org: SandboxOrg) -> list[float]:
    """When the org answered each writing call, by its traffic log; to the millisecond."""
    calls: list[dict[str, Any]] = org.control("GET", "/requests?limit=20000")
    return [datetime.fromisoformat(call["at"]).timestamp() for call in calls if call["operation"] == "update"]


def floor(seller: Seller, ids: list[str]) -> list[float]:
    """Seconds of the two calls that an edit takes, reading and writing, from a loop."""
    seconds = []
    for number, id in enumerate(ids):
        began = time.perf_counter()
        seller.one(f"SELECT Id, Phone FROM Contact WHERE Id = '{id}'")  # noqa: S608  an id
        record = {"attributes": {"type": "Contact"}, "id": id, "Phone": f"+44 20 7947 {number:04}"}
        if not seller.change_many([record])[0]["success"]:
            raise SystemExit(f"The org refused {record}.")
        seconds.append(time.perf_counter() - began)
    return seconds


if __name__ == "__main__":
    main()
