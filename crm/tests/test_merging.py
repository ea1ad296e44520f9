"""Merging records here (spec C9): one stays, the other is hidden and names it."""

import pytest
from django.db import connection as database

from crm import journal
from crm.merging import fold, what_moves
from crm.models import Account, Contact, ContactRole, JournalEntry, Kind, PotentialDuplicate, User
from crm.tests.factories import make_account, make_contact, make_deal, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return make_user()


def merge(kind: str, *pairs: tuple[int, int], user: User | None = None) -> None:
    with journal.acting(user, "web"):
        fold(kind, pairs)


def test_the_merged_record_is_hidden_and_names_the_survivor() -> None:
    loser, survivor = make_contact(), make_contact()
    merge("contact", (loser.pk, survivor.pk))
    loser.refresh_from_db()
    assert (loser.hidden, loser.merged_into_id) == (True, survivor.pk)


def test_the_survivor_keeps_its_values() -> None:
    loser, survivor = make_contact(title="Boss"), make_contact(title="")
    merge("contact", (loser.pk, survivor.pk))
    survivor.refresh_from_db()
    assert (survivor.title, survivor.hidden) == ("", False)


def test_who_was_merged_before_follows_to_the_last_survivor() -> None:
    first, second, third = make_account(), make_account(), make_account()
    merge("account", (first.pk, second.pk))
    merge("account", (second.pk, third.pk))
    assert set(Account.objects.filter(merged_into=third)) == {first, second}


def test_people_and_deals_of_a_merged_account_move() -> None:
    loser, survivor = make_account(), make_account()
    person, deal = make_contact(account=loser), make_deal(account=loser)
    assert what_moves("account", [loser.pk]) == {Kind.CONTACT: 1, Kind.DEAL: 1}
    merge("account", (loser.pk, survivor.pk))
    person.refresh_from_db()
    deal.refresh_from_db()
    assert person.account_id == deal.account_id == survivor.pk


def test_nothing_of_a_merge_goes_to_the_outbox() -> None:
    loser, survivor = make_account(), make_account()
    make_contact(account=loser)
    before = waiting()
    merge("account", (loser.pk, survivor.pk))
    assert waiting() == before


def waiting() -> int:
    with database.cursor() as cursor:
        cursor.execute("SELECT count(*), max(changed_at) FROM integrations_outboxentry")
        return int(str(cursor.fetchone()).__hash__())


def test_the_journal_tells_who_merged_what_and_what_moved(user: User) -> None:
    loser, survivor = make_account(), make_account()
    person = make_contact(account=loser)
    merge("account", (loser.pk, survivor.pk), user=user)
    merged = JournalEntry.objects.filter(kind="account", record_id=loser.pk).latest("id")
    moved = JournalEntry.objects.filter(kind="contact", record_id=person.pk).latest("id")
    assert (merged.changes, merged.actor) == ({"merged_into": [None, survivor.pk]}, user)
    assert (moved.changes, moved.origin) == ({"account": [loser.pk, survivor.pk]}, "web")


@pytest.mark.parametrize("kind", ["contact", "deal"])
def test_roles_move_and_nobody_is_in_a_deal_twice(kind: str) -> None:
    losers, survivors = [make_contact(), make_deal()], [make_contact(), make_deal()]
    side = ("contact", "deal").index(kind)
    loser, survivor = losers[side], survivors[side]
    other = make_deal() if kind == "contact" else make_contact()
    name = "deal" if kind == "contact" else "contact"
    ContactRole.objects.create(**{kind: survivor, name: other}, role="Kept")
    ContactRole.objects.create(**{kind: loser, name: other}, role="Dropped")
    merge(kind, (loser.pk, survivor.pk))
    assert [role.role for role in ContactRole.objects.all()] == ["Kept"]
    assert JournalEntry.objects.filter(kind="contact_role", action="deleted").count() == 1


def test_a_role_moves_where_the_survivor_has_none() -> None:
    loser, survivor, deal = make_contact(), make_contact(), make_deal()
    ContactRole.objects.create(contact=loser, deal=deal, role="Buyer", is_primary=True)
    merge("contact", (loser.pk, survivor.pk))
    assert list(survivor.roles.values_list("role", "is_primary")) == [("Buyer", True)]


def test_two_merged_into_one_bring_one_role_of_a_deal() -> None:
    first, second, survivor, deal = make_contact(), make_contact(), make_contact(), make_deal()
    for person in (first, second):
        ContactRole.objects.create(contact=person, deal=deal)
    merge("contact", (first.pk, survivor.pk), (second.pk, survivor.pk))
    assert ContactRole.objects.get().contact == survivor


def test_a_deal_that_took_another_in_has_one_primary_person() -> None:
    loser, survivor = make_deal(), make_deal()
    ContactRole.objects.create(contact=make_contact(), deal=loser, is_primary=True)
    kept = ContactRole.objects.create(contact=make_contact(), deal=survivor, is_primary=True)
    merge("deal", (loser.pk, survivor.pk))
    assert ContactRole.objects.get(is_primary=True) == kept
    assert ContactRole.objects.filter(deal=survivor).count() == 2


def test_a_merged_record_is_no_potential_duplicate() -> None:
    loser, survivor = make_contact(), make_contact()
    PotentialDuplicate.objects.create(
        kind="contact", record_id=loser.pk, other_id=survivor.pk, reason="same_email"
    )
    merge("contact", (loser.pk, survivor.pk))
    assert not PotentialDuplicate.objects.exists()


def test_deleting_the_survivor_deletes_what_was_merged_into_it() -> None:
    loser, survivor = make_contact(), make_contact()
    merge("contact", (loser.pk, survivor.pk))
    survivor.delete()
    assert not Contact.objects.filter(pk=loser.pk).exists()


@pytest.mark.parametrize("pairs", [[(1, 2), (2, 3)], [(1, 2), (1, 3)], [(1, 1)]])
def test_a_chain_or_a_double_merge_is_refused(pairs: list[tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match="merged"):
        merge("contact", *pairs)
