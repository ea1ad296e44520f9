"""Both sides and all that happens to them: a script is run over real HTTP, then sync is let settle."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.error import HTTPError

from django.db import connection as database

from crm import journal
from crm.models import Account, Contact, ContactRole, Deal, DealStage
from integrations import failpoints
from integrations.merging.here import merge_here
from integrations.models import Connection, OutboxEntry, SyncError, SyncRun
from integrations.sync.pull.role_plan import ROLE
from integrations.sync.pull.runs import open_run, start_check
from integrations.sync.push.drain import drain, next_due
from integrations.sync.push.shift import Tally
from integrations.sync.refusals import Refused
from integrations.sync.retrying import retry
from integrations.tests.pull import live
from integrations.tests.pull.in_step import org_rows
from integrations.tests.pull.seller import Seller
from integrations.tests.sandbox_process import SandboxOrg
from integrations.tests.two_sided import steps
from integrations.tests.two_sided.steps import Script, Step

MODELS: dict[str, Any] = {"account": Account, "contact": Contact, "lead": Contact, "deal": Deal}
OBJECTS = {"account": "Account", "contact": "Contact", "lead": "Lead", "deal": "Opportunity"}
EMAILS = ("", "a@one.example", "b@one.example", "c@two.example", "A@one.example", "d@two.example")
PEOPLE = {
    "title": ("Title", ("Buyer", "Head", "", "Chef ü", "Buyer", "x" * 128)),
    "phone": ("Phone", ("1", "2", "", "+49 3", "1", "4")),
    "source": ("LeadSource", ("Web", "Other", "", "Partner", "Web", "Nobody knows")),
    "email": ("Email", EMAILS),
    "email_opt_out": ("HasOptedOutOfEmail", (True, False, True, False, True, False)),
}
FIELDS: dict[str, dict[str, tuple[str, tuple[Any, ...]]]] = {
    "contact": PEOPLE | {"account": ("AccountId", ())},
    "lead": PEOPLE | {"first_name": ("FirstName", ("Ann", "Bob", "", "Ann", "Ö", "Bob"))},
    "account": {
        "industry": ("Industry", ("Banking", "Energy", "", "Banking", "Own words", "Energy")),
        "description": ("Description", ("one", "two", "", "line\nline", "one", "two")),
        "employees": ("NumberOfEmployees", (1, 2, None, 30, 1, 0)),
        "website": ("Website", ("https://one.example", "", "https://two.example", "", "one.example", "")),
        "annual_revenue": ("AnnualRevenue", (1, "2.5", None, 30, 1, 0)),
        "phone": ("Phone", ("1", "2", "", "+49 3", "1", "4")),
    },
    "deal": {
        "next_step": ("NextStep", ("call", "write", "", "call", "meet", "write")),
        "amount": ("Amount", ("10", "10.5", None, "20", "10", "0")),
        "close_date": ("CloseDate", tuple(f"2030-01-0{day}" for day in range(1, 7))),
        "stage": ("StageName", (0, 1, 2, 3, 1, 0)),
        "account": ("AccountId", ()),
        "description": ("Description", ("one", "two", "", "line\nline", "one", "two")),
    },
}
SYNC_USER = "integration@acme.example"
REFUSED = (400, 404)
STEP = 0.7  # seconds from one step to the next


class StillClock(live.Clock):
    """Moves when it is told to, so that a script does the same each time."""

    def __init__(self) -> None:
        super().__init__()
        self.began_at = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.began_at + self.skipped


class Killed(BaseException):
    """The worker is dead: nothing of it may run on, as after a SIGKILL."""


@dataclass
class World:
    """An org and a workspace, both empty, and the clock of the workers."""

    org: SandboxOrg
    connection: Connection
    seller: Seller
    clock: live.Clock = field(default_factory=StillClock)
    made: int = 0
    frozen: bool = False
    failpoints: bool = True
    out_of_sight: set[tuple[str, str]] = field(default_factory=set)

    def run(self, script: Script) -> None:
        for step in (*(steps.BEFORE if script.lived_in else ()), *script.steps):
            self.do(step)

    def do(self, step: Step) -> None:
        if not self.frozen:
            self.skip(STEP)
        name = f"_{type(step).__name__.lower()}"
        if name == "_make" or name in ("_edit", "_delete", "_role"):
            name = f"{name}_{getattr(step, 'side')}"  # noqa: B009
        getattr(self, name)(step)

    # Here

    def _make_here(self, step: steps.Make) -> None:
        self.made += 1
        values: dict[str, Any] = {"name": f"m{self.made}"}
        if step.kind in ("contact", "lead"):
            values = {"last_name": f"m{self.made}", "email": EMAILS[step.email], "company_name": "Ltd"}
        if step.kind == "deal":
            values |= {"close_date": "2030-01-01", "stage": self._stages()[step.email % 4]}
        if step.kind in ("contact", "deal") and step.parent is not None:
            values["account"] = self._pick_here("account", step.parent)
        with journal.acting(None, "web"):
            MODELS[step.kind].objects.create(**values)

    def _edit_here(self, step: steps.Edit) -> None:
        record = self._pick_here(step.kind, step.pick)
        if record is None:
            return
        name, (_, values) = list(FIELDS[step.kind].items())[step.field % len(FIELDS[step.kind])]
        value = values[step.value % len(values)] if values else None
        if name == "account":
            value = self._pick_here("account", step.value - 1) if step.value else None
        if name == "stage":
            value = self._stages()[int(str(value))]
        with journal.acting(None, "web"):
            record.change({name: value})

    def _delete_here(self, step: steps.Delete) -> None:
        record = self._pick_here(step.kind, step.pick)
        if record is not None:
            with journal.acting(None, "web"):
                record.delete()

    def _join(self, step: steps.Join) -> None:
        winner, loser = (self._pick_here(step.kind, pick) for pick in (step.winner, step.loser))
        if winner is None or winner == loser:
            return
        names = list(FIELDS[step.kind])
        take = [names[step.field % len(names)]]
        try:
            merge_here(
                kind=step.kind,
                survivor_id=winner.pk,
                loser_id=loser.pk,
                take=take,
                user=None,
                now=self.clock(),
            )
        except Refused:
            return  # one of the two is on its way just now

    def _role_here(self, step: steps.Role) -> None:
        deal, person = self._pick_here("deal", step.deal), self._pick_here("contact", step.person)
        if deal is None or person is None:
            return
        with journal.acting(None, "web"):
            found = ContactRole.objects.filter(deal=deal, contact=person).first()
            role = ("", "Decision Maker", "Other")[step.role % 3]
            if found is None:
                ContactRole.objects.create(deal=deal, contact=person, role=role)
            elif step.away:
                found.delete()
            else:
                found.role, found.is_primary = role, step.role > 5
                found.save(update_fields=["role", "is_primary"])

    def _pick_here(self, kind: str, pick: int) -> Any:
        found = list(MODELS[kind].objects.filter(merged_into=None).order_by("pk"))
        return found[pick % len(found)] if found else None

    def _stages(self) -> list[DealStage]:
        return list(DealStage.objects.filter(pipeline__locked=True).order_by("pk"))

    # There

    def _make_there(self, step: steps.Make) -> None:
        self.made += 1
        values: dict[str, Any] = {"Name": f"t{self.made}"}
        if step.kind in ("contact", "lead"):
            values = {"LastName": f"t{self.made}", "Email": EMAILS[step.email] or None}
        if step.kind == "lead":
            values["Company"] = "Ltd"
        if step.kind == "deal":
            stage = self._stages()[step.email % 4].name
            values |= {"StageName": stage, "CloseDate": "2030-01-01"}
        if step.kind in ("contact", "deal") and step.parent is not None:
            values["AccountId"] = self._pick_there("account", step.parent)
        if step.late:
            until = self.org_time() + timedelta(seconds=step.late)
            self.org.control(
                "POST",
                f"/records/{OBJECTS[step.kind]}",
                {"records": [values | {"visible_at": until.isoformat()}]},
            )
        else:
            self.seller.create(OBJECTS[step.kind], **values)

    def _edit_there(self, step: steps.Edit) -> None:
        record = self._pick_there(step.kind, step.pick)
        if record is None:
            return
        name, values = list(FIELDS[step.kind].values())[step.field % len(FIELDS[step.kind])]
        value = values[step.value % len(values)] if values else None
        if name == "AccountId":
            value = self._pick_there("account", step.value - 1) if step.value else None
        if name == "StageName":
            value = self._stages()[int(str(value))].name
        if name in ("Amount", "AnnualRevenue") and value is not None:
            value = float(value)
        self._as_a_person(lambda: self.seller.change(OBJECTS[step.kind], record, **{name: value or None}))

    def _delete_there(self, step: steps.Delete) -> None:
        record = self._pick_there(step.kind, step.pick)
        if record is not None:
            self._as_a_person(lambda: self.seller.delete(OBJECTS[step.kind], record))

    def _role_there(self, step: steps.Role) -> None:
        deal, person = self._pick_there("deal", step.deal), self._pick_there("contact", step.person)
        if deal is None or person is None:
            return
        soql = f"SELECT Id FROM {ROLE} WHERE OpportunityId = '{deal}' AND ContactId = '{person}'"  # noqa: S608
        found = org_rows(self.org, f"{soql} AND IsDeleted = false ORDER BY Id")
        values = {"Role": (None, "Decision Maker", "Other")[step.role % 3], "IsPrimary": step.role > 5}
        if not found:
            parents = {"OpportunityId": deal, "ContactId": person}
            self._as_a_person(lambda: self.seller.create(ROLE, **parents, **values))
        elif step.away:
            self._as_a_person(lambda: self.seller.delete(ROLE, found[0]["Id"]))
        else:
            self._as_a_person(lambda: self.seller.change(ROLE, found[0]["Id"], **values))

    def _undelete(self, step: steps.Undelete) -> None:
        record = self._pick_there(step.kind, step.pick, deleted=True)
        if record is not None:
            place = f"/records/{OBJECTS[step.kind]}/{record}/undelete"
            self._as_a_person(lambda: self.org.control("POST", place, {}))

    def _hide(self, step: steps.Hide) -> None:
        record = self._pick_there(step.kind, step.pick)
        if record is not None:
            self._show(OBJECTS[step.kind], record, hidden=step.hidden)

    def _show(self, name: str, record: str, *, hidden: bool) -> None:
        body = {"username": SYNC_USER, "hidden": hidden}
        self._as_a_person(lambda: self.org.control("POST", f"/records/{name}/{record}/hide", body))
        (self.out_of_sight.add if hidden else self.out_of_sight.discard)((name, record))

    def _merge(self, step: steps.Merge) -> None:
        winner, loser = (self._pick_there(step.kind, pick) for pick in (step.winner, step.loser))
        if winner is not None and winner != loser:
            place = f"/records/{OBJECTS[step.kind]}/{winner}/merge"
            self._as_a_person(lambda: self.org.control("POST", place, {"losers": [loser]}))

    def _convert(self, step: steps.Convert) -> None:
        lead = self._pick_there("lead", step.pick)
        account = None if step.parent is None else self._pick_there("account", step.parent)
        deal = f"Deal of {lead}" if step.with_deal else ""
        if lead is not None:
            body = {"account_id": account or "", "opportunity": deal}
            self._as_a_person(lambda: self.org.control("POST", f"/records/Lead/{lead}/convert", body))

    def _as_a_person(self, act: Callable[[], object]) -> None:
        """What Salesforce refuses a person isn't done: a record that isn't seen yet, say."""
        try:
            act()
        except HTTPError as error:
            if error.code not in REFUSED:
                raise

    def _pick_there(self, kind: str, pick: int, *, deleted: bool = False) -> str | None:
        name, gone = OBJECTS[kind], str(deleted).lower()
        merged = "" if kind == "deal" else " AND MasterRecordId = null"  # who was merged away stays so
        soql = f"SELECT Id FROM {name} WHERE IsDeleted = {gone}{merged} ORDER BY Id"  # noqa: S608
        found = [row["Id"] for row in org_rows(self.org, soql)]
        return found[pick % len(found)] if found else None

    # The map

    def _remap(self, step: steps.Remap) -> None:
        """Saved anew as it was: what both sides held stays comparable, only nobody knows who changed it last."""
        names = [name for name, _ in FIELDS[step.kind].values()]
        live.save_map(self.connection, OBJECTS[step.kind], names[step.field % len(names)])

    # Time and trouble

    def org_time(self) -> datetime:
        return datetime.fromisoformat(self.org.control("GET", "/clock")["now"])

    def _skip(self, step: steps.Skip) -> None:
        self.skip(step.seconds, step.side)

    def skip(self, seconds: float, side: str = "both") -> None:
        if side != "there":
            self.clock.skipped += timedelta(seconds=seconds)
        if side != "here":
            self.org.control("POST", "/clock", {"advance": seconds})

    def _freeze(self, _: steps.Freeze) -> None:
        self.frozen = not self.frozen

    def _fault(self, step: steps.Fault) -> None:
        match: dict[str, Any] = {"nth": step.nth, "user": SYNC_USER}
        if step.operation:
            match["operation"] = step.operation
        self.org.control("POST", "/faults", {"name": step.name, "match": match})

    # Sync

    def _push(self, step: steps.Push) -> None:
        with self._armed(step.at, step.then):
            self.push(most=step.most, rounds=step.rounds)

    def _pull(self, step: steps.Pull) -> None:
        with self._armed(step.at, step.then):
            self.pull(by_hand=step.by_hand)

    @contextmanager
    def _armed(self, at: str, then: tuple[Step, ...] | None) -> Iterator[None]:
        if not at or not self.failpoints:
            yield
            return
        dead = False

        def kill() -> None:
            nonlocal dead
            dead = True
            raise Killed

        def meanwhile() -> None:
            self.failpoints = False  # one thing at a time
            try:
                for step in then or ():
                    self.do(step)
            finally:
                self.failpoints = True

        def refuse_the_dead(execute: Any, *call: Any) -> Any:
            if dead:
                raise Killed
            return execute(*call)

        failpoints.arm(at, kill if then is None else meanwhile)
        try:
            with database.execute_wrapper(refuse_the_dead):
                yield
        except Killed:
            pass
        finally:
            failpoints.arm("")

    def push(self, *, most: int = 2000, rounds: int | None = None) -> Tally:
        org = live.door(self.connection)
        try:
            return drain(self.connection, org, clock=self.clock, seconds=60, most=most, rounds=rounds)
        finally:
            org.close()

    def pull(self, *, by_hand: bool = False, full: bool = False) -> SyncRun:
        """One run, or the rest of one."""
        run = open_run(self.connection)
        if run is None:
            trigger = SyncRun.Trigger.MANUAL if by_hand else SyncRun.Trigger.SCHEDULE
            run = live.start(self.connection, trigger=trigger, full=full)
        org = live.door(self.connection)
        clock = copy(self.clock)
        try:
            for _ in range(20):
                if live.slice_of(run, org=org, clock=clock, follow_schema=False):
                    break
                run.refresh_from_db()
                clock.skip_to(run.lease_until)
        finally:
            org.close()
        run.refresh_from_db()
        return run

    # The end

    def settle(self) -> None:
        """No more trouble, and as much time as it takes; what a person can retry, they retry once."""
        self.org.control("DELETE", "/faults")
        for name, record in sorted(self.out_of_sight):
            self._show(name, record, hidden=False)
        self.skip(400)  # what is to come late there comes, and a dead worker's claims run out
        if open_run(self.connection):
            self.pull()  # it goes on with what it read before
        self._until_nothing_is_due()
        errors = SyncError.objects.filter(source="push", state=SyncError.State.OPEN)
        if errors.exists():
            retry(errors, now=self.clock())
            self._until_nothing_is_due()
        self._compare()

    def _compare(self) -> None:
        """What was shown again has no new stamp there: no pull finds it, a comparison does."""
        self._check(repairs=True)
        self._until_nothing_is_due()
        found = self._check(repairs=False)
        assert not found, f"Settled, and yet the check finds {found}."

    def _check(self, *, repairs: bool) -> dict[str, int]:
        """How many it finds different, by object."""
        self.skip(5)  # past the second of our last write
        schedule = SyncRun.Trigger.SCHEDULE
        run = start_check(connection=self.connection, trigger=schedule, repairs=repairs, now=self.clock())
        self.pull()
        run.refresh_from_db()
        assert run.state == SyncRun.State.SUCCEEDED, run.error
        return {child.object: n for child in run.children.all() if (n := child.counts.get("different"))}

    def _until_nothing_is_due(self) -> None:
        self._push_all()
        for _ in range(10):
            stale = self._is_stale(self.pull())
            if not self._push_all() and not stale:
                return
            self.skip(2)  # a page asked for in the second of our last write may be stale
        raise AssertionError("Pulls and pushes don't come to an end.")

    def _push_all(self) -> bool:
        """Until nothing waits for its time; whether anything moved."""
        moved = False
        for _ in range(40):
            moved = any(self.push().as_dict().values()) or moved
            due = next_due()
            if due is None:
                if not self.in_flight():
                    return moved
                self.skip(301)
            else:
                self.skip(max((due - self.clock()).total_seconds(), 0) + 0.1)
        raise AssertionError(f"The outbox doesn't empty: {list(OutboxEntry.objects.values())}")

    def _is_stale(self, run: SyncRun) -> bool:
        """Whether it left anything to the next one."""
        return run.state != "succeeded" or any(child.counts.get("stale") for child in run.children.all())

    def in_flight(self) -> bool:
        return OutboxEntry.objects.filter(state="in_flight").exists()
