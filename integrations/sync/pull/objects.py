"""One object of a run: read it all into staging, apply it all, save the cursor."""

from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from crm.models import Kind
from integrations.failpoints import reach
from integrations.models import SyncedObject, SyncError, SyncRun, SyncSettings
from integrations.salesforce.errors import NeedsPerson, TryLater
from integrations.salesforce.org import Org
from integrations.salesforce.soql import select
from integrations.sync.pull.apply import CHUNK_ROWS, Applier, no_counts
from integrations.sync.pull.conversions import name_contacts
from integrations.sync.pull.extract import Extract
from integrations.sync.pull.lease import Lease
from integrations.sync.pull.merges_there import mirror_merges
from integrations.sync.pull.outside import known_plan
from integrations.sync.pull.plan import ObjectPlan, plan_object
from integrations.sync.pull.role_plan import ROLE, plan_roles
from integrations.sync.pull.runs import watermark
from integrations.sync.pull.staging import StagingTable
from integrations.sync.pull.tally import DRIFT, Tally, no_tally
from integrations.sync.stages import add_unlisted_stages
from integrations.sync.visibility import count_outside

CURSORS = ("watermark", "watermark_id", "staged", "staged_id")


LONGEST_AGEING = 4.0
"""Seconds; a clock that was set back there is no reason to wait."""


class ObjectRun:
    """A child run, and what it takes to bring it one step on. Made anew for each step: nothing is kept."""

    def __init__(self, run: SyncRun, *, org: Org, lease: Lease) -> None:
        self.run = run
        self.org = org
        self.lease = lease
        self.synced = SyncedObject.objects.get(connection_id=run.connection_id, name=run.object)
        self.staging = StagingTable(run.connection_id, run.object)
        self.plan = (
            plan_roles(run.connection, run)
            if run.object == ROLE
            else plan_object(run.connection, run.object, run)
        )

    def step(self) -> None:
        """One page, one chunk, or one turn of phase.

        Raises SalesforceError, LeaseLost, MapChanged, UnreadableObject.
        """
        if self.run.state == SyncRun.State.WAITING:
            self._start()
        if self.run.phase == SyncRun.Phase.EXTRACTING:
            self._extract()
        else:
            self._apply()

    def _start(self) -> None:
        """A full pull forgets its place, so that everything is read again; so does one after a changed map."""
        run, synced = self.run, self.synced
        with transaction.atomic():
            self.lease.check()
            run.state, run.started_at = SyncRun.State.RUNNING, self.lease.clock()
            run.full = run.full or synced.read_again
            run.save(update_fields=["state", "started_at", "full"])
            if run.full:
                synced.staged, synced.staged_id, synced.staged_rows = None, "", 0
                synced.read_again = synced.read_again and run.kind == SyncRun.Kind.RECONCILE
                synced.save(update_fields=["staged", "staged_id", "staged_rows", "read_again"])
                self.staging.drop()

    def _extract(self) -> None:
        extract = Extract(
            plan=self.plan,
            staging=self.staging,
            run=self.run,
            synced=self.synced,
            lease=self.lease,
            org=self.org,
        )
        if "query" not in self.run.checkpoint and self.run.trigger == SyncRun.Trigger.MANUAL:
            self._let_our_writes_age()
        if extract.step():
            return
        extract.finish(lag=timedelta(minutes=SyncSettings.current().watermark_lag_minutes))
        self._succeed_if_preparing()

    def _let_our_writes_age(self) -> None:
        """Whoever pulls by hand expects to see what was just changed: ask when no page can be stale any more.

        Stamps have whole seconds, so that takes two at most. Raises TryLater.
        """
        if self.synced.pushed_at is None:
            return
        wait = (self.synced.pushed_at - self.org.time()).total_seconds() + 1
        if 0 < wait <= LONGEST_AGEING:
            raise TryLater(code="JOB_RUNS", message="Our own last edits settle first.", after=wait)

    def _is_staged(self) -> bool:
        """Whether staging holds all that was read: a crash of PostgreSQL empties it, also halfway through."""
        return self.staging.rows() == self.synced.staged_rows

    def _read_again(self) -> None:
        with transaction.atomic():
            self.lease.check()
            self.run.checkpoint, self.run.phase = {}, SyncRun.Phase.EXTRACTING
            self.run.save(update_fields=["checkpoint", "phase"])

    def _apply(self) -> None:
        if "last_seq" not in self.run.checkpoint and not self._ready_to_apply():
            return
        plan = self.plan.only(self.staging.columns())
        if self.run.phase == SyncRun.Phase.COMPARING:
            self._compare(plan)
            return
        if self._apply_part(plan):
            return
        if not self._is_staged():
            self._read_again()
            return
        self._applier(plan).adopt_late_parents()
        mirror_merges(self.plan, self.staging, run=self.run, lease=self.lease)
        self._end()

    def _compare(self, plan: ObjectPlan) -> None:
        """A chunk; after the last one it is known what a repair has to do, which is to apply."""
        tally = Tally(plan=plan, staging=self.staging, run=self.run, lease=self.lease)
        if tally.compare_chunk(last_seq=self.run.checkpoint["last_seq"]):
            return
        if not self._is_staged():
            self._read_again()
            return
        tally.finish()
        if self.run.repairs and tally.found:
            self._name_contacts()
            self._begin(SyncRun.Phase.APPLYING)
        else:
            self.lease.write(self.run, self._keep_cursor)

    def _name_contacts(self) -> None:
        if self.run.object == "Contact" and self.synced.staged_rows:
            name_contacts(self.run.connection, self.org, self.lease)

    def _begin(self, phase: SyncRun.Phase) -> None:
        with transaction.atomic():
            self.lease.check()
            run = self.run
            run.phase, run.done, run.checkpoint = phase, 0, run.checkpoint | {"applied": 0}
            run.save(update_fields=["phase", "done", "checkpoint"])

    def _keep_cursor(self) -> None:
        """What a check found stays as it is; the next pull goes on where the one before had come to."""
        synced = SyncedObject.objects.select_for_update().get(pk=self.synced.pk)
        synced.staged, synced.staged_id, synced.staged_rows = synced.watermark, synced.watermark_id, 0
        self._note_drift(synced, left={key: self.run.counts[key] for key in DRIFT})
        synced.save(update_fields=[*CURSORS, "staged_rows", "there", "checked_at", "drift"])
        self.staging.drop()
        self._succeed()

    def _note_drift(self, synced: SyncedObject, *, left: dict[str, int]) -> None:
        counts = self.run.counts
        synced.there, synced.checked_at = counts["there"], self.run.checkpoint["asked_at"]
        synced.drift = left | {"not_visible": counts["not_visible"]}

    def _applier(self, plan: ObjectPlan) -> Applier:
        return Applier(plan=plan, staging=self.staging, run=self.run, lease=self.lease)

    def _apply_part(self, plan: ObjectPlan) -> bool:
        """A chunk of rows that meet the filter, or of rows that don't; True when rows are left."""
        place, last_seq = self.run.checkpoint, int(self.run.checkpoint["last_seq"])
        outside, until = self.staging.part(after_seq=place.get("applied", 0), most=CHUNK_ROWS)
        applier = self._applier(known_plan(plan) if outside else plan)
        return applier.apply_chunk(last_seq=min(until, last_seq)) or until < last_seq

    def _ready_to_apply(self) -> bool:
        """False where staging isn't whole: then it is read again."""
        if not self._is_staged():
            self._read_again()
            return False
        checks = self.run.kind == SyncRun.Kind.RECONCILE
        if not checks:
            self._name_contacts()
        with transaction.atomic():
            self.lease.check()
            self.staging.make_ready()
            if "StageName" in self.staging.columns():
                add_unlisted_stages(self.staging.values_of("StageName"))
            asked_at = self.run.checkpoint["asked_at"]
            self.run.checkpoint = {"last_seq": self.staging.last_seq(), "applied": 0, "asked_at": asked_at}
            if checks:
                self.run.phase, self.run.counts = SyncRun.Phase.COMPARING, no_counts() | no_tally()
            self.run.save(update_fields=["checkpoint", "phase", "counts"])
        return True

    def _end(self) -> None:
        """The cursor moves with the run's end, in one transaction; what was staged is done with."""
        checks = self.run.kind == SyncRun.Kind.RECONCILE
        read_all = (self.synced.watermark is None or self.run.full) and not checks
        self.lease.write(self.run, partial(self._move_cursor, self._count_there() if read_all else None))

    def _move_cursor(self, there: int | None) -> None:
        counts = self.run.counts
        synced = SyncedObject.objects.select_for_update().get(pk=self.synced.pk)
        self._stay_before_what_is_stale(synced)
        synced.watermark, synced.watermark_id = synced.staged, synced.staged_id
        synced.pulled_at = self.run.checkpoint["asked_at"]
        synced.staged_rows = 0
        if there is not None:
            synced.there = there
        if self.run.kind == SyncRun.Kind.RECONCILE:
            left = counts.get("stale", 0)
            self.run.counts = counts | {"repaired": max(sum(counts[key] for key in DRIFT) - left, 0)}
            self._note_drift(synced, left=dict.fromkeys(DRIFT, 0) | {"different": left})
        fields = ["pulled_at", "staged_rows", "there", "checked_at", "drift"]
        synced.save(update_fields=[*CURSORS, *fields])
        self.staging.drop()
        synced.refresh_from_db()
        if self.run.done:
            count_outside(self.run.connection, self.run.object)
        self.run.watermark_after = watermark(synced)
        self._succeed()

    def _stay_before_what_is_stale(self, synced: SyncedObject) -> None:
        """What was left alone and has no link is read again, with all of its stamp (design, *Traps*)."""
        if "stale_from" not in self.run.checkpoint or synced.staged is None:
            return
        earliest = datetime.fromisoformat(self.run.checkpoint["stale_from"])
        if earliest <= synced.staged:
            synced.staged, synced.staged_id = earliest, ""

    def _count_there(self) -> int | None:
        """A figure for the overview, where all was read: an org too large to count in time doesn't stop its pull."""
        if not self.synced.staged_rows:
            return 0
        # A deal that doesn't meet the filter is no deal here; people and companies are known all the same.
        of_deals = self.plan.filter if self.plan.kind == Kind.DEAL else ""
        try:
            return self.org.query_page(select(["COUNT()"], self.plan.object, where=of_deals)).total
        except (NeedsPerson, TryLater):
            return None

    def _succeed_if_preparing(self) -> None:
        """Turning syncing on makes an open preparation a pull: under the run's lock, asked just now."""
        with transaction.atomic():
            self.lease.check()
            self.run.refresh_from_db(fields=["kind"])
            if self.run.kind == SyncRun.Kind.EXTRACT:
                self._succeed()

    def _succeed(self) -> None:
        now = self.lease.clock()
        with transaction.atomic():
            self.lease.check()
            self.run.state, self.run.finished_at = SyncRun.State.SUCCEEDED, now
            self.run.save(update_fields=["state", "finished_at", "watermark_after", "counts"])
            SyncError.objects.filter(
                connection_id=self.run.connection_id,
                source=SyncError.Source.PULL,
                salesforce_object=self.run.object,
                salesforce_id="",
            ).exclude(state=SyncError.State.CLOSED).update(state=SyncError.State.CLOSED, changed_at=now)
        reach("pull.object ended")
