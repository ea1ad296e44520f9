"""The org's own time: real time plus an offset that tests and demos move, or a frozen instant."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True)
class ClockState:
    """What must be remembered so that a restarted org lives at the same offset."""

    offset_seconds: float = 0.0
    frozen_at: str | None = None


class Clock:
    def __init__(self, state: ClockState | None = None) -> None:
        state = state or ClockState()
        self._lock = threading.Lock()
        self._here = threading.local()
        self._offset = timedelta(seconds=state.offset_seconds)
        self._frozen = datetime.fromisoformat(state.frozen_at) if state.frozen_at else None

    def now(self) -> datetime:
        """Aware, UTC."""
        pinned: datetime | None = getattr(self._here, "pinned", None)
        if pinned is not None:
            return pinned
        with self._lock:
            return self._frozen or datetime.now(UTC) + self._offset

    __call__ = now

    @contextmanager
    def at(self, instant: datetime) -> Iterator[None]:
        """For this thread alone it is `instant` within the block, for work that was due then."""
        self._here.pinned = instant
        try:
            yield
        finally:
            self._here.pinned = None

    def advance(self, seconds: float) -> datetime:
        """Jump by `seconds` (may be negative); a frozen clock stays frozen at the new instant."""
        step = timedelta(seconds=seconds)
        with self._lock:
            if self._frozen:
                self._frozen += step
            else:
                self._offset += step
        return self.now()

    def set(self, instant: datetime) -> datetime:
        """Make it `instant` now; it ticks on from there unless frozen."""
        with self._lock:
            if self._frozen:
                self._frozen = instant.astimezone(UTC)
            else:
                self._offset = instant - datetime.now(UTC)
        return self.now()

    def freeze(self) -> datetime:
        now = self.now()
        with self._lock:
            self._frozen = now
        return now

    def thaw(self) -> datetime:
        """Tick again, from the instant at which it stood."""
        with self._lock:
            if self._frozen:
                self._offset = self._frozen - datetime.now(UTC)
            self._frozen = None
        return self.now()

    def reset(self) -> datetime:
        with self._lock:
            self._frozen = None
            self._offset = timedelta()
        return self.now()

    @property
    def frozen(self) -> bool:
        return self._frozen is not None

    def state(self) -> ClockState:
        with self._lock:
            return ClockState(
                offset_seconds=self._offset.total_seconds(),
                frozen_at=self._frozen.isoformat() if self._frozen else None,
            )
