"""python -m benchmarks.steady: what a pull costs when nothing changed, and when 1 % did, in small and large orgs."""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import workplace
from benchmarks.floor import floor
from benchmarks.pulling import Stopwatch
from benchmarks.saving import save_csv
from integrations.models import Connection, RecordLink, SyncRun
from integrations.sync.pull import extract
from integrations.tests.pull import live
from integrations.tests.pull.seller import Seller
from integrations.tests.sandbox_process import SandboxOrg, sandbox_org

ROWS, FEWER = 1_000_000, 10_000
ACCOUNTS = 5_000
QUIET_PULLS = 15
MOST_CALLS = 2  # an object
COLLECTION = 200
SHARE = 100  # one in so many records changes
PATIENCE = timedelta(minutes=30)
LATER = 3600  # seconds: past the stretch that each pull reads again


@dataclass(frozen=True, slots=True)
class Quiet:
    """A pull that finds nothing new: seconds of all objects together, and calls."""

    seconds: float
    calls: int
    objects: int


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.steady", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--fewer", type=int, default=FEWER)
    parser.add_argument("--repetitions", type=int, default=3)
    options = parser.parse_args()
    workplace.open_database()
    took = []
    for rows in (options.fewer, options.rows):
        with (
            tempfile.TemporaryDirectory(prefix="lockstep-bench-") as folder,
            sandbox_org(Path(folder) / "org", org_name="Bench") as org,
        ):
            connection = in_step(org, rows)
            quiet = pull_quietly(org, connection)
            took.append(quiet.seconds)
            say(
                f"nothing changed in {rows:,} contacts: {quiet.seconds * 1000:.0f} ms for {quiet.objects} objects,"
                f" {quiet.calls} calls{' ** too many' if quiet.calls > MOST_CALLS * quiet.objects else ''}"
            )
            if rows == options.rows:
                for apart in (SHARE, 1):
                    compare(Path(folder), org, connection, apart, rows // SHARE, options.repetitions)
    say(f"{options.rows:,} against {options.fewer:,}: {took[1] / took[0]:.2f}")
    workplace.empty()


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def in_step(org: SandboxOrg, rows: int) -> Connection:
    """So many contacts, pulled; the stretch that is read again lies behind."""
    others = (("Account", ACCOUNTS), ("Lead", ACCOUNTS), ("Opportunity", ACCOUNTS))
    for name, count in (*others, ("Contact", rows)):
        org.control("POST", "/generate", {"object": name, "count": count})
    connection = workplace.connect(org)
    pull(connection)
    org.control("POST", "/clock", {"advance": LATER})
    pull(connection)
    workplace.run("VACUUM ANALYZE crm_contact, crm_account, integrations_recordlink")
    workplace.run("CHECKPOINT")
    return connection


def pull(connection: Connection, *, objects: Sequence[str] | None = None) -> SyncRun:
    run = live.finish(live.start(connection, objects=objects), patience=PATIENCE)
    assert run.state == SyncRun.State.SUCCEEDED, run.error
    return run


def pull_quietly(org: SandboxOrg, connection: Connection) -> Quiet:
    times = []
    for _ in range(QUIET_PULLS):
        org.control("DELETE", "/requests")
        began = time.perf_counter()
        run = pull(connection)
        times.append(time.perf_counter() - began)
        changed = {key: count for child in run.children.all() for key, count in child.counts.items() if count}
        assert not changed, changed
    calls = org.control("GET", "/requests/counts")["by_kind"]
    return Quiet(median(times), sum(calls.values()), run.children.count())


def compare(
    folder: Path, org: SandboxOrg, connection: Connection, apart: int, rows: int, repetitions: int
) -> None:
    """The changed rows a second of a pull beside those of the floor, which only inserts as many.

    Both are read as CSV, the pull by a Bulk job whatever their number, and both count from the complete job. Each turn
    changes other records: every hundredth, or a stretch of them side by side.
    """
    ratios = []
    seller, watch = Seller(org), Stopwatch()
    watch.start_at_the_complete_job()
    extract.BULK_FROM = 0
    ids = list(
        RecordLink.objects.filter(connection=connection, salesforce_object="Contact")
        .order_by("pk")
        .values_list("salesforce_id", flat=True)
    )
    for turn in range(1, repetitions + 1):
        csv, title = folder / f"{turn}.csv", f"Turn {turn}, {apart} apart"
        first = turn if apart > 1 else turn * rows
        change(seller, ids[first::apart][:rows], title)
        save_csv(connection, csv, where=f"Title = '{title}'")
        least = floor(csv, connection_id=connection.pk, accounts=ACCOUNTS)
        workplace.run("CHECKPOINT")
        watch.began = None
        run = pull(connection, objects=["Contact"])
        took = time.perf_counter() - (watch.began or time.perf_counter())
        updated = run.children.get(object="Contact").counts["updated"]
        assert updated == rows, updated
        org.control("POST", "/clock", {"advance": LATER})
        pull(connection)
        ratios.append(least / took)
        say(
            f"{turn}: {rows:,} changed, {apart} apart: floor {rows / least:,.0f} rows/s,"
            f" pull {rows / took:,.0f} rows/s, ratio {ratios[-1]:.2f}"
        )
    say(f"median ratio {median(ratios):.2f}")


def change(seller: Seller, ids: list[str], title: str) -> None:
    for start in range(0, len(ids), COLLECTION):
        records: list[dict[str, Any]] = [
            {"attributes": {"type": "Contact"}, "id": id, "Title": title}
            for id in ids[start : start + COLLECTION]
        ]
        assert all(result["success"] for result in seller.change_many(records))


if __name__ == "__main__":
    main()
