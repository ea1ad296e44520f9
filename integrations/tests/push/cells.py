"""One cell of the fault matrix: what is written, by which fault it is met, and what has to stand there in the end."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from crm import journal
from crm.models import Contact, ContactRole, Deal, DealStage
from integrations.models import Connection, OutboxEntry, SyncError, SyncSettings
from integrations.salesforce.org import Org
from integrations.sync.push.drain import drain
from integrations.sync.retrying import retry
from integrations.tests.pull import live
from integrations.tests.sandbox_process import SandboxOrg
from integrations.tokens import ConnectionTokens

OPERATIONS = {"create": "create,upsert", "role": "create,upsert", "update": "update", "delete": "delete"}


@dataclass
class Cell:
    """Drives one case from its first write to rest."""

    org: SandboxOrg
    connection: Connection
    case: str
    count: int
    clock: live.Clock

    def prepare(self, mark: str) -> None:
        """What has to be there before the fault."""
        self.mark = mark
        SyncSettings.objects.update(contacts_delete_sync=True)
        if self.case == "role":
            stage = DealStage.objects.filter(pipeline__locked=True).first()
            with journal.acting(None, "web"):
                self.deal = Deal.objects.create(name=mark, close_date="2026-12-31", stage=stage)
        if self.case != "create":
            self._people("before")
            self.push()
            assert not OutboxEntry.objects.exists(), list(SyncError.objects.values())

    def write(self) -> None:
        """The edit that meets the fault."""
        if self.case == "create":
            self._people("after")
            return
        with journal.acting(None, "web"):
            people = Contact.objects.filter(last_name__startswith=self.mark)
            if self.case == "update":
                people.update(title="after")
            elif self.case == "delete":
                people.delete()
                OutboxEntry.objects.update(manual=True)  # the yes to a mass delete
            else:
                ContactRole.objects.bulk_create(
                    ContactRole(deal=self.deal, contact=person, role="Evaluator") for person in people
                )

    def _people(self, title: str) -> None:
        with journal.acting(None, "web"):
            Contact.objects.bulk_create(
                Contact(last_name=f"{self.mark}-{n}", title=title) for n in range(self.count)
            )

    def push(self, *, patience: float = 30.0) -> None:
        org = Org(ConnectionTokens(self.connection.pk), sleep=lambda _: None, timeout=(10.0, patience))
        try:
            drain(self.connection, org, clock=self.clock, seconds=60)
        finally:
            org.close()

    def recover(self) -> None:
        """The fault is over: who has to sign in does, who has to retry does, and time passes on both sides."""
        for pause in (5, 61, 120, 600, 900, 900):
            Connection.objects.filter(needs_sign_in_since__isnull=False).exists() and live.connect(self.org)
            retry(SyncError.objects.filter(state="open"), now=self.clock())
            self.push()
            self.org.control("POST", "/clock", {"advance": pause})
            self.clock.skipped += timedelta(seconds=pause)
            self.push()
            if pause > 5 and not OutboxEntry.objects.exists():
                return

    def there(self) -> list[dict[str, Any]]:
        """The records that Salesforce holds of this cell."""
        soql = f"SELECT LastName, Title FROM Contact WHERE LastName LIKE '{self.mark}-%'"
        if self.case == "role":
            soql = (
                f"SELECT ContactId, Role FROM OpportunityContactRole WHERE Opportunity.Name = '{self.mark}'"
            )
        answer = self.org.control("GET", f"/query?q={quote(soql)}")
        return list(answer["records"])

    def assert_at_rest(self) -> None:
        """Each record once, with the right values; nothing waits; every error is closed."""
        rows = self.there()
        keys = {row.get("LastName") or row.get("ContactId") for row in rows}
        expected = 0 if self.case == "delete" else self.count
        assert (len(rows), len(keys)) == (expected, expected)
        assert {row.get("Title") or row.get("Role") for row in rows} <= {"after", "Evaluator"}
        assert not list(OutboxEntry.objects.values("state", "payload", "waits_for_kind"))
        assert not list(SyncError.objects.exclude(state="closed").values("code", "message"))
