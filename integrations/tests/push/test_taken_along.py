"""An account deleted here takes its contacts and deals along in Salesforce: asked before (spec C8)."""

from typing import Any
from uuid import uuid4

import pytest

from crm import journal
from crm.models import Account, Contact
from integrations.merging.bringing_back import bring_back
from integrations.models import RecordLink, SyncError, SyncRun, SyncSettings
from integrations.sync.retrying import retry
from integrations.tests.pull import live
from integrations.tests.pull.seller import Seller
from integrations.tests.push.pushing import Desk

pytestmark = pytest.mark.django_db(transaction=True)
DEAL: dict[str, Any] = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2030-01-01"}


def synced(*names: str) -> None:
    every = ("accounts", "contacts", "deals")
    SyncSettings.objects.update(**{f"{name}_delete_sync": name in names for name in every})


def accounts(desk: Desk, number: int = 1) -> dict[str, Account]:
    made = [desk.create(Account, name=f"Parent {uuid4().hex}") for _ in range(number)]
    desk.push_all()
    return {desk.link_of(account).salesforce_id: account for account in made}


def below(seller: Seller, account: str, contacts: int, deals: int = 0) -> list[tuple[str, str]]:
    made = [
        ("Contact", seller.create("Contact", LastName="Below", AccountId=account)) for _ in range(contacts)
    ]
    return made + [
        ("Opportunity", seller.create("Opportunity", AccountId=account, **DEAL)) for _ in range(deals)
    ]


def is_there(seller: Seller, name: str, id: str) -> bool:
    return bool(seller.one(f"SELECT COUNT(Id) n FROM {name} WHERE Id = '{id}'")["n"])


@pytest.mark.parametrize(
    ("switches", "contacts", "deals", "said"),
    [
        (("accounts", "contacts", "deals"), 2, 1, ""),
        (("accounts", "deals"), 0, 2, ""),
        (("accounts",), 0, 0, ""),
        (("accounts", "deals"), 1, 1, "1 contact and 1 opportunity along with this account, which deletion"),
        (("accounts", "contacts"), 0, 2, "2 opportunities along with this account, which deletion sync for o"),
        (("accounts",), 1, 1, "which deletion sync for contacts and opportunities wouldn't do"),
        (("accounts", "contacts", "deals"), 11, 0, "11 contacts along with this account, which is more than"),
    ],
)  # fmt: skip
def test_what_would_go_along_against_the_switches_waits_for_a_yes(
    desk: Desk, seller: Seller, switches: tuple[str, ...], contacts: int, deals: int, said: str
) -> None:
    synced(*switches)
    ((id, account),) = accounts(desk).items()
    children = below(seller, id, contacts, deals)
    desk.delete(account)
    tally = desk.push()
    assert (tally.deleted, tally.held) == ((0, 1) if said else (1, 0))
    assert is_there(seller, "Account", id) is bool(said)
    assert {is_there(seller, *child) for child in children} <= {bool(said)}
    if said:
        error = SyncError.objects.get(code="DELETES_ALONG")
        assert said in error.message
        retry(SyncError.objects.filter(pk=error.pk), now=desk.clock())
        assert desk.push().deleted == 1
        assert not any(is_there(seller, *child) for child in children)


def test_only_an_admin_says_that_yes(desk: Desk, seller: Seller) -> None:
    synced("accounts")
    ((id, account),) = accounts(desk).items()
    below(seller, id, 1)
    desk.delete(account)
    desk.push()
    assert retry(SyncError.objects.all(), now=desk.clock(), by_admin=False) == 0


def test_of_several_accounts_those_without_children_go(desk: Desk, seller: Seller) -> None:
    synced("accounts")
    made = accounts(desk, 3)
    ids = list(made)
    below(seller, ids[1], 1)
    with journal.acting(None, "web"):
        Account.objects.filter(pk__in=[account.pk for account in made.values()]).delete()
    tally = desk.push()
    assert (tally.deleted, tally.held) == (2, 1)
    assert [is_there(seller, "Account", id) for id in ids] == [False, True, False]


def test_what_stands_below_an_account_left_there_keeps_it_there_and_gets_it_back(
    desk: Desk, seller: Seller
) -> None:
    synced()
    ((id, account),) = accounts(desk).items()
    ((_, contact),) = below(seller, id, 1)
    live.pull(desk.connection)
    person = Contact.objects.get(pk=RecordLink.objects.get(salesforce_id=contact).record_id or 0)
    desk.delete(account)
    desk.push_all()
    bring_back([RecordLink.objects.get(salesforce_id=id).pk], user=None, now=desk.clock())
    person.refresh_from_db()
    desk.change(person, title="Edited before it came")
    desk.push_all()
    live.pull(desk.connection, trigger=SyncRun.Trigger.MANUAL)  # which waits until stamps can tell
    person.refresh_from_db()
    assert person.account_id == RecordLink.objects.get(salesforce_id=id).record_id is not None
    assert seller.one(f"SELECT AccountId FROM Contact WHERE Id = '{contact}'")["AccountId"] == id
