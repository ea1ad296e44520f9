from datetime import datetime, timedelta


def as_stored(instant: datetime) -> str:
    """A datetime as the org stores it, to the second."""
    return instant.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def days_before(now: datetime, days: float) -> datetime:
    return now - timedelta(days=days)
