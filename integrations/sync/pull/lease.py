"""Who works on a run: one worker at a time, and one that lost its lease can't write (design, *Traps*)."""

from collections.abc import Callable
from copy import copy
from datetime import datetime, timedelta
from typing import TypeVar

from django.conf import settings
from django.db.models import F, Q

from integrations.models import SyncRun
from integrations.sync.deadlocks import persistently

T = TypeVar("T")
COUNTED = ("checkpoint", "counts", "done", "read", "total")
Clock = Callable[[], datetime]


class LeaseLost(Exception):
    """Another worker took the run over; what this one was doing is rolled back."""


def lease_time() -> timedelta:
    return timedelta(seconds=settings.SYNC_LEASE_SECONDS)


class Lease:
    """The right to work on one parent run, until it lapses or is given back."""

    def __init__(self, run: SyncRun, *, clock: Clock) -> None:
        self.run = run
        self.clock = clock
        self.fence = 0

    def take(self) -> bool:
        """False where the run has ended or another worker holds it."""
        now = self.clock()
        mine = SyncRun.objects.filter(
            Q(lease_until=None) | Q(lease_until__lte=now),
            pk=self.run.pk,
            state__in=[SyncRun.State.WAITING, SyncRun.State.RUNNING],
        ).update(state=SyncRun.State.RUNNING, lease_until=now + lease_time(), fence=F("fence") + 1)
        if not mine:
            return False
        self.run.refresh_from_db()
        self.fence = self.run.fence
        if self.run.started_at is None:
            SyncRun.objects.filter(pk=self.run.pk).update(started_at=now)
        return True

    def check(self) -> None:
        """Prolong the lease, inside the transaction that writes. Raises LeaseLost."""
        held = SyncRun.objects.filter(pk=self.run.pk, fence=self.fence, state=SyncRun.State.RUNNING).update(
            lease_until=self.clock() + lease_time()
        )
        if not held:
            raise LeaseLost(f"Run {self.run.pk} is worked on by another worker.")

    def write(self, run: SyncRun, step: Callable[[], T]) -> T:
        """Run the step in a transaction; again after a deadlock. Raises LeaseLost.

        `run` is what the step counts in: as it was before each try, so that none counts twice.
        """
        before = {name: getattr(run, name) for name in COUNTED}

        def held() -> T:
            for name, value in before.items():
                setattr(run, name, copy(value))
            self.check()  # first, since whoever took the run over may have dropped the staging table
            return step()

        return persistently(held)

    def give_back(self, *, not_before: datetime | None = None) -> None:
        """Let others go on; from `not_before` on, where Salesforce asked us to wait."""
        SyncRun.objects.filter(pk=self.run.pk, fence=self.fence, state=SyncRun.State.RUNNING).update(
            lease_until=not_before
        )
