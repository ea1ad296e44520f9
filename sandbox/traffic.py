"""Counting calls: the request log, the daily allowance and the number at once."""

import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sandbox.operations import WRITING

DEFAULT_DAILY_LIMIT = 5_000_000
DEFAULT_CONCURRENT_LIMIT = 25
REMEMBERED_REQUESTS = 20_000
_DAY = 86_400


@dataclass(frozen=True)
class Entry:
    """One call. `rows` are the records it wrote or answered with, `headers` those that change what it does."""

    at: str
    method: str
    path: str
    query: str
    user: str
    status: int
    ms: float
    api_call: bool
    operation: str = ""
    rows: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return "writing" if self.operation in WRITING else "reading"


class RequestLog:
    def __init__(self, size: int = REMEMBERED_REQUESTS) -> None:
        self._entries: deque[Entry] = deque(maxlen=size)

    def add(self, entry: Entry) -> None:
        self._entries.append(entry)

    def entries(self, *, limit: int = 1000) -> list[dict[str, Any]]:
        """The newest `limit`, oldest first."""
        return [asdict(entry) for entry in list(self._entries)[-limit:]]

    def counts(self) -> dict[str, Any]:
        entries = list(self._entries)
        return {
            "total": len(entries),
            "api_calls": sum(entry.api_call for entry in entries),
            "by_path": Counter(f"{entry.method} {entry.path}" for entry in entries),
            "by_status": Counter(str(entry.status) for entry in entries),
            "by_operation": Counter(entry.operation for entry in entries if entry.api_call),
            "by_kind": Counter(entry.kind for entry in entries if entry.api_call),
            "rows": _rows(entries),
        }

    def clear(self) -> None:
        self._entries.clear()


def _rows(entries: list[Entry]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for entry in entries:
        total[entry.operation] += entry.rows
    return {operation: rows for operation, rows in total.items() if rows}


class Allowance:
    """Calls of the last 24 hours (by the org's clock, in buckets of a minute) and those under way."""

    def __init__(self, daily: int = DEFAULT_DAILY_LIMIT, concurrent: int = DEFAULT_CONCURRENT_LIMIT) -> None:
        self.daily = daily
        self.concurrent = concurrent
        self._minutes: dict[int, int] = {}
        self._used = 0
        self._running = 0
        self._lock = threading.Lock()

    def used(self, now: datetime) -> int:
        with self._lock:
            self._forget(now)
            return self._used

    def spend(self, now: datetime) -> bool:
        """Count one call; False when the day's calls are used up (then it isn't counted)."""
        with self._lock:
            self._forget(now)
            if self._used >= self.daily:
                return False
            self._count(int(now.timestamp()) // 60, 1)
            return True

    def set_used(self, used: int, now: datetime) -> None:
        with self._lock:
            self._minutes.clear()
            self._used = 0
            self._count(int(now.timestamp()) // 60, used)

    @contextmanager
    def running(self) -> Iterator[bool]:
        """Count the block as under way; yields False when it is one too many."""
        with self._lock:
            self._running += 1
            within = self._running <= self.concurrent
        try:
            yield within
        finally:
            with self._lock:
                self._running -= 1

    def _count(self, minute: int, calls: int) -> None:
        self._minutes[minute] = self._minutes.get(minute, 0) + calls
        self._used += calls

    def _forget(self, now: datetime) -> None:
        oldest = (int(now.timestamp()) - _DAY) // 60
        for minute in [m for m in self._minutes if m < oldest]:
            self._used -= self._minutes.pop(minute)
