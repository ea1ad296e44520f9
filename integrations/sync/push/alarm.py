"""One alarm for all that waits for its time: however many workers meet a delay, one message is on its way."""

from datetime import datetime

from django.db.models import Q

from integrations.models import Connection


def set_alarm(connection: Connection, at: datetime, *, now: datetime) -> bool:
    """True where whoever asks is to ring at that time; False where somebody already does, or earlier."""
    stale = Q(push_alarm_at=None) | Q(push_alarm_at__lte=now) | Q(push_alarm_at__gt=at)
    return bool(Connection.objects.filter(stale, pk=connection.pk).update(push_alarm_at=at))
