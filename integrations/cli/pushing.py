"""`push`: in this process, with no worker needed; what is due now, or all that isn't held."""

import time
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.db.models import Max
from django.utils import timezone

from integrations.cli.answers import Answer
from integrations.models import ApiAllowance, Connection
from integrations.salesforce.org import Org
from integrations.sync import window
from integrations.sync.pull.plan import MODELS
from integrations.sync.push.backfill import push_all
from integrations.sync.push.drain import drain, may_push, next_due, refuse_push
from integrations.sync.push.shift import Tally
from integrations.tokens import open_org
from mappings.catalogue import SALESFORCE_OBJECTS

DAY = 24 * 3600.0
LONGEST_NAP = 1.0


def add_push(parser: ArgumentParser) -> None:
    parser.add_argument("--drain", action="store_true", help="go on until nothing is due")
    parser.add_argument(
        "--wait", type=float, default=0, metavar="SECONDS", help="with --drain: wait for what is due later"
    )
    parser.add_argument("--object", choices=sorted(SALESFORCE_OBJECTS), help="with --all: of this object")
    parser.add_argument("--all", action="store_true", help="first add what Salesforce doesn't have yet")


def push(options: dict[str, Any]) -> Answer:
    """Raises Refused (in the window, paused, read only)."""
    began = time.monotonic()
    connection = window.live_connection(timezone.now())
    refuse_push(connection)
    if options["all"]:
        _add_all(connection, options["object"])
    # Asked by hand, Salesforce is asked again whatever it said of its limit before.
    ApiAllowance.objects.filter(connection=connection).update(waits_until=None)
    org = open_org(connection, feature="push")
    try:
        tally = _push(connection, org, wait=options["wait"] if options["drain"] else 0)
    finally:
        org.close()
    return _answer(tally, org.calls, time.monotonic() - began)


def _add_all(connection: Connection, object_name: str | None) -> None:
    wanted = [object_name] if object_name else list(SALESFORCE_OBJECTS)
    for kind in dict.fromkeys(SALESFORCE_OBJECTS[name] for name in wanted):
        last = MODELS[kind]._default_manager.aggregate(last=Max("pk"))["last"]
        push_all(connection, kind, last or 0)


def _push(connection: Connection, org: Org, *, wait: float) -> Tally:
    """Naps until the next row is due, as long as the patience lasts."""
    give_up = timezone.now() + timedelta(seconds=wait)
    total = Tally()
    while True:
        total.add(drain(connection, org, clock=timezone.now, seconds=DAY))
        due = next_due()
        if due is None or due > give_up or not may_push(connection, timezone.now()):
            return total
        time.sleep(max(min((due - timezone.now()).total_seconds(), LONGEST_NAP), 0.01))


def _answer(tally: Tally, calls: int, seconds: float) -> Answer:
    counts = tally.as_dict()
    words = ", ".join(f"{value} {name}" for name, value in counts.items())
    text = f"{words}\n{calls} API calls, {seconds:.1f} s"
    return Answer(text, counts | {"api_calls": calls, "seconds": round(seconds, 2)})
