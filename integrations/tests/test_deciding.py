"""A person answers a question that a conflict left open (spec C11)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection as database

from crm.history import history_of, origin_of
from crm.journal import acting
from crm.models import Account, Contact, CustomField, JournalEntry, User
from crm.tests.factories import make_user
from integrations.configuration import export_configuration, import_configuration
from integrations.conflicts import deciding
from integrations.conflicts.deciding import Answer, Outcome, _take_theirs, decide_question
from integrations.conflicts.standing import standings
from integrations.models import Connection, FieldConflict, OutboxEntry, RecordLink, SyncedObject
from integrations.sync.refusals import Refused
from integrations.tests import factories
from integrations.tests.factories import NOW, row
from integrations.tests.pull.live import save_map
from integrations.tests.pull.pulling import pull_rows, start_meanwhile
from mappings.models import FieldMap

pytestmark = pytest.mark.django_db
Winner = FieldConflict.Winner


@pytest.fixture
def live() -> Connection:
    live = factories.connection()
    factories.schemas(live)
    return live


@pytest.fixture
def staff() -> User:
    return make_user(username="stan", first_name="Stan", last_name="Staff")


def ask_about(live: Connection, field: str, salesforce: str, ours: Any, theirs: str) -> FieldConflict:
    """Nothing was agreed; here stands `ours`, in Salesforce `theirs`. Nothing waits to go out."""
    FieldMap.objects.filter(object="Contact", field=field).update(conflict="ask")
    pull_rows(live, "Contact", [row("Contact", 1, LastName="Lovelace")])
    with acting(None, "web"):
        values = {"custom": {field.removeprefix("custom."): ours}} if "." in field else {field: ours}
        Contact.objects.update(**values)
    there = row("Contact", 1, NOW + timedelta(minutes=1), LastName="Lovelace", **{salesforce: theirs})
    pull_rows(live, "Contact", [there])
    OutboxEntry.objects.all().delete()
    return FieldConflict.objects.open().get()


@pytest.fixture
def question(live: Connection) -> FieldConflict:
    return ask_about(live, "title", "Title", "Boss", "CEO")


def decide(question: FieldConflict, winner: Winner, user: User, seen: str = "") -> Answer:
    seen = seen or standings([question.pk])[question.pk].seen
    return decide_question(question_id=question.pk, winner=winner, seen=seen, user=user, now=NOW)


def test_keeping_ours_agrees_on_theirs_so_that_a_push_sends_ours(
    question: FieldConflict, staff: User
) -> None:
    assert decide(question, Winner.WORKSPACE, staff).outcome == Outcome.DECIDED
    assert Contact.objects.get().title == "Boss"
    assert RecordLink.objects.get().base["Title"] == "CEO"
    entry = OutboxEntry.objects.get()
    assert (entry.record_id, entry.state, entry.live) == (question.record_id, "pending", True)


def test_keeping_ours_of_a_field_that_is_only_pulled_sends_nothing(
    question: FieldConflict, staff: User
) -> None:
    FieldMap.objects.filter(field="title").update(direction="pull")
    decide(question, Winner.WORKSPACE, staff)
    assert not OutboxEntry.objects.exists()


def test_taking_theirs_writes_it_here_and_sends_nothing(question: FieldConflict, staff: User) -> None:
    assert decide(question, Winner.SALESFORCE, staff).outcome == Outcome.DECIDED
    assert Contact.objects.get().title == "CEO"
    assert RecordLink.objects.get().base["Title"] == "CEO"
    assert not OutboxEntry.objects.exists()
    entry = JournalEntry.objects.first()
    assert entry is not None
    assert (entry.actor, entry.origin, entry.changes) == (staff, "conflict", {"title": ["Boss", "CEO"]})


@pytest.mark.parametrize("winner", Winner)
def test_who_decided_stands_in_the_question(question: FieldConflict, staff: User, winner: Winner) -> None:
    decide(question, winner, staff)
    question.refresh_from_db()
    assert (question.state, question.winner, question.settled_by) == ("settled", winner, staff)
    assert question.settled_at == NOW


def test_a_second_click_changes_nothing(question: FieldConflict, staff: User) -> None:
    seen = standings([question.pk])[question.pk].seen
    decide(question, Winner.WORKSPACE, staff, seen)
    again = decide(question, Winner.SALESFORCE, staff, seen)
    assert (again.outcome, again.question.winner) == (Outcome.ALREADY, "workspace")
    assert Contact.objects.get().title == "Boss"


def test_a_value_that_moved_here_meanwhile_is_not_overwritten(question: FieldConflict, staff: User) -> None:
    seen = standings([question.pk])[question.pk].seen
    with acting(None, "web"):
        Contact.objects.update(title="Chair")
    assert decide(question, Winner.SALESFORCE, staff, seen).outcome == Outcome.MOVED
    assert Contact.objects.get().title == "Chair"
    assert FieldConflict.objects.open().exists()


def test_a_value_that_moved_there_meanwhile_is_shown_first(
    live: Connection, question: FieldConflict, staff: User
) -> None:
    seen = standings([question.pk])[question.pk].seen
    later = row("Contact", 1, NOW + timedelta(minutes=2), LastName="Lovelace", Title="Chair")
    pull_rows(live, "Contact", [later])
    answer = decide(question, Winner.SALESFORCE, staff, seen)
    assert (answer.outcome, answer.question.theirs) == (Outcome.MOVED, "Chair")


def test_after_the_answer_a_pull_of_the_same_asks_no_more(
    live: Connection, question: FieldConflict, staff: User
) -> None:
    decide(question, Winner.WORKSPACE, staff)
    same = row("Contact", 1, NOW + timedelta(minutes=1), LastName="Lovelace", Title="CEO")
    assert pull_rows(live, "Contact", [same]).counts["conflicts"] == 0
    assert Contact.objects.get().title == "Boss"


def test_a_question_about_a_record_that_is_gone_is_closed(question: FieldConflict, staff: User) -> None:
    with acting(None, "web"):
        Contact.objects.get().delete()
    assert decide(question, Winner.SALESFORCE, staff).outcome == Outcome.OVER
    assert not FieldConflict.objects.open().exists()


def test_a_field_that_rests_cant_be_decided(question: FieldConflict, staff: User) -> None:
    FieldMap.objects.filter(field="title").update(suspended="it was deleted in Salesforce")
    with pytest.raises(Refused, match="isn't pulled any more"):
        decide(question, Winner.SALESFORCE, staff)


def test_an_account_that_isnt_here_cant_be_taken(live: Connection, staff: User) -> None:
    with acting(None, "web"):
        here = Account.objects.create(name="Here")
    question = ask_about(live, "account", "AccountId", here.pk, row("Account", 7)["Id"])
    with pytest.raises(Refused, match="isn't known here yet"):
        decide(question, Winner.SALESFORCE, staff)


def test_a_custom_value_is_taken_without_the_others(live: Connection, staff: User) -> None:
    CustomField.objects.create(kind="contact", name="score", label="Score", type="number")
    FieldMap.objects.create(object="Contact", field="custom.score", salesforce="Score__c", position=99)
    schema = live.schemas.get(name="Contact")
    schema.describe["fields"].append(factories.field("Score__c", "double"))
    schema.save()
    question = ask_about(live, "custom.score", "Score__c", 1, "2.5")
    with acting(None, "web"):
        Contact.objects.update(custom={"score": 1, "other": "x"})
    decide(question, Winner.SALESFORCE, staff)
    assert Contact.objects.get().custom == {"score": 2.5, "other": "x"}


def test_taking_a_website_takes_its_domain(live: Connection, staff: User) -> None:
    FieldMap.objects.filter(object="Account", field="website").update(conflict="ask")
    SyncedObject.objects.update(pulled_at=NOW)
    pull_rows(live, "Account", [row("Account", 1, Name="Acme", Website="acme.com")])
    with acting(None, "web"):
        Account.objects.update(website="acme.org")
    pull_rows(
        live, "Account", [row("Account", 1, NOW + timedelta(minutes=1), Name="Acme", Website="acme.io")]
    )
    decide(FieldConflict.objects.get(), Winner.SALESFORCE, staff)
    assert list(Account.objects.values_list("website", "domain")) == [("acme.io", "acme.io")]


def told(person: Contact) -> list[str]:
    return [event.said for event in history_of(person).events if event.said]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("workspace", "Title: Salesforce's value “CEO” lost to yours, “Boss”: rule Workspace wins"),
        ("salesforce", "Title: your value “Boss” lost to Salesforce's, “CEO”: rule Salesforce wins"),
        (
            "ask",
            "Title: changed on both sides, here to “Boss”, in Salesforce to “CEO”; waiting for a decision",
        ),
    ],
)
def test_the_history_tells_the_losing_value(live: Connection, rule: str, said: str) -> None:
    ask_about(live, "title", "Title", "Boss", "CEO")
    FieldMap.objects.filter(object="Contact", field="title").update(conflict=rule)
    FieldConflict.objects.all().delete()
    pull_rows(
        live, "Contact", [row("Contact", 1, NOW + timedelta(minutes=2), LastName="Lovelace", Title="CEO")]
    )
    person = Contact.objects.get()
    assert told(person) == [said]
    [beside_the_field] = origin_of(person, "title").told
    assert f"title: {beside_the_field.said}".lower() == said.lower()


def test_the_history_tells_who_decided(question: FieldConflict, staff: User) -> None:
    decide(question, Winner.WORKSPACE, staff)
    assert told(Contact.objects.get()) == [
        "Title: Stan Staff kept our “Boss”; Salesforce's “CEO” was given up"
    ]


def test_each_page_of_the_history_tells_its_own_time(question: FieldConflict) -> None:
    for number in range(30):
        with acting(None, "web"):
            Contact.objects.update(first_name=f"Ada {number}")
    JournalEntry.objects.filter(changes__has_key="first_name").update(at=NOW)
    FieldConflict.objects.update(found_at=NOW - timedelta(days=1))
    JournalEntry.objects.exclude(changes__has_key="first_name").update(at=NOW - timedelta(days=2))
    person = Contact.objects.get()
    first = history_of(person)
    second = history_of(person, before=first.older)
    assert [event.said for event in first.events if event.said] == []
    assert len([event for event in second.events if event.said]) == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_is_told_of_the_other(live: Connection, staff: User) -> None:
    question = ask_about(live, "title", "Title", "Boss", "CEO")
    seen = standings([question.pk])[question.pk].seen
    together = Barrier(2)

    def answer(winner: Winner) -> Outcome:
        together.wait(10)
        try:
            return decide(question, winner, staff, seen).outcome
        finally:
            database.close()

    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(answer, Winner))
    assert sorted(outcome.value for outcome in outcomes) == ["already", "decided"]
    taken = FieldConflict.objects.get().winner == Winner.SALESFORCE
    assert Contact.objects.get().title == ("CEO" if taken else "Boss")
    assert OutboxEntry.objects.exists() is not taken


@pytest.mark.django_db(transaction=True)
def test_a_map_that_is_saved_beside_it_waits_and_drops_what_it_agreed_on(
    question: FieldConflict, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = export_configuration()["maps"]["Contact"]
    without = [row for row in rows if row["field"] != "title"]
    others: list[Thread] = []

    def save() -> None:
        import_configuration({"maps": {"Contact": without}}, actor=None, now=NOW)

    def take_beside(*arguments: Any) -> None:
        _take_theirs(*arguments)
        others.append(start_meanwhile(save))

    RecordLink.objects.update(base={})
    monkeypatch.setattr(deciding, "_take_theirs", take_beside)
    assert decide(question, Winner.SALESFORCE, staff).outcome == Outcome.DECIDED
    others[0].join()
    assert "Title" not in RecordLink.objects.get().base


def test_while_a_changed_map_is_worked_off_nothing_is_decided(question: FieldConflict, staff: User) -> None:
    save_map(question.connection, "Contact", "Title")
    with pytest.raises(Refused, match="still being worked off"):
        decide(question, Winner.SALESFORCE, staff)
