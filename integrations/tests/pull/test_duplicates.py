"""Pulled duplicates are mirrored, and known as such (spec C5)."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from crm.journal import acting
from crm.matching import compare_waiting, is_anything_waiting
from crm.models import Account, Contact, PotentialDuplicate
from crm.tests.factories import make_contact
from integrations.models import Connection
from integrations.tests import factories
from integrations.tests.factories import NOW, row
from integrations.tests.pull import live as real
from integrations.tests.pull.in_step import assert_in_step
from integrations.tests.pull.pulling import pull_rows
from integrations.tests.pull.seller import Seller
from integrations.tests.sandbox_process import SandboxOrg

pytestmark = pytest.mark.django_db


@pytest.fixture
def live() -> Connection:
    live = factories.connection()
    factories.schemas(live)
    return live


def person(number: int, later: int = 0, **values: Any) -> dict[str, Any]:
    return row("Contact", number, NOW + timedelta(minutes=later), **({"LastName": "Lovelace"} | values))


def account(number: int, **values: Any) -> dict[str, Any]:
    return row("Account", number, **({"Name": "Acme"} | values))


def reasons() -> list[str]:
    return list(PotentialDuplicate.objects.order_by("id").values_list("reason", flat=True))


def test_two_in_one_chunk_are_a_pair_and_the_later_one_counts(live: Connection) -> None:
    run = pull_rows(live, "Contact", [person(1, Email="a@acme.com"), person(2, Email="A@acme.com")])
    assert (run.counts["duplicates"], reasons()) == (1, ["same_email"])


def test_of_two_alike_one_is_matched_and_the_other_its_duplicate(live: Connection) -> None:
    make_contact(email="a@acme.com")
    run = pull_rows(live, "Contact", [person(1, Email="a@acme.com"), person(2, Email="A@acme.com")])
    assert (run.counts["matched"], run.counts["duplicates"]) == (1, 1)


def test_a_pulled_change_makes_and_unmakes_a_pair(live: Connection) -> None:
    pull_rows(live, "Contact", [person(1, Email="a@acme.com"), person(2, Email="b@acme.com")])
    made = pull_rows(live, "Contact", [person(2, later=1, Email="a@acme.com")])
    assert (made.counts["duplicates"], reasons()) == (1, ["same_email"])
    pull_rows(live, "Contact", [person(1, later=2, Email="c@acme.com")])
    assert reasons() == []


def test_a_pull_without_changes_finds_nothing_new(live: Connection) -> None:
    rows = [account(1), account(2, Name="ACME, Inc.")]
    assert pull_rows(live, "Account", rows).counts["duplicates"] == 1
    assert pull_rows(live, "Account", rows).counts["duplicates"] == 0


def test_accounts_of_one_domain_are_a_pair(live: Connection) -> None:
    pull_rows(
        live,
        "Account",
        [
            account(1, Name="One", Website="https://www.acme.co.uk/about"),
            account(2, Name="Two", Website="shop.acme.co.uk"),
        ],
    )
    assert reasons() == ["same_domain"]


def test_namesakes_meet_when_their_account_comes_after_them(live: Connection) -> None:
    parent = account(1)
    pull_rows(live, "Account", [])
    pull_rows(live, "Contact", [person(n, AccountId=parent["Id"], Email=f"{n}@acme.com") for n in (1, 2)])
    assert reasons() == []
    pull_rows(live, "Account", [parent])
    assert pull_rows(live, "Contact", []).counts["duplicates"] == 1
    assert reasons() == ["same_name_and_account"]


def test_a_pull_leaves_no_note_behind(live: Connection) -> None:
    pull_rows(live, "Contact", [person(1, Email="a@acme.com")])
    pull_rows(live, "Contact", [person(1, later=1, Email="b@acme.com")])
    assert not is_anything_waiting()


def test_what_is_made_here_while_a_pull_runs_meets_what_it_brings(live: Connection) -> None:
    pull_rows(live, "Contact", [person(1, Email="a@acme.com")])
    with acting(None, "web"):
        make_contact(email="A@ACME.com")
    compare_waiting()
    assert reasons() == ["same_email"]


def alike(records: list[tuple[str, str]]) -> set[str]:
    """The texts, without case, that more than one record has."""
    counted = Counter(text.lower() for text, _ in records if text)
    return {text for text, number in counted.items() if number > 1}


def test_a_real_pull_knows_the_orgs_duplicates(
    demo_org: SandboxOrg, connection: Connection, seller: Seller
) -> None:
    seller.create("Account", Name="Twin Works, Inc.")
    seller.create("Account", Name="TWIN WORKS GmbH")
    run = real.pull(connection)
    emails = alike(list(Contact.objects.values_list("email", "last_name")))
    found = PotentialDuplicate.objects.filter(kind="contact", reason="same_email")
    first_ids = found.values("record_id")
    assert {
        email.lower() for email in Contact.objects.filter(pk__in=first_ids).values_list("email", flat=True)
    } == emails
    assert len(emails) >= 8
    assert real.counts(run, "Contact")["duplicates"] >= 14
    twins = Account.objects.filter(name__istartswith="twin works").order_by("pk")
    assert PotentialDuplicate.objects.filter(record_id=twins[0].pk, other_id=twins[1].pk).exists()
    assert_in_step(demo_org, connection)
