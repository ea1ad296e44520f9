"""What a record tells of those that were merged into it; their own history says it of themselves (spec C9)."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from crm.history import MERGED, MODELS, Event, Teller, event_of
from crm.models import JournalEntry, Record

MOST = 200


def events(record: Record, since: datetime | None, until: datetime | None) -> list[Event]:
    merged = {one.pk: one for one in merged_into(record)}
    if not merged:
        return []
    entries = entries_about(record, list(merged))
    entries = entries.filter(at__gte=since) if since else entries
    entries = entries.filter(at__lt=until) if until else entries
    return [
        event_of(entry, changes=[], said="Took in", about=merged[entry.record_id]) for entry in entries[:MOST]
    ]


def merged_into(record: Record) -> list[Record]:
    """The newest of those that it took in, directly or before."""
    everyone: QuerySet[Any] = MODELS[record.kind]._default_manager.all()
    return list(everyone.filter(merged_into=record).defer("search", "custom").order_by("-pk")[:MOST])


def merge_of(record: Record) -> Event | None:
    """How a record was merged away; None for one that wasn't, or where nobody recorded it."""
    if record.merged_into is None:
        return None
    entry = entries_about(record.merged_into, [record.pk]).first()
    return event_of(entry, changes=[], said="Merged into", about=record.merged_into) if entry else None


def entries_about(survivor: Record, merged: list[int]) -> QuerySet[JournalEntry]:
    """The journal entries that say these were merged into it, newest first."""
    return JournalEntry.objects.filter(
        kind=survivor.kind, record_id__in=merged, **{f"changes__{MERGED}__1": survivor.pk}
    ).select_related("actor")


TELLER = Teller("merges", events, lambda record, field: [])
