"""python -m benchmarks.claims: how long a claim takes with a million rows waiting, beside one with a thousand."""

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from statistics import median

from benchmarks import workplace
from benchmarks.filling import insert
from crm.models import Account, Contact, Kind
from integrations.models import OutboxEntry
from integrations.sync.push.claim import claim

MANY, FEW = 1_000_000, 1_000
ROWS = 20
CLAIMS = 40
MOST_TIMES = 1.5
OUTBOXES = {"all edits": "true", "900 edits before a backfill": "i <= 900", "all backfills": "false"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.claims", description=__doc__)
    parser.add_argument("--rows", type=int, default=MANY)
    options = parser.parse_args()
    workplace.open_database()
    workplace.empty()
    people(options.rows)
    for title, live in OUTBOXES.items():
        few, many = (measure(rows, live) for rows in (FEW, options.rows))
        ratio = many / few
        mark = "" if ratio <= MOST_TIMES else f" ** more than {MOST_TIMES}"
        sys.stdout.write(
            f"{title}: a claim of {ROWS} takes {1000 * few:.2f} ms with {FEW:,} rows waiting,"
            f" {1000 * many:.2f} ms with {options.rows:,}: ratio {ratio:.2f}{mark}\n"
        )
        sys.stdout.flush()
    workplace.empty()


def people(rows: int) -> None:
    """So many, of a tenth as many accounts, four of five with one."""
    workplace.run("SET lockstep.skip = 'on'")
    accounts = max(rows // 10, 1)
    insert(Account, {"name": "'Company ' || i"}, f"generate_series(1, {accounts}) i")
    account = f"CASE WHEN i % 5 > 0 THEN (SELECT min(id) FROM crm_account) + i % {accounts} END"
    columns = {"last_name": "'Doe ' || i", "account_id": account}
    insert(Contact, columns, f"generate_series(1, {rows}) i")
    workplace.run("RESET lockstep.skip")
    workplace.run("VACUUM ANALYZE crm_account, crm_contact")


def measure(rows: int, live: str) -> float:
    """Seconds, the median; each claim takes other rows, which stay on their way."""
    workplace.run("TRUNCATE integrations_outboxentry")
    waiting = {
        "kind": "'contact'",
        "record_id": "(SELECT min(id) FROM crm_contact) + i - 1",
        "live": live,
        "not_before": "now() - interval '1 hour' + i * interval '1 millisecond'",
    }
    insert(OutboxEntry, waiting, f"generate_series(1, {rows}) i")
    workplace.run("VACUUM ANALYZE integrations_outboxentry")
    workplace.run("CHECKPOINT")
    return median(timed(partial(one_claim, live != "false")) for _ in range(CLAIMS))


def one_claim(live: bool) -> None:
    taken = claim(Kind.CONTACT, live=live, now=workplace.now(), most=ROWS)
    assert len(taken.rows) == ROWS, len(taken.rows)


def timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
