"""Sorting again what was pulled, after a filter was changed: everything of the object is read anew (spec C12)."""

from collections.abc import Iterable
from datetime import datetime

from integrations.models import Connection, SyncedObject, SyncRun
from integrations.sync.pull.runs import start_pull
from integrations.sync.refusals import Refused


def read_all_again(connection: Connection, names: Iterable[str]) -> None:
    """Note it, with the filter's own transaction: whichever pull comes next reads all of these objects."""
    SyncedObject.objects.filter(connection=connection, name__in=list(names)).update(read_again=True)


def start_sorting(connection: Connection, now: datetime) -> SyncRun | None:
    """A pull of what is to be read again; None where none may start now, and the next one does it."""
    names = SyncedObject.objects.filter(connection=connection, read_again=True).values_list("name", flat=True)
    if not names or connection.prepared_at is None:
        return None
    try:
        return start_pull(
            connection=connection, trigger=SyncRun.Trigger.SCHEDULE, now=now, objects=list(names)
        )
    except Refused:
        return None
