"""Reading from Salesforce into staging: REST pages while there are few rows, Bulk API 2.0 where there are many.

A filtered object is read twice (spec C12): all of it by name only, then what meets the filter whole. What isn't in the
second reading doesn't meet it; so nothing hangs on how Salesforce negates a condition of blanks.

Every page is one transaction with its checkpoint; a page is fetched before the transaction begins. A killed
extract goes on at its checkpoint; one whose cursor or job has gone starts again from the saved place.
"""

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import IO, Any, BinaryIO, cast

from django.db import transaction
from django.db.models import F
from psycopg.errors import BadCopyFileFormat

from integrations.failpoints import reach
from integrations.models import SyncedObject, SyncRun
from integrations.salesforce.bulk import QueryJob
from integrations.salesforce.errors import NeedsPerson, TryLater
from integrations.salesforce.org import Org
from integrations.salesforce.queries import QueryPage
from integrations.salesforce.soql import quote, select
from integrations.sync.pull import rereading
from integrations.sync.pull.lease import Lease
from integrations.sync.pull.outside import known_columns
from integrations.sync.pull.plan import ObjectPlan
from integrations.sync.pull.staging import Loaded, StagingTable

BULK_FROM = 10_000
"""Rows from which a Bulk job is quicker than paging; measured, see docs/benchmarks.md."""
CHECK_BY_BULK_FROM = 50_000
"""The same for a check, which may cost a call for 2,000 rows, and has time: what asks after a job must be spared."""
BULK_PAGE = 50_000
FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0  # seconds
SPOOLED = 16 << 20
WHOLE, KNOWN, MEETING = "", "known", "meeting"
"""The parts of a reading: there is but one, unless a filter asks for two."""


class Extract:
    """One object's way into staging, for one run."""

    def __init__(
        self,
        *,
        plan: ObjectPlan,
        staging: StagingTable,
        run: SyncRun,
        synced: SyncedObject,
        lease: Lease,
        org: Org,
    ) -> None:
        self.plan = plan
        self.staging = staging
        self.run = run
        self.synced = synced
        self.lease = lease
        self.org = org

    @property
    def _checks(self) -> bool:
        return self.run.kind == SyncRun.Kind.RECONCILE

    def step(self) -> bool:
        """Read one page; True when pages are left. Raises SalesforceError, LeaseLost, and TryLater to wait."""
        place = self.run.checkpoint
        if "query" not in place:
            self._make_room()
            self._ask(KNOWN if self.plan.filter else WHOLE)
            return True
        paged = place["query"] == "rest"
        if self._next_rest_page(place["next"]) if paged else self._next_bulk_page():
            return True
        if self.run.checkpoint.get("part") != KNOWN:
            return self._reread()
        self._ask(MEETING, first_asked_at=place["asked_at"])
        return True

    def _ask(self, part: str, **kept: object) -> None:
        """The first answer says how many there are, and so how to read them."""
        page = self.org.query_page(self.soql(part), include_deleted=True)
        reach("pull.query started")
        place = {"part": part, "asked_at": page.asked_at.isoformat(), "before": self.run.read, **kept}
        if page.total <= (CHECK_BY_BULK_FROM if self._checks else BULK_FROM):
            self._save_rest_page(page, {"query": "rest", **place})
            return
        job = self.org.start_query_job(self.soql(part), include_deleted=True)
        with transaction.atomic():
            self._save({"query": "bulk", "job": job, **place}, Loaded(0, 0), total=self.run.read + page.total)

    def _make_room(self) -> None:
        """A table that can hold what will be read, without what an extract that lost its place had read."""
        started_at = self.run.checkpoint.get("from_seq")
        has_room = set(self.plan.columns) <= set(self.staging.columns())
        whole = self.staging.rows() == self.synced.staged_rows if has_room else False
        with transaction.atomic():
            self.lease.check()
            if not (has_room and whole):
                self._start_anew()
                started_at = None
            elif started_at is not None:
                self.staging.truncate_after(started_at)
                self.synced.staged_rows = self.staging.rows()
            if started_at is None:
                self.run.checkpoint = {"from_seq": self.staging.last_seq()}
            self.run.read = 0
            self.run.save(update_fields=["checkpoint", "read"])
            self.synced.save(update_fields=["staged", "staged_id", "staged_rows"])

    def _start_anew(self) -> None:
        """What was staged is lost or too narrow: read again from what is applied; a full pull everything."""
        self.staging.create(self.plan.columns)
        applied = (None, "") if self.run.full else (self.synced.watermark, self.synced.watermark_id)
        self.synced.staged, self.synced.staged_id = applied
        self.synced.staged_rows = 0

    def soql(self, part: str = "") -> str:
        """Everything since the place read up to; what of it meets the filter; or its names only."""
        columns = ", ".join(known_columns(self.plan) if part == KNOWN else self.plan.columns)
        query = f"SELECT {columns} FROM {self.plan.object}"  # noqa: S608  API names from the org's own schema
        conditions = [self.plan.filter if part == MEETING else "", self._since()]
        where = " AND ".join(f"({condition})" for condition in conditions if condition)
        return f"{query} WHERE {where}" if where else query

    def _since(self) -> str:
        """(SystemModstamp, Id), ties by Id (C3); blank for everything."""
        since = self.synced.staged
        if since is None:
            return ""
        stamp = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if not self.synced.staged_id:
            return f"SystemModstamp >= {stamp}"
        tie = f"(SystemModstamp = {stamp} AND Id > '{self.synced.staged_id}')"
        return f"SystemModstamp > {stamp} OR {tie}"

    def _next_rest_page(self, next_url: str | None) -> bool:
        if next_url is None:
            return False
        self._save_rest_page(self.org.next_page(next_url), self.run.checkpoint)
        return True

    def _save_rest_page(self, page: QueryPage, place: dict[str, Any]) -> None:
        with transaction.atomic():
            self.lease.check()  # first, since whoever took the run over may have dropped the table
            known = place.get("part") == KNOWN
            loaded = self.staging.insert_json(page.records, asked_at=page.asked_at, known=known)
            self._save({**place, "next": page.next_url}, loaded, total=place.get("before", 0) + page.total)
        reach("pull.page staged")

    def _next_bulk_page(self) -> bool:
        place = self.run.checkpoint
        if place.get("ended"):
            return False
        if "rows" not in place:
            job = self._finished_job(place["job"])
            place = {**place, "rows": job.records, "asked_at": job.created_at.isoformat()}
        with tempfile.SpooledTemporaryFile(SPOOLED) as page:
            got = self.org.download_query_page(
                place["job"], locator=place.get("locator"), max_records=BULK_PAGE, into=cast(BinaryIO, page)
            )
            self._save_bulk_page(page, place, rows=got.rows, next_locator=got.next_locator)
        return True

    def _save_bulk_page(
        self, page: IO[bytes], place: dict[str, object], *, rows: int, next_locator: str | None
    ) -> None:
        page.seek(0)
        try:
            with transaction.atomic():
                self.lease.check()
                asked_at = datetime.fromisoformat(str(place["asked_at"]))
                known = place.get("part") == KNOWN
                loaded = self.staging.copy_csv(page, asked_at=asked_at, known=known)
                if loaded.rows != rows:
                    raise _unreadable(f"A page of {rows} rows brought {loaded.rows}.")
                self._save({**place, "locator": next_locator, "ended": next_locator is None}, loaded)
        except BadCopyFileFormat as error:  # it broke off within a row
            raise _unreadable(f"A page of {rows} rows isn't whole.") from error
        reach("pull.page staged")

    def _reread(self) -> bool:
        """After what changed: what is to be judged again although it may not have. A check has read it with all."""
        if self._checks:
            return False
        place = self.run.checkpoint
        links = rereading.wanted(self.plan.connection_id, self.plan.object, after=place.get("again", 0))
        if not links:
            return False
        asked_at, ids = self.org.time(), [sid for _, sid in links]
        filtered = place.get("part") == MEETING and self.plan.filter != ""
        columns = known_columns(self.plan) if filtered else self.plan.columns
        rows = self.org.retrieve(self.plan.object, ids, columns)
        found = [row for row in rows if row is not None]
        meeting = self._meeting(ids) if filtered else []
        absent = [link for (link, _), row in zip(links, rows, strict=True) if row is None]

        def save() -> None:
            loaded = self.staging.insert_json(found, asked_at=asked_at, known=filtered)
            loaded += self.staging.insert_json(meeting, asked_at=asked_at)
            rereading.forget(absent, now=self.lease.clock())
            self._save({**place, "again": links[-1][0]}, loaded, total=(self.run.total or 0) + loaded.rows)

        self.lease.write(self.run, save)
        reach("pull.page staged")
        return True

    def _meeting(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Those of the records that meet the filter, whole."""
        of_these = f"({self.plan.filter}) AND Id IN {quote(ids)}"
        return list(self.org.query_all(select(self.plan.columns, self.plan.object, where=of_these)))

    def _finished_job(self, job_id: str) -> QueryJob:
        """Raises TryLater while Salesforce is still working on it."""
        job = self.org.query_job(job_id)
        if not job.finished:
            lasted = (self.org.time() - job.created_at).total_seconds()
            raise TryLater(
                code="JOB_RUNS", message="Salesforce is still preparing the rows.", after=wait_after(lasted)
            )
        if job.state != "JobComplete":
            raise NeedsPerson(code="BULK_JOB_" + job.state.upper(), message=job.error or "")
        return job

    def _save(self, place: dict[str, object], loaded: Loaded, *, total: int | None = None) -> None:
        self.lease.check()
        run = self.run
        run.checkpoint = {"from_seq": run.checkpoint.get("from_seq", 0)} | place
        run.read += loaded.rows
        run.total = total if total is not None else run.total
        if loaded.dropped_nuls:
            run.counts = run.counts | {
                "dropped_nuls": run.counts.get("dropped_nuls", 0) + loaded.dropped_nuls
            }
        run.save(update_fields=["checkpoint", "read", "total", "counts"])
        SyncedObject.objects.filter(pk=self.synced.pk).update(staged_rows=F("staged_rows") + loaded.rows)

    def finish(self, *, lag: timedelta) -> None:
        """Save the place read up to: behind the org's clock by `lag`, so that late commits are read again."""
        with transaction.atomic():
            self.lease.check()
            self._join_parts()
            limit = datetime.fromisoformat(self.run.checkpoint["asked_at"]) - lag
            staged, staged_id = self._place_read_up_to(limit)
            SyncedObject.objects.filter(pk=self.synced.pk).update(staged=staged, staged_id=staged_id)
            self.run.phase = SyncRun.Phase.APPLYING
            self.run.save(update_fields=["phase", "checkpoint", "read", "total"])
        self.synced.refresh_from_db()
        reach("pull.extract ended")

    def _join_parts(self) -> None:
        """What was read whole needs no row by name; what came between the two readings is read next time."""
        run = self.run
        if run.checkpoint.get("part") != MEETING:
            return
        twins = self.staging.drop_known_twins(after_seq=run.checkpoint["from_seq"])
        SyncedObject.objects.filter(pk=self.synced.pk).update(staged_rows=F("staged_rows") - twins)
        run.read -= twins
        run.total = run.read
        run.checkpoint = run.checkpoint | {"part": WHOLE, "asked_at": run.checkpoint["first_asked_at"]}

    def _place_read_up_to(self, limit: datetime) -> tuple[datetime | None, str]:
        newest = self.staging.newest(after_seq=self.run.checkpoint["from_seq"])
        staged, staged_id = newest or (None, "")
        if staged is not None and staged > limit:
            staged, staged_id = limit, ""
        if staged is None or (self.synced.staged is not None and staged < self.synced.staged):
            staged, staged_id = self.synced.staged, self.synced.staged_id
        return staged, staged_id


def wait_after(seconds: float) -> float:
    """In how many seconds to ask again after a job that has lasted so long; each asking is a call."""
    return min(max(seconds / 2, FIRST_WAIT), LONGEST_WAIT)


def _unreadable(message: str) -> TryLater:
    return TryLater(code="UNREADABLE_ANSWER", message=message, scope="network")
