"""What a pull of contacts would read, as one CSV file: what the floor loads."""

import time
from pathlib import Path
from typing import BinaryIO, cast

from benchmarks import workplace
from integrations.models import Connection
from integrations.tests.pull import live

MOST = 1_000_000


def save_csv(connection: Connection, csv: Path, *, where: str = "") -> float:
    """Download it; MB/s."""
    org = live.door(connection)
    soql = workplace.contacts_soql(connection) + (f" WHERE {where}" if where else "")
    job = org.start_query_job(soql, include_deleted=True)
    while not org.query_job(job).finished:
        time.sleep(0.1)
    with csv.open("wb") as into:
        began = time.perf_counter()
        page = org.download_query_page(job, max_records=MOST, into=cast(BinaryIO, into))
        took = time.perf_counter() - began
    org.close()
    return page.bytes / took / 1e6
