"""The four kinds of write that the fault matrix sends: what is done here, and what must then stand there, once."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from crm import journal
from crm.models import Contact, ContactRole, Deal, DealStage
from integrations.models import ApiAllowance, OutboxEntry, SyncError
from integrations.sync.external_ids import FIELD
from integrations.sync.push.drain import next_due
from integrations.sync.retrying import retry
from integrations.tests.push.pushing import Desk
from integrations.tests.sandbox_process import SandboxOrg

Row = dict[str, Any]


class Write:
    """One kind of write of `count` records, whose names nobody else in the org has."""

    object = "Contact"
    operations = "create,upsert"

    def __init__(self, desk: Desk, running: SandboxOrg, *, count: int, tag: str) -> None:
        self.desk = desk
        self.running = running
        self.tag = tag
        self.names = [f"{tag}{n:03d}" for n in range(count)]

    def prepare(self) -> None:
        """What is there, linked, before anything goes wrong."""

    def act(self) -> None:
        """The edit that is to go out."""
        raise NotImplementedError

    def expected(self) -> list[tuple[str, str]]:
        """Who stands there in the end, by name and title, sorted."""
        return [(name, "Made") for name in self.names]

    def there(self) -> list[tuple[str, str]]:
        """Who stands there."""
        rows = self.ask(f"SELECT LastName, Title FROM Contact WHERE LastName LIKE '{self.tag}%'")
        return sorted((row["LastName"], row["Title"]) for row in rows)

    def keys(self) -> list[str | None]:
        """Our keys in Salesforce, where the object carries one."""
        rows = self.ask(f"SELECT {FIELD} FROM Contact WHERE LastName LIKE '{self.tag}%'")
        return [row[FIELD] for row in rows]

    def ask(self, soql: str) -> list[Row]:
        """Past all rules, counts and faults."""
        return list(self.running.control("GET", f"/query?q={quote(soql)}")["records"])

    def make_people(self) -> list[Contact]:
        people = [
            Contact(last_name=name, email=f"{name}@acme.example".lower(), title="Made") for name in self.names
        ]
        with journal.acting(None, "web"):
            return Contact.objects.bulk_create(people)


class Create(Write):
    def act(self) -> None:
        self.make_people()


class Update(Write):
    operations = "update"

    def prepare(self) -> None:
        self.people = self.make_people()
        self.desk.push()

    def act(self) -> None:
        with journal.acting(None, "web"):
            Contact.objects.filter(pk__in=[person.pk for person in self.people]).update(title="Changed")

    def expected(self) -> list[tuple[str, str]]:
        return [(name, "Changed") for name in self.names]


class Delete(Write):
    """Many deletes at once have got their yes before anything goes wrong."""

    operations = "delete"

    def prepare(self) -> None:
        self.people = self.make_people()
        self.desk.push()

    def act(self) -> None:
        with journal.acting(None, "web"):
            Contact.objects.filter(pk__in=[person.pk for person in self.people]).delete()
        OutboxEntry.objects.update(manual=True)

    def expected(self) -> list[tuple[str, str]]:
        return []


class Role(Write):
    """A deal and its people go with the roles, which wait for them."""

    object = "OpportunityContactRole"

    def act(self) -> None:
        stage = DealStage.objects.filter(pipeline__locked=True).first()
        deal = self.desk.create(Deal, name=f"{self.tag} deal", close_date="2030-12-31", stage=stage)
        roles = [ContactRole(deal=deal, contact=person, role="Made") for person in self.make_people()]
        with journal.acting(None, "web"):
            ContactRole.objects.bulk_create(roles)

    def there(self) -> list[tuple[str, str]]:
        rows = self.ask(
            "SELECT Contact.LastName, Role FROM OpportunityContactRole"
            f" WHERE Opportunity.Name = '{self.tag} deal'"
        )
        return sorted((row["Contact"]["LastName"], row["Role"]) for row in rows)

    def keys(self) -> list[str | None]:
        soql = f"SELECT {FIELD} FROM OpportunityContactRole WHERE Opportunity.Name = '{self.tag} deal'"
        return [row[FIELD] for row in self.ask(soql)]


class Recovery:
    """The fault is over, time passes on both sides, and whoever is needed does their part."""

    def __init__(self, desk: Desk, running: SandboxOrg) -> None:
        self.desk = desk
        self.running = running

    def settle(self, *, fixes: int = 2, pushes: int = 60) -> None:
        """Push whatever becomes due, until nothing is. What then needs a person is retried `fixes` times."""
        for _ in range(pushes):
            self.desk.push()
            self.desk.sign_in()
            due = next_due()
            if due is not None:
                self.pass_time((max(due, self._quota_waits()) - self.desk.clock()).total_seconds())
            elif not (fixes and self._fix()):
                return
            else:
                fixes -= 1
        raise AssertionError(f"The outbox doesn't empty: {outbox()}")

    def pass_time(self, seconds: float) -> None:
        """Here and there: neither clock leaves the other behind."""
        if seconds > 0:
            step = timedelta(seconds=seconds + 0.001)
            self.desk.clock.skipped += step
            self.running.control("POST", "/clock", {"advance": step.total_seconds()})

    def _quota_waits(self) -> datetime:
        """Until when nobody asks anything of an org whose calls are used up."""
        allowance = ApiAllowance.objects.filter(connection=self.desk.connection).first()
        return (allowance and allowance.waits_until) or self.desk.clock()

    def _fix(self) -> int:
        return retry(SyncError.objects.filter(state=SyncError.State.OPEN), now=self.desk.clock())


def outbox() -> list[Any]:
    """What still waits, and why, for a failing test to show."""
    entries = OutboxEntry.objects.values("kind", "record_id", "state", "not_before", "attempts", "payload")
    errors = SyncError.objects.exclude(state="closed").values("record_id", "code", "message", "state")
    return [*entries[:5], *errors[:5]]
