"""Times as the API writes and reads them; the stored form is the written one, which sorts as text."""

import re
from datetime import UTC, date, datetime

_OFFSET = re.compile(r"([+-]\d{2})(\d{2})$")


def stamp(moment: datetime) -> str:
    """`2020-10-22T21:03:23.000+0000`: UTC, whole seconds, milliseconds always 000."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def parse(text: str) -> datetime:
    """Any form of ISO 8601 the API takes, or a bare date; without a zone it is UTC. Raises ValueError."""
    cleaned = _OFFSET.sub(r"\1:\2", text.strip().replace("Z", "+00:00"))
    found = datetime.fromisoformat(cleaned)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def parse_date(text: str) -> str:
    """`YYYY-MM-DD` from a date or a datetime. Raises ValueError."""
    return date.fromisoformat(text.strip()[:10]).isoformat()
