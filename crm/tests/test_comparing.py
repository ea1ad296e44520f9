"""Every write path ends in the pairs that the rules ask for (spec C5, D7)."""

from collections.abc import Callable
from itertools import combinations

import pytest
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from crm import journal, matching
from crm.matching import compare_waiting, compare_written, is_anything_waiting
from crm.merging import fold
from crm.models import Account, Contact, Kind, PotentialDuplicate, Uncompared
from crm.tasks import compare_records
from crm.tests.factories import make_account, make_contact

pytestmark = pytest.mark.django_db


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def pairs(kind: Kind = Kind.CONTACT) -> set[tuple[int, int]]:
    found = PotentialDuplicate.objects.filter(kind=kind)
    return set(found.values_list("record_id", "other_id"))


@pytest.fixture
def twins() -> tuple[Contact, Contact]:
    """Two people who are known to look alike."""
    account = make_account(name="Acme")
    first, second = (make_contact(email="ann@x.com", account=account) for _ in range(2))
    compare_waiting()
    return first, second


def test_what_is_made_here_is_compared(twins: tuple[Contact, Contact]) -> None:
    assert pairs() == {(twins[0].pk, twins[1].pk)}


def test_nothing_waits_once_it_was_compared(twins: tuple[Contact, Contact]) -> None:
    assert not is_anything_waiting()


EDITS = {
    "SQL": lambda pk: sql(f"UPDATE crm_contact SET email = 'other@x.com' WHERE id = {pk}"),
    "a bulk action": lambda pk: Contact.objects.filter(pk=pk).update(email=""),
    "what the outbox doesn't see": lambda pk: _uncaptured(pk),
    "a delete": lambda pk: Contact.objects.filter(pk=pk).delete(),
    "a merge": lambda pk: _merged(pk),
}


def _uncaptured(pk: int) -> None:
    with journal.uncaptured():
        Contact.objects.filter(pk=pk).update(email="other@x.com")


def _merged(pk: int) -> None:
    with journal.acting(None, "web"):
        fold("contact", [(pk, make_contact().pk)])


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_a_pair_goes_with_its_reason_whoever_writes(
    twins: tuple[Contact, Contact], edit: Callable[[int], None]
) -> None:
    edit(twins[0].pk)
    compare_records()
    assert pairs() == set()


def test_people_of_a_merged_account_meet_their_namesakes() -> None:
    accounts = [make_account(name=name) for name in ("One", "Two")]
    ids = [make_contact(last_name="Lee", account=account).pk for account in accounts]
    with journal.acting(None, "web"):
        fold("account", [(accounts[0].pk, accounts[1].pk)])
    compare_waiting()
    assert pairs() == {(ids[0], ids[1])}


def test_a_merge_leaves_the_others_of_a_crowd_paired(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "MOST", 1)
    first, *others = [make_contact(email="info@x.com").pk for _ in range(3)]
    compare_waiting()
    with journal.acting(None, "web"):
        fold("contact", [(first, make_contact().pk)])
    compare_waiting()
    assert pairs() == {(others[0], others[1])}


def test_an_edit_of_anything_else_leaves_no_note(twins: tuple[Contact, Contact]) -> None:
    Contact.objects.update(title="Boss", hidden=True)
    Account.objects.update(city="Paris")
    assert not is_anything_waiting()


def test_notes_are_worked_through_oldest_first_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "AT_ONCE", 2)
    for _ in range(3):
        make_contact()
    assert (compare_waiting(), Uncompared.objects.count()) == (2, 1)


def test_a_pull_compares_what_it_inserted_and_its_own_changes_only(twins: tuple[Contact, Contact]) -> None:
    Uncompared.objects.create(kind="contact", record_id=1, transaction=1)
    with journal.uncaptured():
        new = make_contact(email="ann@x.com")
        Contact.objects.filter(pk=twins[0].pk).update(email="")
        assert compare_written(Kind.CONTACT, created=f"SELECT {new.pk}") == 1
    assert pairs() == {(twins[1].pk, new.pk)}
    assert Uncompared.objects.count() == 1


def test_a_saved_form_is_compared_at_once(as_ann: Client) -> None:
    make_account(name="Acme Inc.")
    as_ann.post("/accounts/new/", {"name": "ACME"})
    assert PotentialDuplicate.objects.filter(kind="account", reason="same_name").exists()


def test_an_edited_form_is_compared_at_once(as_ann: Client, twins: tuple[Contact, Contact]) -> None:
    as_ann.post(f"/people/{twins[0].pk}/edit/", {"last_name": twins[0].last_name, "email": "b@x.com"})
    assert pairs() == set()


EMAILS = st.sampled_from(["", "a@x.com", "A@x.com", "b@x.com"])
NAMES = st.sampled_from(["Lee", "LEE", "Ash"])
PLACES = st.integers(0, 5)
STEPS = st.one_of(
    st.tuples(st.just("make"), EMAILS, NAMES, PLACES),
    st.tuples(st.just("edit"), PLACES, EMAILS, NAMES),
    st.tuples(st.just("move"), PLACES, PLACES),
    st.tuples(st.just("delete"), PLACES),
    st.tuples(st.just("merge"), PLACES, PLACES),
    st.tuples(st.just("compare")),
)


class Random(TestCase):
    """Series of edits, compared whenever it happens."""

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(STEPS, max_size=14))
    def test_pairs_kept_are_the_pairs_found_from_scratch(self, steps: list[tuple[object, ...]]) -> None:
        play(steps)
        kept = reasons()
        PotentialDuplicate.objects.all().delete()
        matching.keep_duplicates(Kind.CONTACT, list(Contact.objects.values_list("pk", flat=True)))
        assert kept == reasons() == by_the_rules()

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(STEPS, max_size=14))
    def test_in_a_crowd_everyone_keeps_as_many_others_as_are_kept(
        self, steps: list[tuple[object, ...]]
    ) -> None:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(matching, "MOST", 1)
            play(steps)
        kept, alike = reasons(), by_the_rules()
        assert kept.items() <= alike.items()
        assert {pk for pair in kept for pk in pair} == {pk for pair in alike for pk in pair}


def play(steps: list[tuple[object, ...]]) -> None:
    accounts = [make_account() for _ in range(2)]
    people: list[Contact] = []
    for what, *how in steps:
        if what == "compare":
            compare_waiting()
        elif what == "make":
            email, name, account = how
            people.append(make_contact(email=email, last_name=name, account=accounts[int(str(account)) % 2]))
        elif len(people) > 1:
            change(people, accounts, str(what), *how)
    compare_waiting()


def change(people: list[Contact], accounts: list[Account], what: str, place: object, *how: object) -> None:
    person = people[int(str(place)) % len(people)]
    row = Contact.objects.filter(pk=person.pk)
    if what == "edit":
        row.update(email=how[0], last_name=how[1])
    elif what == "move":
        row.update(account=[*accounts, None][int(str(how[0])) % 3])
    elif what == "delete":
        people.remove(person)
        row.delete()
    elif what == "merge" and (other := people[int(str(how[0])) % len(people)]) != person:
        people.remove(person)
        with journal.acting(None, "web"):
            fold("contact", [(person.pk, other.pk)])


def reasons() -> dict[tuple[int, int], str]:
    return {(pair.record_id, pair.other_id): pair.reason for pair in PotentialDuplicate.objects.all()}


def by_the_rules() -> dict[tuple[int, int], str]:
    """Spec C5, said again in Python."""
    found = {}
    for one, other in combinations(Contact.objects.filter(merged_into=None).order_by("pk"), 2):
        same_account = one.account_id is not None and one.account_id == other.account_id
        names = [(person.first_name.lower(), person.last_name.lower()) for person in (one, other)]
        if one.email and one.email.lower() == other.email.lower():
            found[one.pk, other.pk] = "same_email"
        elif same_account and names[0] == names[1]:
            found[one.pk, other.pk] = "same_name_and_account"
    return found
