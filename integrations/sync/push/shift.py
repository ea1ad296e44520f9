"""What a worker carries through a push: where to, by which settings, with what clock, and what it has done."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime

from integrations.models import Connection, SyncSettings
from integrations.salesforce.org import Org

Clock = Callable[[], datetime]


@dataclass(slots=True)
class Tally:
    """The counts that `push --json` promises (spec, *Command line*)."""

    created: int = 0
    updated: int = 0
    deleted: int = 0
    adopted: int = 0
    held: int = 0
    failed: int = 0

    def as_dict(self) -> dict[str, int]:
        return asdict(self)

    def reset(self, counts: dict[str, int]) -> None:
        """Back to earlier counts, where a step is taken again."""
        for name, value in counts.items():
            setattr(self, name, value)

    def add(self, more: "Tally") -> None:
        """What another push did."""
        for name, value in more.as_dict().items():
            setattr(self, name, getattr(self, name) + value)


@dataclass(slots=True)
class Shift:
    """One worker's push, from its first claim to its last."""

    connection: Connection
    org: Org
    clock: Clock
    settings: SyncSettings = field(default_factory=SyncSettings.current)
    tally: Tally = field(default_factory=Tally)
