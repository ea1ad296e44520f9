"""`errors`: how many there are, and trying again what was refused (spec E3)."""

from argparse import ArgumentParser
from typing import Any

from django.db.models import Count
from django.utils import timezone

from integrations.cli.answers import Answer
from integrations.models import Connection, SyncError
from integrations.sync import window
from integrations.sync.retrying import retriable, retry

ALL = "all"


def add_errors(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--retry", metavar="CODE", help="send again what was refused with this code, or `all`"
    )


def errors(options: dict[str, Any]) -> Answer:
    """Raises Refused where something is to be sent again and Salesforce isn't connected."""
    now = timezone.now()
    retried, notes = 0, []
    if wanted := options["retry"]:
        window.live_connection(now)
        chosen = SyncError.objects.exclude(state=SyncError.State.CLOSED)
        chosen = chosen if wanted == ALL else chosen.filter(code=wanted)
        passed_over = chosen.count() - retriable(chosen).count()
        retried = retry(chosen, now=now)
        notes = _told(retried, passed_over)
    connection = Connection.objects.live().first()
    counts = dict(
        SyncError.objects.filter(connection=connection).values_list("state").annotate(Count("pk")).order_by()
    )
    still_open, closed = counts.get("open", 0), counts.get("closed", 0)
    lines = [*notes, *_by_code(connection)]
    lines.append(f"{still_open:,} open, {counts.get('retrying', 0):,} being tried again, {closed:,} closed")
    return Answer("\n".join(lines), {"open": still_open, "retried": retried, "closed": closed})


def _told(retried: int, passed_over: int) -> list[str]:
    told = [f"{retried:,} are sent again as soon as edits go out; `push` does it now."]
    if passed_over:
        told.append(
            f"{passed_over:,} of a pull, of the connection or of an earlier org can't be sent again; "
            "a pull tries its own again."
        )
    return told


def _by_code(connection: Connection | None) -> list[str]:
    open_errors = SyncError.objects.filter(connection=connection, state=SyncError.State.OPEN)
    counted = open_errors.values_list("code").annotate(rows=Count("pk")).order_by("-rows", "code")
    return [f"{code}: {rows:,}" for code, rows in counted]
