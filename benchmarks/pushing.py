"""python -m benchmarks.pushing: push 10,000 changed records, count the calls, and send as many without us beside it."""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import workplace
from crm.models import Contact
from integrations.models import Connection, OutboxEntry
from integrations.salesforce.rows import COLLECTION_SIZE
from integrations.sync.push.drain import drain
from integrations.tests.pull import live
from integrations.tests.pull.seller import Seller
from integrations.tests.sandbox_process import SandboxOrg, sandbox_org

ROWS = 10_000
MOST_WRITING, MOST_READING = 50, 5
ACCOUNTS = 500


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pushing", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--repetitions", type=int, default=3)
    options = parser.parse_args()
    workplace.open_database()
    with (
        tempfile.TemporaryDirectory(prefix="lockstep-bench-") as folder,
        sandbox_org(Path(folder), org_name="Bench") as org,
    ):
        compare(org, in_step(org, options.rows), options.rows, options.repetitions)
    workplace.empty()


def in_step(org: SandboxOrg, rows: int) -> Connection:
    """So many contacts, pulled."""
    for name, count in (("Account", ACCOUNTS), ("Contact", rows)):
        org.control("POST", "/generate", {"object": name, "count": count})
    connection = workplace.connect(org)
    for name in ("Account", "Contact"):
        run = live.finish(live.start(connection, objects=[name]))
        assert run.state == "succeeded", run.error
    assert OutboxEntry.objects.count() == 0
    return connection


def compare(org: SandboxOrg, connection: Connection, rows: int, repetitions: int) -> None:
    ratios = []
    for turn in range(1, repetitions + 1):
        least = floor(org, rows, turn)
        change_all(turn)
        org.control("DELETE", "/requests")
        took = push(connection, rows)
        calls = org.control("GET", "/requests/counts")["by_kind"]
        ratios.append(least / took)
        say(
            f"{turn}: floor {rows / least:,.0f} rows/s, push {rows / took:,.0f} rows/s, ratio {ratios[-1]:.2f};"
            f" {calls['writing']} writing and {calls['reading']} reading calls{_verdict(calls, rows)}"
        )
    say(f"median ratio {median(ratios):.2f}")


def _verdict(calls: dict[str, int], rows: int) -> str:
    missed = calls["writing"] > MOST_WRITING or calls["reading"] > MOST_READING
    return f" ** more than {MOST_WRITING} and {MOST_READING}" if rows == ROWS and missed else ""


def change_all(turn: int) -> None:
    """Each has another title than before, as after an import."""
    Contact.objects.update(title=f"Changed {turn}")
    workplace.run("VACUUM ANALYZE crm_contact, integrations_outboxentry, integrations_recordlink")
    workplace.run("CHECKPOINT")


def push(connection: Connection, rows: int) -> float:
    """Seconds from the first claim to an empty outbox."""
    door = live.door(connection)
    began = time.perf_counter()
    tally = drain(connection, door, clock=workplace.now, seconds=600)
    took = time.perf_counter() - began
    door.close()
    assert tally.updated == rows, tally
    assert OutboxEntry.objects.count() == 0
    return took


def floor(org: SandboxOrg, rows: int, turn: int) -> float:
    """Seconds for the same collections from a loop that knows every value already and keeps no answer.

    Another field, so that the push after it finds its own unchanged.
    """
    seller = Seller(org)
    found = org.control("GET", f"/query?q=SELECT+Id+FROM+Contact+LIMIT+{rows}")["records"]
    records = [_record(row["Id"], turn) for row in found]
    collections = [records[at : at + COLLECTION_SIZE] for at in range(0, rows, COLLECTION_SIZE)]
    began = time.perf_counter()
    for collection in collections:
        answer = seller.change_many(collection)
        assert all(result["success"] for result in answer), json.dumps(answer)[:500]
    return time.perf_counter() - began


def _record(id: str, turn: int) -> dict[str, Any]:
    return {"attributes": {"type": "Contact"}, "id": id, "Department": f"Floor {turn}"}


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
