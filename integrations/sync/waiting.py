"""How many edits wait for Salesforce, stored so that no page counts a large table."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count

from crm.models import Kind
from integrations.models import OutboxEntry, WaitingCount

FRESH = timedelta(seconds=1)


def count_waiting(now: datetime) -> None:
    """Count the outbox's rows by kind, but for those that are being sent right now."""
    rows = OutboxEntry.objects.exclude(state=OutboxEntry.State.IN_FLIGHT)
    counts = dict(rows.values_list("kind").annotate(rows=Count("pk")).order_by())
    with transaction.atomic():
        for kind in Kind.values:
            WaitingCount.objects.update_or_create(
                kind=kind, defaults={"rows": counts.get(kind, 0), "counted_at": now}
            )


def keep_counted(now: datetime) -> None:
    """Count again, but not for every edit: a second is fresh enough for a page."""
    if not WaitingCount.objects.filter(counted_at__gt=now - FRESH).exists():
        count_waiting(now)
