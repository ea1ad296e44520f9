"""`reconcile`: compare all of both sides, in this process, with no worker needed (spec C3)."""

import time
from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from integrations.cli.answers import Answer, Failed
from integrations.cli.pulling import work_to_the_end
from integrations.models import Connection, SyncRun
from integrations.salesforce.org import Org
from integrations.sync import window
from integrations.sync.pull.runs import open_run, refuse_pull, start_check
from integrations.sync.pull.tally import LEFT_OUT, PROMISED
from integrations.sync.refusals import Refused
from integrations.tokens import open_org

WORDS = {key: key.replace("_", " ") for key in PROMISED}


def add_reconcile(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--repair", action="store_true", help="bring what is missing or different; nothing is ever deleted"
    )


def reconcile(options: dict[str, Any]) -> Answer:
    """Raises Refused (in the window, say), Failed, SalesforceError."""
    began = time.monotonic()
    connection = window.live_connection(timezone.now())
    refuse_pull(connection=connection, trigger=SyncRun.Trigger.MANUAL)
    org = open_org(connection, feature="reconcile")
    try:
        run = _check(connection, org, repairs=options["repair"])
    finally:
        org.close()
    if run.state != SyncRun.State.SUCCEEDED:
        raise Failed(run.error or "The check was cancelled.", run.error_code or "CANCELLED")
    return _answer(run, time.monotonic() - began)


def _check(connection: Connection, org: Org, *, repairs: bool) -> SyncRun:
    """Joins an open check that does what was asked; another run is brought to its end first."""
    while True:
        run = open_run(connection)
        joined = run is not None and run.kind == SyncRun.Kind.RECONCILE and run.repairs == repairs
        if run is None:
            try:
                run = start_check(
                    connection=connection, trigger=SyncRun.Trigger.MANUAL, repairs=repairs, now=timezone.now()
                )
            except Refused:
                if open_run(connection):
                    continue  # a worker began one between the two looks
                raise
            joined = True
        work_to_the_end(run, org)
        if joined:
            return run


def _answer(run: SyncRun, seconds: float) -> Answer:
    found = {child.object: child.counts for child in run.children.order_by("pk")}
    counts = {name: {key: tally.get(key, 0) for key in PROMISED} for name, tally in found.items()}
    lines = [
        f"{name}: "
        + ", ".join(f"{count} {WORDS[key]}" for key, count in tally.items())
        + (f", {left} left out on purpose" if (left := found[name].get(LEFT_OUT)) else "")
        for name, tally in counts.items()
    ]
    lines.append(f"{run.api_calls} API calls, {seconds:.1f} s")
    data = {"run": run.pk, "objects": counts, "api_calls": run.api_calls, "seconds": round(seconds, 2)}
    return Answer("\n".join(lines), data)
