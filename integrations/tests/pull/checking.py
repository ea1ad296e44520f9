"""How the tests of comparisons start one, and read what it found."""

from typing import Any
from uuid import uuid4

from integrations.models import Connection, SyncRun
from integrations.sync.pull.runs import start_check
from integrations.sync.pull.tally import PROMISED
from integrations.tests.pull import live
from integrations.tests.pull.live import Clock
from integrations.tests.pull.seller import Seller
from integrations.tests.sandbox_process import SandboxOrg


def started(connection: Connection, *, repairs: bool = False) -> SyncRun:
    return start_check(connection=connection, trigger=SyncRun.Trigger.MANUAL, repairs=repairs, now=Clock()())


def check(connection: Connection, *, repairs: bool = False) -> dict[str, int]:
    """What it found of the contacts."""
    return tally_of(live.finish(started(connection, repairs=repairs)))


def tally_of(run: SyncRun, name: str = "Contact") -> dict[str, int]:
    assert run.state == "succeeded", run.error
    counts = run.children.get(object=name).counts
    return {key: counts[key] for key in PROMISED}


def only(tally: dict[str, int]) -> dict[str, int]:
    """What isn't as it should be."""
    return {key: count for key, count in tally.items() if count and key not in ("here", "there")}


def contact(seller: Seller, **values: Any) -> str:
    return seller.create("Contact", LastName=f"Checked {uuid4().hex}", **values)


def change_silently(org: SandboxOrg, name: str, salesforce_id: str, **values: Any) -> None:
    """As nothing in Salesforce does: its stamp stays."""
    org.control("PATCH", f"/records/{name}/{salesforce_id}", values)


def die() -> None:
    """At a failpoint: what a killed worker does."""
    raise KeyboardInterrupt
