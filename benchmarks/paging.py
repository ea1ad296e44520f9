"""From how many rows on a Bulk job is quicker than paging (`extract.BULK_FROM`)."""

import time
from collections.abc import Callable

from benchmarks import workplace
from integrations.models import Connection
from integrations.sync.pull import extract
from integrations.tests.pull import live

SIZES = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000)


def compare_ways(connection: Connection, say: Callable[[str], None]) -> None:
    """Read the first rows of the contacts into staging both ways."""
    for size in SIZES:
        paged, bulk = (_read(connection, size, bulk=bulk) for bulk in (False, True))
        say(f"{size:>7,} rows: REST {paged:.2f} s, Bulk {bulk:.2f} s")


def _read(connection: Connection, size: int, *, bulk: bool) -> float:
    workplace.empty()
    whole, threshold = extract.Extract.soql, extract.BULK_FROM

    def limited(extract_: extract.Extract, part: str = "") -> str:
        return f"{whole(extract_, part)} LIMIT {size}"

    extract.Extract.soql = limited  # type: ignore[method-assign,assignment]
    extract.BULK_FROM = 0 if bulk else size
    Connection.objects.filter(pk=connection.pk).update(activated_at=None)  # the window: no applying
    began = time.perf_counter()
    try:
        run = live.start(Connection.objects.get(pk=connection.pk), objects=["Contact"])
        assert live.finish(run, follow_schema=False).state == "succeeded"
        return time.perf_counter() - began
    finally:
        extract.Extract.soql, extract.BULK_FROM = whole, threshold  # type: ignore[method-assign]
        Connection.objects.filter(pk=connection.pk).update(activated_at=workplace.now())
