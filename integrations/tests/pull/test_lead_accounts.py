"""A lead joins the account at its e-mail's domain (spec C7), and its page says why."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from crm.journal import acting
from crm.models import Account, Contact, JournalEntry
from crm.tests.factories import make_account, make_contact
from integrations.lead_accounts_told import beside, of_field, reason
from integrations.models import Connection, DomainToMatch, OutboxEntry, RecordLink, SyncSettings
from integrations.sync.pull.lead_accounts import LeadAccounts, note_all_domains
from integrations.tests import factories
from integrations.tests.factories import NOW, row
from integrations.tests.pull.pulling import pull_rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def live() -> Connection:
    live = factories.connection()
    factories.schemas(live)
    return live


def lead(number: int, mail: str | None, later: int = 0, **values: Any) -> dict[str, Any]:
    at = NOW + timedelta(minutes=later)
    return row("Lead", number, at, **({"LastName": f"Lead {number}", "Company": "X", "Email": mail} | values))


def company(number: int, domain: str, later: int = 0, **values: Any) -> dict[str, Any]:
    at = NOW + timedelta(minutes=later)
    return row(
        "Account",
        number,
        at,
        **({"Name": f"A{number}", "Website": domain and f"https://www.{domain}"} | values),
    )


def person(number: int = 1) -> Contact:
    link = RecordLink.objects.get(
        salesforce_object="Lead", salesforce_id=factories.salesforce_id("00Q", number)
    )
    return Contact.objects.get(pk=link.record_id or 0)


def account_of(number: int = 1) -> str:
    return str(person(number).account or "")


def switch(*, on: bool) -> None:
    settings = SyncSettings.current()
    settings.match_leads_to_accounts = on
    settings.save()


def edit(record: Any, **values: Any) -> None:
    with acting(None, "web"):
        record.change(values)


@pytest.mark.parametrize(
    ("mail", "domain", "joins"),
    [
        ("jane@acme.com", "acme.com", True),
        ("Jane@ACME.com", "acme.com", True),
        ("jane@mail.berlin.acme.com", "acme.com", True),
        ("jane@acme.co.uk", "acme.co.uk", True),
        ("jane@other.co.uk", "acme.co.uk", False),
        ("jane@notacme.com", "acme.com", False),
        ("jane@acme.com.evil.org", "acme.com", False),
        ("jane@gmail.com", "gmail.com", False),
        ("jane@tutanota.com", "tutanota.com", False),
        ("jane@mail.yahoo.co.uk", "yahoo.co.uk", False),
        ("jane", "acme.com", False),
        ("", "acme.com", False),
        (None, "acme.com", False),
    ],
)
def test_a_lead_joins_the_account_at_the_registrable_domain(
    live: Connection, mail: str | None, domain: str, joins: bool
) -> None:
    pull_rows(live, "Account", [company(1, domain)])
    pull_rows(live, "Lead", [lead(1, mail)])
    assert account_of() == ("A1" if joins else "")


def test_of_several_the_one_with_most_people_is_taken(live: Connection) -> None:
    pull_rows(live, "Account", [company(n, "acme.com") for n in (1, 2, 3)])
    second = Account.objects.get(name="A2")
    make_contact(account=second)
    make_contact(account=second)
    make_contact(account=Account.objects.get(name="A1"))
    pull_rows(live, "Lead", [lead(1, "jane@acme.com")])
    assert account_of() == "A2"
    assert beside(person())["account"].endswith("of 3 accounts there, this one had most people (2 people).")


def test_of_several_alike_the_oldest_in_salesforce_is_taken(live: Connection) -> None:
    pull_rows(live, "Account", [company(7, "acme.com")])
    pull_rows(live, "Account", [company(3, "acme.com")])
    pull_rows(live, "Lead", [lead(1, "jane@acme.com")])
    assert account_of() == "A3"


def test_a_merged_account_is_none(live: Connection) -> None:
    pull_rows(live, "Account", [company(1, "acme.com"), company(2, "other.com")])
    edit(Account.objects.get(name="A1"), merged_into=Account.objects.get(name="A2"), hidden=True)
    pull_rows(live, "Lead", [lead(1, "jane@acme.com")])
    assert account_of() == ""


def test_an_account_that_comes_later_is_found(live: Connection) -> None:
    pull_rows(live, "Lead", [lead(1, "jane@mail.acme.com"), lead(2, "joe@acme.co"), lead(3, "x@my-acme.com")])
    pull_rows(live, "Account", [company(1, "acme.com")])
    pull_rows(live, "Lead", [])
    assert [account_of(n) for n in (1, 2, 3)] == ["A1", "", ""]
    assert not DomainToMatch.objects.exists()


def test_without_leads_nothing_is_noted_for_long(live: Connection) -> None:
    pull_rows(live, "Account", [company(1, "acme.com")])
    assert not DomainToMatch.objects.exists()


@pytest.mark.parametrize(("many", "left"), [(0, 1), (10, 5)])
def test_where_leads_are_no_longer_read_a_domain_is_noted_once(
    live: Connection, monkeypatch: pytest.MonkeyPatch, many: int, left: int
) -> None:
    monkeypatch.setattr("integrations.sync.pull.lead_accounts.MANY_NOTES", many)
    pull_rows(live, "Lead", [lead(1, "jane@acme.com")])
    for _ in range(5):
        make_account(domain="acme.com")
    pull_rows(live, "Account", [])
    assert DomainToMatch.objects.count() == left


def test_an_account_made_here_is_found(live: Connection) -> None:
    pull_rows(live, "Lead", [lead(1, "jane@acme.com")])
    with acting(None, "web"):
        Account.objects.create(name="Ours", domain="acme.com")
    pull_rows(live, "Lead", [])
    assert account_of() == "Ours"


def test_an_account_whose_domain_changes_gives_its_leads_to_the_next(live: Connection) -> None:
    pull_rows(live, "Account", [company(1, "acme.com"), company(2, "acme.com")])
    pull_rows(live, "Lead", [lead(1, "jane@acme.com")])
    edit(Account.objects.get(name="A1"), domain="new.com")
    pull_rows(live, "Lead", [])
    assert account_of() == "A2"


def test_a_deleted_account_gives_its_leads_to_the_next(live: Connection) -> None:
    pull_rows(live, "Account", [company(1, "acme.com"), company(2, "acme.com")])
    pull_rows(live, "Lead", [lead(1, "jane@acme.com")])
    with acting(None, "web"):
        Account.objects.get(name="A1").delete()
    pull_rows(live, "Lead", [])
    assert account_of() == "A2"


def test_another_account_with_more_people_changes_nothing(live: Connection) -> None:
    pull_rows(live, "Account", [company(1, "acme.com"), company(2, "acme.com")])
    pull_rows(live, "Lead", [lead(1, "jane@acme.com")])
    for _ in range(3):
        make_contact(account=Account.objects.get(name="A2"))
    pull_rows(live, "Lead", [lead(1, "jane@acme.com", later=1, Title="Boss")])
    assert account_of() == "A1"


@pytest.mark.parametrize(
    ("mail", "joined"), [("j@other.com", "A2"), ("j@gmail.com", ""), ("j@none.com", ""), (None, "")]
)
def test_a_changed_e_mail_moves_the_lead(live: Connection, mail: str | None, joined: str) -> None:
    pull_rows(live, "Account", [company(1, "acme.com"), company(2, "other.com")])
    pull_rows(live, "Lead", [lead(1, "jane@acme.com")])
    pull_rows(live, "Lead", [lead(1, mail, later=1)])
    assert account_of() == joined
    assert bool(beside(person())) == bool(joined)


def test_an_account_chosen_by_hand_stays(live: Connection) -> None:
    pull_rows(live, "Account", [company(1, "acme.com"), company(2, "other.com")])
    pull_rows(live, "Lead", [lead(1, "jane@acme.com")])
    edit(person(), account=Account.objects.get(name="A2"))
    pull_rows(live, "Lead", [lead(1, "jane@acme.com", later=1, Title="Boss")])
    assert account_of() == "A2"
    assert beside(person()) == {}


def test_an_account_taken_away_by_hand_stays_away(live: Connection) -> None:
    pull_rows(live, "Account", [company(1, "acme.com"), company(2, "acme.com")])
    pull_rows(live, "Lead", [lead(1, "jane@acme.com")])
    edit(person(), account=None)
    edit(Account.objects.get(name="A2"), domain="else.com")
    note_all_domains()
    pull_rows(live, "Lead", [lead(1, "jane@acme.com", later=1, Title="Boss")])
    assert account_of() == ""


def test_switched_off_nothing_is_matched_and_switched_on_all(live: Connection) -> None:
    switch(on=False)
    pull_rows(live, "Account", [company(1, "acme.com")])
    pull_rows(live, "Lead", [lead(1, "jane@acme.com")])
    assert (account_of(), DomainToMatch.objects.count()) == ("", 0)
    switch(on=True)
    note_all_domains()
    pull_rows(live, "Lead", [])
    assert account_of() == "A1"


def test_a_contact_is_never_matched(live: Connection) -> None:
    pull_rows(live, "Account", [company(1, "acme.com")])
    pull_rows(live, "Contact", [row("Contact", 1, LastName="C", Email="jane@acme.com")])
    assert Contact.objects.get().account is None


def test_a_contact_that_takes_the_lead_over_brings_its_own_account(live: Connection) -> None:
    pull_rows(live, "Account", [company(1, "acme.com"), company(2, "other.com")])
    pull_rows(live, "Lead", [lead(1, "jane@acme.com")])
    theirs = row(
        "Contact", 1, LastName="C", Email="jane@acme.com", AccountId=factories.salesforce_id("001", 2)
    )
    pull_rows(live, "Contact", [theirs])
    assert str(Contact.objects.get().account) == "A2"
    assert beside(Contact.objects.get()) == {}


def test_a_match_is_journaled_as_the_rules_and_pushed_to_nobody(live: Connection) -> None:
    pull_rows(live, "Lead", [lead(1, "jane@acme.com")])
    pull_rows(live, "Account", [company(1, "acme.com")])
    OutboxEntry.objects.all().delete()
    run = pull_rows(live, "Lead", [])
    entry = JournalEntry.objects.get(kind="contact", record_id=person().pk)
    assert (entry.origin, entry.run, entry.changes) == (
        "domain",
        run.pk,
        {"account": [None, person().account_id]},
    )
    assert not OutboxEntry.objects.exists()


def test_an_edit_made_meanwhile_is_kept(live: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    pull_rows(live, "Account", [company(1, "acme.com"), company(2, "other.com")])
    join = LeadAccounts._execute

    def edit_before_locking(self: LeadAccounts, statement: Any, parameters: Any = None) -> int:
        if "FOR NO KEY UPDATE" in statement.as_string(None):
            Contact.objects.update(account=Account.objects.get(name="A2"))
        return join(self, statement, parameters)

    monkeypatch.setattr(LeadAccounts, "_execute", edit_before_locking)
    pull_rows(live, "Lead", [lead(1, "jane@acme.com")])
    assert account_of() == "A2"


@pytest.mark.parametrize(
    ("accounts", "people", "said"),
    [
        (1, None, ""),
        (2, 1, ": of 2 accounts there, this one had most people (1 person)"),
        (4, 1200, ": of 4 accounts there, this one had most people (1,200 people)"),
        (2, 0, ": of 2 accounts there, none had any people; this is the oldest"),
    ],
)
def test_the_reason_in_words(accounts: int, people: int | None, said: str) -> None:
    assert reason("acme.com", accounts, people) == f"Matched by the e-mail's domain, acme.com{said}"


def test_the_page_says_why(live: Connection, admin_client: Client) -> None:
    pull_rows(live, "Account", [company(1, "acme.com")])
    pull_rows(live, "Lead", [lead(1, "jane@acme.com")])
    page = admin_client.get(person().get_absolute_url()).content.decode()
    assert "Matched by the e-mail&#x27;s domain, acme.com." in page
    assert of_field(person(), "account")[0].said == "Matched by the e-mail's domain, acme.com"
    assert of_field(person(), "email") == []
