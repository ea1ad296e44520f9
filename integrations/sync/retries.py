"""When to try again what passes by itself (spec E4): exponential, with full jitter."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.salesforce.errors import Scope

LONGEST = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Pace:
    """`least` is waited before every try; the jittered part begins at `first` and doubles up to `most`."""

    first: timedelta
    most: timedelta
    least: timedelta = timedelta(0)


PACES: Mapping[Scope, Pace] = {
    "request": Pace(first=timedelta(seconds=2), most=LONGEST),
    "network": Pace(first=timedelta(seconds=2), most=LONGEST),
    "concurrency": Pace(first=timedelta(seconds=2), most=timedelta(seconds=30), least=timedelta(seconds=1)),
    "maintenance": Pace(first=timedelta(minutes=1), most=LONGEST, least=timedelta(seconds=15)),
    # Limits are asked again at most every 5 minutes.
    "daily limit": Pace(first=timedelta(minutes=5), most=LONGEST, least=timedelta(minutes=5)),
}


def next_try(
    *,
    now: datetime,
    attempts: int,
    after: float | None = None,
    scope: Scope = "request",
    random: Callable[[], float],
) -> datetime:
    """When to send again after `attempts` tries (1 after the first).

    `after` is the seconds Salesforce asked for: the least that is waited, even past our own cap of 15
    minutes. `random` gives a number from 0 up to 1.
    """
    pace = PACES[scope]
    least = max(pace.least, timedelta(seconds=after or 0))
    doubled = pace.first * (1 << min(max(attempts - 1, 0), 12))
    jittered = min(doubled, pace.most) * random()
    return now + max(least, min(least + jittered, LONGEST))


def uses_up_a_try(scope: Scope) -> bool:
    """Only what the request itself met: while the org or its quota is down, no row is to blame."""
    return scope == "request"
