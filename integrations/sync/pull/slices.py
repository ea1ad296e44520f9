"""A bounded piece of a run: what a task, a command or a test calls, again until it says it is over."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import DataError, transaction
from django.db.models import F

from crm.matching import compare_waiting
from integrations.configuration.agreements import drop_outdated_agreements
from integrations.failpoints import reach
from integrations.models import Connection, SyncError, SyncRun
from integrations.salesforce.errors import Gone, QueryCursorLost, SalesforceError, SignInNeeded, TryLater
from integrations.salesforce.org import Org
from integrations.sync.deadlocks import persistently
from integrations.sync.map_lock import MapChanged
from integrations.sync.pull.lease import Clock, Lease, LeaseLost
from integrations.sync.pull.objects import ObjectRun
from integrations.sync.pull.plan import ObjectFailed, UnusableValue
from integrations.sync.pull.removals import remove_deleted
from integrations.sync.pull.role_plan import NoRoles
from integrations.sync.pull.runs import OPEN

Prepare = Callable[[Connection, Org], None]

LONGEST_WAIT = timedelta(minutes=10)
DROPPING_SECONDS = 20
"""Well within a lease: what is left then is worked off in the run's next slice."""
NEEDS = {"Contact": "Lead"}
"""An object that fails takes along what needs it: without the contacts, a lead can't be known as one of them (C4)."""


def work_on(run: SyncRun, *, org: Org, clock: Clock, seconds: float, prepare: Prepare | None = None) -> bool:
    """Work on a parent run for about `seconds`; True when the run has ended, well or not.

    Takes the run's lease; returns False at once where another worker holds it, and before the time is up
    where Salesforce asks to wait, sign-in is needed or syncing was paused. Whatever was done is kept at
    each checkpoint; a killed call loses nothing (C2). `prepare` is called once a run, before its first
    object: it brings owners, stages and the schema up to date.
    """
    lease = Lease(run, clock=clock)
    if not lease.take():
        run.refresh_from_db()
        return run.state not in OPEN
    worker = _Worker(run=run, org=org, lease=lease, ends_at=clock() + timedelta(seconds=seconds))
    try:
        return worker.work(prepare)
    except LeaseLost:
        return False
    finally:
        worker.count_calls()


class _Worker:
    def __init__(self, *, run: SyncRun, org: Org, lease: Lease, ends_at: datetime) -> None:
        self.run = run
        self.org = org
        self.lease = lease
        self.ends_at = ends_at
        self.calls_before = org.calls

    def work(self, prepare: Prepare | None) -> bool:
        try:
            self._prepare(prepare)
            while True:
                child = self._next_child()
                if child is None:
                    if (
                        self.run.kind != SyncRun.Kind.RECONCILE
                    ):  # what a check finds deleted is a pull's to delete
                        remove_deleted(self.run, self.lease)
                    persistently(compare_waiting)
                    if self._end():
                        return True
                if not self._may_go_on():
                    self.lease.give_back()
                    return False
                if child is not None:
                    self._step(child)
        except TryLater as error:
            self.lease.give_back(not_before=self._wait_until(error))
            return False
        except SignInNeeded:
            self.lease.give_back()
            return False
        except SalesforceError as error:
            self._fail(self.run, error)
            return True

    def _prepare(self, prepare: Prepare | None) -> None:
        checks = self.run.kind == SyncRun.Kind.RECONCILE  # in as few calls as can be
        if prepare is None or checks or self.run.checkpoint.get("prepared"):
            return
        prepare(self.run.connection, self.org)
        self.run.checkpoint = {"prepared": True}
        self.run.save(update_fields=["checkpoint"])

    def _next_child(self) -> SyncRun | None:
        return self.run.children.filter(state__in=OPEN).select_related("connection").order_by("pk").first()

    def _may_go_on(self) -> bool:
        connection = Connection.objects.get(pk=self.run.connection_id)
        stopped = connection.disconnected_at or connection.paused_at or connection.needs_sign_in_since
        return not stopped and self.lease.clock() < self.ends_at

    def _step(self, child: SyncRun) -> None:
        """One page or one chunk of one object."""
        try:
            ObjectRun(child, org=self.org, lease=self.lease).step()
            if self.run.error:
                self.run.error = self.run.error_code = ""
                self.run.checkpoint.pop("failures", None)
                self.run.save(update_fields=["checkpoint", "error", "error_code"])
        except (QueryCursorLost, Gone):
            child.checkpoint = {
                key: child.checkpoint[key] for key in ("from_seq",) if key in child.checkpoint
            }
            child.save(update_fields=["checkpoint"])
        except MapChanged:
            self._drop_outdated()
        except (TryLater, SignInNeeded):
            raise
        except NoRoles as reason:
            self._leave_out(child, reason)
        except (SalesforceError, ObjectFailed) as error:
            self._fail(child, error)
        except DataError as error:
            what = str(error).partition("\n")[0]
            self._fail(
                child, UnusableValue(f"{what}. Was a field's type changed in Salesforce? Check its map.")
            )

    def _drop_outdated(self) -> None:
        """What an older map has agreed on; the step is then planned anew. Raises TryLater."""
        if not drop_outdated_agreements(seconds=DROPPING_SECONDS):
            raise TryLater(code="JOB_RUNS", message="A changed map is still being worked off", after=1)

    def _leave_out(self, child: SyncRun, reason: NoRoles) -> None:
        """The rest of the pull is none the worse for it."""
        child.state, child.finished_at = SyncRun.State.CANCELLED, self.lease.clock()
        child.error, child.error_code = str(reason), reason.code
        with transaction.atomic():
            self.lease.check()
            child.save(update_fields=["state", "error", "error_code", "finished_at"])

    def _wait_until(self, error: TryLater) -> datetime:
        """Waiting grows with each failure in a row, but not past ten minutes; Salesforce's own hint counts."""
        now = self.lease.clock()
        if error.code == "JOB_RUNS":
            return now + timedelta(seconds=error.after or 1)
        failures = self.run.checkpoint.get("failures", 0) + 1
        self.run.checkpoint = self.run.checkpoint | {"failures": failures}
        self.run.error, self.run.error_code = error.sentence, error.code
        self.run.save(update_fields=["checkpoint", "error", "error_code"])
        return now + min(timedelta(seconds=error.after or 2 ** min(failures, 10)), LONGEST_WAIT)

    def _fail(self, run: SyncRun, error: SalesforceError | ObjectFailed) -> None:
        now = self.lease.clock()
        run.state, run.finished_at = SyncRun.State.FAILED, now
        run.error, run.error_code = str(error), error.code
        with transaction.atomic():
            self.lease.check()
            run.save(update_fields=["state", "error", "error_code", "finished_at"])
            # An open child would stand in the way of every later pull of its object.
            run.children.filter(state__in=OPEN).update(state=SyncRun.State.CANCELLED, finished_at=now)
            SyncRun.objects.filter(
                parent_id=run.parent_id or 0, object=NEEDS.get(run.object, ""), state__in=OPEN
            ).update(
                state=SyncRun.State.CANCELLED, finished_at=now, error=f"Left out, as {run.object} failed."
            )
            SyncError.objects.update_or_create(
                connection_id=run.connection_id,
                source=SyncError.Source.PULL,
                salesforce_object=run.object,
                salesforce_id="",
                kind="",
                record_id=None,
                code=error.code,
                field="",
                state=SyncError.State.OPEN,
                defaults={"message": str(error), "run": run.pk, "changed_at": now},
                create_defaults={"message": str(error), "run": run.pk, "changed_at": now, "created_at": now},
            )

    def _end(self) -> bool:
        """False where a child was opened again meanwhile: syncing was turned on (`runs.start_first_pull`)."""
        run, now = self.run, self.lease.clock()
        with transaction.atomic():
            self.lease.check()
            if run.children.filter(state__in=OPEN).exists():
                return False
            failed = run.children.filter(state=SyncRun.State.FAILED).first()
            run.state = SyncRun.State.FAILED if failed else SyncRun.State.SUCCEEDED
            run.error, run.error_code = (failed.error, failed.error_code) if failed else ("", "")
            run.finished_at, run.lease_until = now, None
            run.save(update_fields=["state", "error", "error_code", "finished_at", "lease_until"])
        reach("pull.run ended")
        return True

    def count_calls(self) -> None:
        """Add the calls of this slice to the run's, whatever became of it."""
        SyncRun.objects.filter(pk=self.run.pk).update(
            api_calls=F("api_calls") + (self.org.calls - self.calls_before)
        )
