"""Counts our calls to Salesforce, and remembers what the org says of its limit (spec O2)."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection as database

from integrations.salesforce.wire import Usage

ASK_AGAIN = timedelta(minutes=5)
"""At the daily limit, Salesforce is asked again no earlier (spec, *Command line*)."""

_COUNT = """
INSERT INTO integrations_apiusage (connection_id, hour, feature, calls)
VALUES (%s, date_trunc('hour', %s::timestamptz, 'UTC'), %s, %s)
ON CONFLICT (connection_id, hour, feature) DO UPDATE SET calls = integrations_apiusage.calls + excluded.calls
"""
_ALLOWANCE = """
INSERT INTO integrations_apiallowance (connection_id, used, "limit", seen_at, waits_until)
VALUES (%(connection)s, %(used)s, %(limit)s, %(now)s, %(waits_until)s)
ON CONFLICT (connection_id) DO UPDATE SET used = excluded.used, "limit" = excluded."limit",
seen_at = excluded.seen_at, waits_until = excluded.waits_until
"""


class ConnectionMeter:
    """Counts into the database, call by call, for one feature (`pull`, `connect` …)."""

    def __init__(self, connection_id: int, feature: str, clock: Callable[[], datetime]) -> None:
        self._connection_id = connection_id
        self._feature = feature
        self._clock = clock
        self.calls = 0

    def count(self, calls: int, usage: Usage | None) -> None:
        now = self._clock()
        self.calls += calls
        with database.cursor() as cursor:
            cursor.execute(_COUNT, [self._connection_id, now, self._feature, calls])
            if usage:
                cursor.execute(_ALLOWANCE, self._allowance(usage, now))

    def _allowance(self, usage: Usage, now: datetime) -> dict[str, int | datetime | None]:
        used_up = usage.used >= usage.limit
        return {
            "connection": self._connection_id,
            "used": usage.used,
            "limit": usage.limit,
            "now": now,
            "waits_until": now + ASK_AGAIN if used_up else None,
        }
