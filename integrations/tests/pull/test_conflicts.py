"""What a merge keeps of a conflict, and which questions stay open (spec C11)."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from crm.journal import acting
from crm.models import Account, Contact, JournalEntry
from integrations.models import Connection, FieldConflict
from integrations.tests import factories
from integrations.tests.factories import NOW, row
from integrations.tests.pull.pulling import pull_rows
from mappings.models import FieldMap

pytestmark = pytest.mark.django_db


@pytest.fixture
def live() -> Connection:
    live = factories.connection()
    factories.schemas(live)
    return live


def contact(later: int = 0, **values: Any) -> dict[str, Any]:
    return row("Contact", 1, NOW + timedelta(minutes=later), **({"LastName": "Lovelace"} | values))


def pull(live: Connection, later: int, **values: Any) -> None:
    pull_rows(live, "Contact", [contact(later, **values)])


def edit(**values: Any) -> None:
    with acting(None, "web"):
        Contact.objects.update(**values)


def both_change(live: Connection, rule: str) -> FieldConflict:
    """The title was CTO; here it becomes Boss, in Salesforce CEO."""
    FieldMap.objects.filter(object="Contact", field="title").update(conflict=rule)
    pull(live, 0, Title="CTO")
    edit(title="Boss")
    JournalEntry.objects.update(at=NOW)
    pull(live, 1, Title="CEO")
    return FieldConflict.objects.get()


@pytest.mark.parametrize(
    ("rule", "winner", "state"),
    [
        ("salesforce", "salesforce", "settled"),
        ("workspace", "workspace", "settled"),
        ("newest", "salesforce", "settled"),
        ("ask", "", "open"),
    ],
)
def test_a_conflict_is_kept_with_both_values(live: Connection, rule: str, winner: str, state: str) -> None:
    kept = both_change(live, rule)
    assert (kept.winner, kept.state, kept.rule) == (winner, state, rule)
    assert (kept.field, kept.salesforce_field) == ("title", "Title")
    assert (kept.ours, kept.theirs, kept.base) == ("Boss", "CEO", "CTO")
    assert kept.theirs_at == NOW + timedelta(minutes=1)


def test_a_change_on_one_side_is_no_conflict(live: Connection) -> None:
    pull(live, 0, Title="CTO")
    pull(live, 1, Title="CEO")
    edit(title="Boss")
    pull(live, 2, Title="CEO", FirstName="Ada")
    assert not FieldConflict.objects.exists()


def test_a_question_follows_salesforces_value_and_stays_one(live: Connection) -> None:
    both_change(live, "ask")
    pull(live, 2, Title="Chair")
    question = FieldConflict.objects.get()
    assert (question.theirs, question.salesforce_value, question.state) == ("Chair", "Chair", "open")


def test_reading_the_same_again_leaves_the_question_open(live: Connection) -> None:
    both_change(live, "ask")
    pull(live, 1, Title="CEO")
    pull(live, 0, Title="CTO")
    assert FieldConflict.objects.get().state == "open"


@pytest.mark.parametrize(
    ("ours", "theirs", "winner"),
    [
        ("Boss", "Boss", "workspace"),  # Salesforce came round to ours
        ("CEO", "CEO", "salesforce"),  # we typed theirs
        ("Boss", "CTO", "workspace"),  # Salesforce took its change back
        ("CTO", "CEO", "salesforce"),  # we took ours back
        ("Chair", "Chair", "salesforce"),  # both went on to a third
    ],
)
def test_a_question_that_answers_itself_is_closed(
    live: Connection, ours: str, theirs: str, winner: str
) -> None:
    both_change(live, "ask")
    edit(title=ours)
    pull(live, 2, Title=theirs)
    question = FieldConflict.objects.get()
    assert (question.state, question.winner, question.settled_by) == ("settled", winner, None)


@pytest.mark.parametrize("rule", ["salesforce", "workspace"])
def test_another_rule_answers_an_open_question(live: Connection, rule: str) -> None:
    both_change(live, "ask")
    FieldMap.objects.filter(object="Contact", field="title").update(conflict=rule)
    pull(live, 2, Title="CEO")
    kept = FieldConflict.objects.get()
    assert (kept.state, kept.winner, kept.rule) == ("settled", rule, rule)


def test_a_question_about_what_salesforce_deleted_is_closed(live: Connection) -> None:
    both_change(live, "ask")
    pull(live, 2, IsDeleted=True)
    assert FieldConflict.objects.get().winner == "workspace"


def test_a_question_about_a_record_deleted_here_is_closed(live: Connection) -> None:
    both_change(live, "ask")
    with acting(None, "web"):
        Contact.objects.get().delete()
    pull(live, 2, Title="CEO")
    assert FieldConflict.objects.get().state == "settled"


def test_references_are_kept_as_the_ids_they_are_here(live: Connection) -> None:
    pull_rows(live, "Account", [row("Account", n, Name=f"Acme {n}") for n in (1, 2, 3)])
    first, second, third = Account.objects.order_by("pk")
    pull(live, 0, AccountId=row("Account", 1)["Id"])
    edit(account=second)
    pull(live, 1, AccountId=row("Account", 3)["Id"])
    kept = FieldConflict.objects.get()
    assert (kept.field, kept.ours, kept.theirs) == ("account", second.pk, third.pk)
    assert kept.base == row("Account", 1)["Id"]


def test_without_a_conflict_a_pull_asks_no_more_than_whether_questions_are_open(live: Connection) -> None:
    pull(live, 0, Title="CTO")
    with CaptureQueriesContext(database) as captured:
        pull(live, 1, Title="CEO")
    about = [query["sql"] for query in captured if "fieldconflict" in query["sql"]]
    assert len(about) == 1
    assert "EXISTS" in about[0]
