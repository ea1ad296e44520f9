"""Applying staged rows: chunk by chunk, each one transaction with its checkpoint inside.

A chunk is safe to repeat and safe to lose. Locks are taken before our side is read, so that an edit made
meanwhile is seen, never overwritten (design, *Traps*).
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from django.db import connection as database
from django.db.models import F
from psycopg import sql

from crm.journal import uncaptured
from crm.models import Kind
from integrations.failpoints import reach
from integrations.models import SyncedObject, SyncRun
from integrations.sync.map_lock import keep_maps
from integrations.sync.pull import chunk_sql, rereading
from integrations.sync.pull.comparing import compare_pulled
from integrations.sync.pull.lead_accounts import LeadAccounts
from integrations.sync.pull.leads import LeadsAndContacts
from integrations.sync.pull.lease import Lease
from integrations.sync.pull.outside import AroundFilter
from integrations.sync.pull.own_creates import OwnCreates
from integrations.sync.pull.plan import ObjectPlan
from integrations.sync.pull.roles import RolesAndParents
from integrations.sync.pull.staging import StagingTable
from integrations.sync.pull.statements import Statements

MERGED = sql.SQL("SELECT coalesce(sum(conflicts), 0)::int, count(*) FILTER (WHERE NOT is_match) FROM decided")
DONT_WAIT = sql.SQL("SELECT set_config('synchronous_commit', 'off', true)")
"""For the disk: a chunk that a crash of PostgreSQL loses takes its checkpoint along. Whatever is committed after it and
does wait, such as what a push is about to send, waits for it too."""
ROOM = sql.SQL(
    "SELECT set_config('work_mem', '128MB', true), set_config('jit', 'off', true),"
    " set_config('enable_memoize', 'off', true)"
)
"""To sort in memory; and no row of a chunk asks what another has asked."""
CHUNK_ROWS = 10_000
T = TypeVar("T")

COUNTED = (
    "seen",
    "created",
    "matched",
    "unchanged",
    "met",
    "suppressed",
    "deleted",
    "ignored",
    "newly_suppressed",
    "undeleted",
    "converted",
    "rejected",
    "stale",
    "known_gone",
    "folded",
    "released",
    "taken",
    "apart",
    "relinked",
    "ended",
    "skipped_gone",
    "more_there",
)
PROMISED = (
    *("seen", "created", "updated", "unchanged", "matched", "suppressed", "deleted", "merged", "converted"),
    *("duplicates", "conflicts", "rejected", "filled", "overwritten"),
)
"""The keys that `pull --json` promises (spec, *Command line*)."""
MORE_COUNTS = ("ignored", "stale")
LOCKED = ("met", "matched", "deleted", "known_gone", "folded", "taken", "apart", "ended")
"""What meets a record or a link that is there already."""


def no_counts() -> dict[str, int]:
    return dict.fromkeys(PROMISED, 0)


class Applier:
    """Applies one object's staged rows for one run."""

    def __init__(self, *, plan: ObjectPlan, staging: StagingTable, run: SyncRun, lease: Lease) -> None:
        self.plan = plan
        self.staging = staging
        self.run = run
        self.lease = lease
        self.statements = Statements(plan, staging.name)
        self.own_creates = OwnCreates(plan, staging)
        self.leads = LeadsAndContacts(self.statements, lease=lease)
        self.around_filter = AroundFilter(self.statements)
        self.roles = RolesAndParents(self.statements, run=run)
        self.lead_accounts = LeadAccounts(self.statements)
        self.matches = plan.matches and self._has_unlinked()
        self.rereads = bool(_fetch(self.statements.fill(rereading.HAS_REREADS))[0])

    def apply_chunk(self, *, last_seq: int) -> bool:
        """Apply the next chunk and save the place; True when rows are left. Raises LeaseLost, MapChanged."""
        first = int(self.run.checkpoint.get("applied", 0))
        if first >= last_seq:
            return False
        until = min(first + CHUNK_ROWS, last_seq)
        self._by_plan(partial(self._apply, first, until))
        reach("pull.chunk committed")
        return until < last_seq

    def adopt_late_parents(self) -> None:
        """Give records the account that was pulled after them (C7), some thousands a transaction.

        Raises LeaseLost, MapChanged.
        """
        last: int | None = 0 if self.statements.next_waiting else None
        while last is not None:
            last = self._by_plan(partial(self._adopt_after, last))
        while self._by_plan(self._match_noted):
            pass

    def _by_plan(self, step: Callable[[], T]) -> T:
        """A transaction that compares and writes by what the plan says. Raises LeaseLost, MapChanged."""

        def kept() -> T:
            keep_maps(self.plan.maps)
            return step()

        return self.lease.write(self.run, kept)

    def _match_noted(self) -> bool:
        with writing_pulled():
            more = self.lead_accounts.match_noted()
            self._count_adopted()
        return more

    def _reads_all(self) -> bool:
        return self.run.full or self.run.watermark_before is None

    def _adopt_after(self, link_id: int) -> int | None:
        """The id of the last link looked at; None where none was left."""
        with writing_pulled():
            if self.statements.next_waiting is None or not execute(self.statements.next_waiting, [link_id]):
                return None
            found, *rest = self.statements.late_parents
            if execute(found):
                for statement in rest:
                    execute(statement)
                self._count_adopted()
            return int(_fetch(sql.SQL(chunk_sql.LAST_WAITING))[0])

    def _count_adopted(self) -> None:
        more = compare_pulled(self.plan.kind, creates=False)
        self.run.counts = self.run.counts | {"duplicates": self.run.counts.get("duplicates", 0) + more}
        self.run.save(update_fields=["counts"])

    def _apply(self, first: int, until: int) -> None:
        execute(DONT_WAIT)
        with writing_pulled():
            counts = self._write(first, until)
        self._save(until, counts)
        reach("pull.chunk written")

    def _write(self, first: int, until: int) -> Counter[str]:
        statements = self.statements
        waiting = self.own_creates.adopt(first, until, now=self.lease.clock())
        execute(statements.chunk(first, until))
        if waiting:
            execute(sql.SQL(chunk_sql.LET_WAIT), [waiting])
        self.leads.find()
        self.around_filter.judge()
        if self.matches and statements.match is not None:
            execute(statements.match)
        counts = self._lock(self._count())
        if counts["created"]:
            execute(statements.create_records)
        if counts["taken"]:
            counts["met"] += self.leads.move()
        if counts["met"] or counts["matched"]:
            counts += merge(statements)
            # What was deleted here is left alone: its link meets no record.
            counts["ignored"] += counts["met"] - counts["updated"] - counts["merged_alike"]
            counts["unchanged"] += counts["merged_alike"]
        else:
            close_questions(statements)
        self._link(counts)
        counts["merged"] += self.leads.settle(counts)
        self.around_filter.settle(counts)
        self.roles.settle(counts)
        self.lead_accounts.settle(reads_all_from_here=first == 0 and self._reads_all())
        for statement in statements.report_unfit:
            execute(statement)
        counts["duplicates"] = compare_pulled(self.plan.kind, creates=counts["created"] > 0)
        return counts

    def _lock(self, counts: Counter[str]) -> Counter[str]:
        """Lock what the chunk meets, and look again at what may have changed until then.

        A match that was deleted, linked or sent meanwhile becomes a new record; a row that was read before
        our last write to its record was answered is left alone.
        """
        if any(counts[key] for key in LOCKED):
            for lock in self.statements.locks:
                execute(lock)
        changed = counts["matched"] and execute(self.statements.create_lost_matches)
        if any(counts[key] for key in ("met", "deleted", "undeleted", "folded", "released", "apart")):
            changed += execute(self.statements.leave_stale)
        if counts["ended"]:
            changed += execute(self.statements.keep_alone)
        changed += self.leads.confirm(counts) + self.roles.confirm(counts)
        return self._count() if changed else counts

    def _link(self, counts: Counter[str]) -> None:
        statements = self.statements
        if counts["created"] or counts["matched"] or counts["suppressed"]:
            execute(statements.create_links)
        if counts["relinked"]:
            execute(statements.link_again)
        if counts["matched"] and statements.ask_of_matches is not None:
            execute(statements.ask_of_matches)
        if counts["deleted"] or counts["known_gone"]:
            for statement in statements.mark_gone:
                execute(statement)
        if counts["ended"]:
            execute(statements.end_left_out)
        if counts["skipped_gone"]:
            execute(sql.SQL(chunk_sql.SEE_SKIPPED))
        if counts["undeleted"]:
            execute(statements.forget_removals)
        if self.rereads:
            execute(sql.SQL(rereading.FORGET_REREADS))

    def _has_unlinked(self) -> bool:
        """Whether any record could be matched; asked once an object, as it looks at all of them.

        Roles are looked up by deal and person, whose index says it at once.
        """
        if self.plan.kind == Kind.CONTACT_ROLE:
            return True
        place = self.run.checkpoint
        if "matches" not in place:
            self.run.checkpoint = place | {"matches": bool(_fetch(self.statements.has_unlinked)[0])}
        return bool(self.run.checkpoint["matches"])

    def _read_stale_again(self) -> dict[str, str]:
        """The earliest stamp that has to be read again, of this chunk and those before.

        What has a link is asked for by its id.
        """
        execute(sql.SQL(rereading.REREAD_STALE))
        (earliest,) = _fetch(sql.SQL(chunk_sql.STALE_FROM))
        known = [datetime.fromisoformat(at) for at in [self.run.checkpoint.get("stale_from")] if at]
        return {"stale_from": min([*known, earliest]).isoformat()} if earliest else {}

    def _count(self) -> Counter[str]:
        return Counter(dict(zip(COUNTED, map(int, _fetch(self.statements.count)), strict=True)))

    def _save(self, until: int, counts: Counter[str]) -> None:
        self.lease.check()
        run = self.run
        run.checkpoint = {**run.checkpoint, "applied": until} | (
            self._read_stale_again() if counts["stale"] else {}
        )
        run.counts |= {key: run.counts.get(key, 0) + counts[key] for key in (*PROMISED, *MORE_COUNTS)}
        run.done += counts["seen"]
        run.save(update_fields=["checkpoint", "counts", "done"])
        linked = counts["created"] + counts["matched"] + counts["taken"] - counts["deleted"]
        SyncedObject.objects.filter(connection=run.connection_id, name=self.plan.object).update(
            linked=F("linked") + linked,
            there=F("there") + counts["more_there"],
            gone=F("gone") + counts["deleted"] + counts["ended"] - counts["undeleted"],
            suppressed=F("suppressed") + counts["newly_suppressed"] - counts["released"] - counts["ended"],
            hidden=F("hidden") + (linked if self.plan.hidden else 0),
            outside=F("outside") + (linked if self.plan.outside else 0),
        )


def merge(statements: Statements) -> Counter[str]:
    """Three-way merge of the chunk's rows that meet a record here, which are locked (C11)."""
    execute(statements.decide)
    conflicts, met = _fetch(MERGED)
    if conflicts:
        execute(statements.note_conflicts)
    updated = _fetch(statements.update_records)[0] if statements.update_records else 0
    execute(statements.update_links)
    close_questions(statements)
    return Counter(updated=updated, merged_alike=met - updated, conflicts=conflicts)


def close_questions(statements: Statements) -> None:
    """Those about the chunk's rows that have answered themselves."""
    if _fetch(statements.has_questions)[0]:
        execute(statements.close_questions)


@contextmanager
def writing_pulled() -> Iterator[None]:
    """Open a transaction for a chunk's statements, which write what Salesforce holds and journal it themselves.

    It has room to sort, and none of an outer transaction's temporary tables.
    """
    with uncaptured():
        execute(
            sql.SQL("DROP TABLE IF EXISTS pg_temp.chunk, pg_temp.decided, pg_temp.waiting, pg_temp.taken")
        )
        execute(ROOM)
        yield


def execute(statement: sql.Composable, parameters: list[Any] | None = None) -> int:
    with database.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def _fetch(statement: sql.Composable) -> tuple[Any, ...]:
    with database.cursor() as cursor:
        cursor.execute(statement)
        return tuple(cursor.fetchone() or ())
