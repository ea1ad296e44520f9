"""Records here that Salesforce no longer shows: purged, or hidden from the sync user, which look alike (spec C3)."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from django.db.models import F, QuerySet

from crm.models import User
from integrations.models import AuditEntry, OutboxEntry, RecordLink, SyncedObject
from integrations.sync.deadlocks import persistently
from integrations.sync.pull.rereading import ask_again

MARKED = "marked as gone"
"""In the audit log, at the very time that the links were changed."""
WAITING = (OutboxEntry.State.PENDING, OutboxEntry.State.HELD)


def not_visible() -> QuerySet[RecordLink]:
    """The links of the live connection whose record the last check didn't see."""
    return RecordLink.objects.filter(
        not_visible_since__isnull=False, state=RecordLink.State.LINKED, connection__disconnected_at=None
    )


def mark_gone(ids: Collection[int], *, user: User | None, now: datetime) -> int:
    """Treat these as deleted there: the links end, the records stay here, nothing is sent. How many.

    What a pull sees again afterwards comes back as a new record. Whoever was marked already is passed over.
    """
    return persistently(lambda: _mark_gone(ids, user, now))


def _mark_gone(ids: Collection[int], user: User | None, now: datetime) -> int:
    links = list(not_visible().filter(pk__in=ids).order_by("pk").select_for_update(of=("self",), no_key=True))
    if not links:
        return 0
    RecordLink.objects.filter(pk__in=[link.pk for link in links]).update(
        state=RecordLink.State.GONE, not_visible_since=None, changed_at=now
    )
    for link in links:
        OutboxEntry.objects.filter(kind=link.kind, record_id=link.record_id or 0, state__in=WAITING).delete()
    ask_again(
        RecordLink.objects.filter(
            suppressed_by__in=[link.salesforce_id for link in links], state=RecordLink.State.SUPPRESSED
        )
    )
    _count(links)
    changes = [
        {"path": f"{link.salesforce_object}.{link.salesforce_id}", "from": "not visible", "to": "gone"}
        for link in links
    ]
    AuditEntry.objects.create(at=now, actor=user, action=MARKED, changes=changes)
    return len(links)


def _count(links: Collection[RecordLink]) -> None:
    ended = Counter((link.connection_id, link.salesforce_object) for link in links)
    outside = Counter((link.connection_id, link.salesforce_object) for link in links if link.outside)
    for (connection_id, name), count in ended.items():
        synced = SyncedObject.objects.select_for_update().get(connection_id=connection_id, name=name)
        apart = outside[connection_id, name]
        hides_all = synced.hidden and synced.hidden == synced.linked
        SyncedObject.objects.filter(pk=synced.pk).update(
            linked=F("linked") - count,
            gone=F("gone") + count,
            outside=F("outside") - apart,
            hidden=F("hidden") - (count if hides_all else apart),
            drift=synced.drift | {"not_visible": max(synced.drift.get("not_visible", 0) - count, 0)},
        )
