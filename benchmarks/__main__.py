"""python -m benchmarks: print how fast contacts come in, beside the floor, and how much memory that takes."""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import workplace
from benchmarks.floor import floor
from benchmarks.paging import compare_ways
from benchmarks.saving import save_csv
from integrations.models import Connection
from integrations.sync.pull.extract import BULK_FROM
from integrations.tests.sandbox_process import SandboxOrg, sandbox_org

ACCOUNTS = 5_000
FEWER = 10  # memory must not grow with the rows: the same with a tenth of them


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--ways", action="store_true", help="also compare paging with Bulk jobs")
    options = parser.parse_args()
    if options.rows <= BULK_FROM:
        parser.error(f"--rows must be more than {BULK_FROM:,}: fewer aren't read by a Bulk job.")
    workplace.open_database()
    with tempfile.TemporaryDirectory(prefix="lockstep-bench-") as folder:
        small = _memory(Path(folder), options.rows // FEWER)
        with sandbox_org(_made(Path(folder) / "large"), org_name="Bench") as org:
            connection = _fill(org, options.rows)
            results = _compare(Path(folder), connection, options.rows, options.repetitions)
            if options.ways:
                compare_ways(connection, say)
    large = max(result["peak_mb"] for result in results)
    say(f"memory: {small:.0f} MB at {options.rows // FEWER:,} rows, {large:.0f} MB at {options.rows:,} rows")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _fill(org: SandboxOrg, rows: int) -> Connection:
    for name, count in (("Account", ACCOUNTS), ("Contact", rows)):
        org.control("POST", "/generate", {"object": name, "count": count})
    return workplace.connect(org)


def _memory(folder: Path, rows: int) -> float:
    with sandbox_org(_made(folder / "small"), org_name="Bench") as org:
        return float(_pull(_fill(org, rows))["peak_mb"])


def _compare(folder: Path, connection: Connection, rows: int, repetitions: int) -> list[dict[str, Any]]:
    csv = folder / "contacts.csv"
    speed = save_csv(connection, csv)
    say(f"the org serves {speed:.0f} MB/s; {csv.stat().st_size / 1e6:.0f} MB, {rows:,} contacts")
    results, ratios = [], []
    for turn in range(1, repetitions + 1):
        workplace.empty()
        least = floor(csv, connection_id=connection.pk, accounts=ACCOUNTS)
        result = _pull(connection)
        assert (result["state"], result["rows"]) == ("succeeded", rows), result
        results.append(result)
        ratios.append(least / result["seconds"])
        say(
            f"{turn}: floor {rows / least:,.0f} rows/s, pull {rows / result['seconds']:,.0f} rows/s,"
            f" ratio {ratios[-1]:.2f} {result['parts']} of {result['seconds']:.2f} s"
        )
    say(f"median ratio {median(ratios):.2f}")
    return results


def _pull(connection: Connection) -> dict[str, Any]:
    workplace.empty()
    workplace.pull_accounts(connection)
    run = workplace.start_contacts(connection)
    workplace.run("CHECKPOINT")
    command = [sys.executable, "-m", "benchmarks.pulling", str(run.pk)]
    answer = subprocess.run(command, cwd=workplace.ROOT, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise SystemExit(answer.stderr)
    return dict(json.loads(answer.stdout.splitlines()[-1]))


if __name__ == "__main__":
    main()
