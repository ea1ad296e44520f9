"""A pull beside people who work: their edits survive, deadlocks pass, and applying again changes nothing."""

import threading
import time
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection as database
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crm.matching import compare_waiting
from crm.models import Contact, PotentialDuplicate
from integrations.models import Connection, RecordLink
from integrations.sync.pull import apply
from integrations.tests import factories
from integrations.tests.factories import NOW, row
from integrations.tests.pull.pulling import before, pull_rows

LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def live(transactional_db: None) -> Connection:
    live = factories.connection()
    factories.schemas(live)
    return live


@pytest.fixture
def alone(db: None) -> Connection:
    """Where nobody else needs to see what is written."""
    live = factories.connection()
    factories.schemas(live)
    return live


@pytest.fixture
def chunks_of_three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apply, "CHUNK_ROWS", 3)


def colleague() -> "psycopg.Connection[Any]":
    """Somebody else's connection to the same database."""
    place = database.settings_dict
    return psycopg.connect(host=place["HOST"], user=place["USER"], dbname=place["NAME"])


def contacts(*numbers: int, at: Any = NOW, **values: str) -> list[dict[str, Any]]:
    return [row("Contact", number, at, LastName=f"Lovelace {number}", **values) for number in numbers]


def test_an_edit_between_planning_and_locking_survives(
    live: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull_rows(live, "Contact", contacts(1, 2, Title="Clerk"))

    def edit() -> None:
        with colleague() as other:
            other.execute("UPDATE crm_contact SET phone = '+44 20' WHERE last_name = 'Lovelace 1'")

    before(monkeypatch, "FOR NO KEY UPDATE", edit)
    run = pull_rows(live, "Contact", contacts(1, 2, at=LATER, Title="Countess"), now=LATER)
    person = Contact.objects.get(last_name="Lovelace 1")
    assert (person.title, person.phone) == ("Countess", "+44 20")
    assert run.counts["updated"] == 2


def test_a_chunk_waits_for_an_edit_that_is_not_committed_yet(live: Connection) -> None:
    pull_rows(live, "Contact", contacts(1, Title="Clerk"))
    other = colleague()
    other.execute("UPDATE crm_contact SET phone = '+44 20'")
    committing = threading.Timer(0.3, other.commit)
    committing.start()
    pull_rows(live, "Contact", contacts(1, at=LATER, Title="Countess"), now=LATER)
    committing.join()
    other.close()
    person = Contact.objects.get()
    assert (person.title, person.phone) == ("Countess", "+44 20")


def test_a_deadlock_is_tried_again(live: Connection) -> None:
    """The colleague holds the second record and then wants the first, which the pull has locked."""
    pull_rows(live, "Contact", contacts(1, 2, Title="Clerk"))
    other = colleague()
    other.execute("SET deadlock_timeout = '20s'")  # PostgreSQL ends whoever looks first: the pull
    edit = "UPDATE crm_contact SET phone = '+44 20' WHERE last_name = %s"
    other.execute(edit, ["Lovelace 2"])

    def close_the_circle() -> None:
        time.sleep(0.3)
        other.execute(edit, ["Lovelace 1"])
        other.commit()

    circle = threading.Thread(target=close_the_circle)
    circle.start()
    run = pull_rows(live, "Contact", contacts(1, 2, at=LATER, Title="Countess"), now=LATER)
    circle.join()
    other.close()
    assert set(Contact.objects.values_list("title", "phone")) == {("Countess", "+44 20")}
    assert (run.counts["seen"], run.counts["updated"]) == (2, 2)


def test_a_link_that_came_meanwhile_is_met_rather_than_doubled(
    live: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = Contact.objects.create(last_name="Byron")

    def adopt() -> None:
        with colleague() as other:
            other.execute(
                "INSERT INTO integrations_recordlink (connection_id, salesforce_object, salesforce_id, kind,"
                " record_id, state, suppressed_by, base, match_key)"
                " VALUES (%s, 'Contact', %s, 'contact', %s, 'linked', '', '{}', '')",
                [live.pk, row("Contact", 1)["Id"], person.pk],
            )

    before(monkeypatch, "INSERT INTO integrations_recordlink", adopt)
    run = pull_rows(live, "Contact", contacts(1, 2))
    assert set(Contact.objects.values_list("last_name", flat=True)) == {"Lovelace 1", "Lovelace 2"}
    assert (run.counts["created"], run.counts["updated"]) == (1, 1)


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "number": st.integers(1, 6),
            "LastName": TEXT.map(lambda text: text.strip() or "?"),
            "Email": st.sampled_from(["", "ada@acme.com", "ADA@acme.com", "bob@acme.com"]),
            "IsDeleted": st.sampled_from([False, False, False, True]),
        }
    ),
    max_size=12,
)


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # every example takes a database: a smaller one isn't worth the minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(drawn=ROWS)
def test_applying_the_same_rows_again_changes_nothing(
    alone: Connection, chunks_of_three: None, drawn: list[dict[str, Any]]
) -> None:
    rows = [
        row("Contact", one["number"], NOW + timedelta(minutes=place))
        | {key: one[key] for key in ("LastName", "Email", "IsDeleted")}
        for place, one in enumerate(drawn)
    ]
    with transaction.atomic():
        pull_rows(alone, "Contact", rows)
        first = state()
        run = pull_rows(alone, "Contact", rows)
        assert state() == first
        assert not any(run.counts.get(key) for key in ("created", "updated", "deleted", "matched"))
        transaction.set_rollback(True)


def state() -> list[tuple[Any, ...]]:
    links = RecordLink.objects.order_by("salesforce_id")
    people = Contact.objects.order_by("pk").values_list("pk", "last_name", "email")
    return [*links.values_list("salesforce_id", "state", "record_id", "base"), *people]


def compare_in_passing() -> None:
    try:
        compare_waiting()
    finally:
        database.close()


def test_who_is_made_while_their_twin_is_pulled_meets_it(live: Connection) -> None:
    pull_rows(live, "Contact", contacts(1, Email="ada@acme.com"))
    comparing = threading.Thread(target=compare_in_passing)
    with transaction.atomic():
        pull_rows(live, "Contact", contacts(2, at=LATER, Email="new@acme.com"), now=LATER)
        with colleague() as other:
            other.execute("UPDATE crm_contact SET email = 'new@acme.com' WHERE last_name = 'Lovelace 1'")
        comparing.start()
        time.sleep(0.3)
    comparing.join()
    assert PotentialDuplicate.objects.count() == 1
