"""Records deleted in Salesforce, deleted here where deletion sync is on (spec C8).

A chunk notes what it saw deleted; when the run has seen everything, it is known whether that was so much that an
admin has to say yes. The notes are rows of the error log: what waits for the yes stands there, and a run that is
killed in between loses none.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from django.db.models import QuerySet

from crm import journal
from crm.models import Kind
from integrations.models import RecordLink, SyncedObject, SyncError, SyncRun
from integrations.sync.mass_deletes import needs_yes
from integrations.sync.pull.lease import Lease
from integrations.sync.pull.plan import MODELS
from integrations.sync.pull.runs import PULL_ORDER

CODE = "MASS_DELETE_THERE"
BATCH = 500
"""Records of one transaction: each is deleted with its journal row, and with what refers to it."""
WAITS = (
    "{count:,} records of {object} were deleted in Salesforce at once. Nothing is deleted here until an admin says "
    "yes: retry them to delete them here too."
)


def remove_deleted(run: SyncRun, lease: Lease) -> None:
    """What the run saw deleted there is deleted here, or waits for a yes; children before parents.

    Raises LeaseLost.
    """
    for name in reversed(PULL_ORDER):
        noted = _noted(run.connection_id, name)
        count = noted.count()
        if not count:
            continue
        synced = SyncedObject.objects.get(connection_id=run.connection_id, name=name)
        if needs_yes(count, synced.linked + count):
            lease.write(run, partial(_ask, noted, WAITS.format(count=count, object=name), lease.clock()))
            continue
        while batch := list(noted[:BATCH]):
            lease.write(run, partial(_remove, batch))


def _remove(noted: Sequence[SyncError]) -> None:
    remove(noted)
    SyncError.objects.filter(pk__in=[note.pk for note in noted]).delete()


def _noted(connection_id: int, object_name: str) -> QuerySet[SyncError]:
    return SyncError.objects.filter(
        connection_id=connection_id,
        source=SyncError.Source.PULL,
        code=CODE,
        salesforce_object=object_name,
        state=SyncError.State.RETRYING,
    ).order_by("pk")


def _ask(noted: QuerySet[SyncError], message: str, now: datetime) -> None:
    noted.update(state=SyncError.State.OPEN, message=message, changed_at=now)


def agree(errors: QuerySet[SyncError], *, now: datetime) -> int:
    """An admin said yes: the records are deleted here, for the caller's transaction; how many errors that ended."""
    waiting = list(errors.filter(source=SyncError.Source.PULL, code=CODE))
    for start in range(0, len(waiting), BATCH):
        remove(waiting[start : start + BATCH])
    ended = SyncError.objects.filter(pk__in=[error.pk for error in waiting])
    return ended.update(state=SyncError.State.CLOSED, changed_at=now)


def remove(noted: Sequence[SyncError]) -> None:
    """Delete the records, journaled under the run that saw it; one that is linked again meanwhile stays."""
    for run, kind in sorted({(note.run or 0, note.kind) for note in noted}):
        ids = [note.record_id or 0 for note in noted if (note.run or 0, note.kind) == (run, kind)]
        linked = RecordLink.objects.filter(kind=kind, record_id__in=ids, state=RecordLink.State.LINKED)
        with journal.acting(None, "pull", run=run or None):
            records = MODELS[Kind(kind)]._default_manager.filter(pk__in=ids).order_by("pk")
            left = set(records.select_for_update().values_list("pk", flat=True))
            left -= set(linked.values_list("record_id", flat=True))
            records.filter(pk__in=left).delete()
