"""Somebody who works in the workspace, and the push that follows them."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from crm import journal
from crm.models import Account, Contact, ContactRole, Deal
from integrations.models import Connection, OutboxEntry, RecordLink
from integrations.salesforce.door import TIMEOUT
from integrations.sync.connecting import sign_in_again
from integrations.sync.push.drain import drain, next_due
from integrations.sync.push.shift import Tally
from integrations.tests.pull.live import Clock, door
from integrations.tests.sandbox_process import SandboxOrg

Kind = type[Account] | type[Contact] | type[Deal] | type[ContactRole]


@dataclass
class Desk:
    """Writes as a person does, journaled, and pushes with a clock that can skip waits."""

    connection: Connection
    clock: Clock = field(default_factory=Clock)
    timeout: tuple[float, float] = TIMEOUT

    def create(self, model: Any, **values: Any) -> Any:
        with journal.acting(None, "web"):
            return model.objects.create(**values)

    def change(self, record: Any, **values: Any) -> None:
        with journal.acting(None, "web"):
            record.change(values)

    def delete(self, record: Any) -> None:
        with journal.acting(None, "web"):
            record.delete()

    def push(self) -> Tally:
        """What is due now, in one worker."""
        org = door(self.connection, timeout=self.timeout)
        try:
            return drain(self.connection, org, clock=self.clock, seconds=60)
        finally:
            org.close()

    def say_something(self) -> None:
        """A call that changes nothing: the session in use is known to be good after it."""
        org = door(self.connection)
        org.query_page("SELECT Id FROM User LIMIT 1")
        org.close()

    def sign_in(self) -> None:
        """As an admin does once Salesforce takes our tokens no more."""
        self.connection.refresh_from_db()
        if self.connection.needs_sign_in_since:
            sign_in_again(self.connection, user=None, now=self.clock())
            self.connection.refresh_from_db()

    def push_all(self, tries: int = 60) -> None:
        """Until nothing waits for its time any more."""
        for _ in range(tries):
            self.push()
            due = next_due()
            if due is None:
                return
            self.clock.skip_to(due + timedelta(milliseconds=1))
        raise AssertionError(f"The outbox doesn't empty: {list(OutboxEntry.objects.values())}")

    def link_of(self, record: Any) -> RecordLink:
        return RecordLink.objects.get(kind=record.kind, record_id=record.pk, state="linked")


def fault(org: SandboxOrg, name: str, do: dict[str, Any] | None = None, **match: Any) -> None:
    """Have the calls that match meet a named fault, its effect amended by `do`."""
    org.control("POST", "/faults", {"name": name, "match": match} | ({"do": do} if do else {}))


def push_once(desk: Desk, **limits: Any) -> Tally:
    """Once through the outbox, so that what is lost stays so."""
    org = door(desk.connection)
    try:
        return drain(desk.connection, org, clock=desk.clock, seconds=60, rounds=1, **limits)
    finally:
        org.close()


def states() -> list[tuple[str, str]]:
    """Kind and state of each row of the outbox."""
    return sorted(OutboxEntry.objects.values_list("kind", "state"))
