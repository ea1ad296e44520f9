from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.journal import acting
from crm.models import Contact, User
from crm.roles import Role
from crm.tests.factories import make_account, make_contact, make_user
from integrations.models import Connection, FieldConflict, OutboxEntry, RecordLink
from integrations.tests import factories
from integrations.tests.factories import NOW, salesforce_id

pytestmark = pytest.mark.django_db
PAGE = "/integrations/conflicts/"


@pytest.fixture
def live() -> Connection:
    live = factories.connection()
    factories.schemas(live)
    return live


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def staff(db: None) -> Client:
    return client_of(make_user(Role.STAFF, first_name="Stan", last_name="Staff"))


def ask(live: Connection, record: Any, field: str = "title", **values: Any) -> FieldConflict:
    """An open question about a linked record, ours as the record has it."""
    account = record.kind == "account"
    name = "Account" if account else "Contact"
    there = salesforce_id("001" if account else "003", record.pk)
    RecordLink.objects.get_or_create(
        connection=live, salesforce_object=name, salesforce_id=there, kind=record.kind, record_id=record.pk
    )
    theirs = values.pop("theirs", "CEO")
    defaults = {"salesforce_field": "Title", "rule": "ask", "state": "open", "theirs_at": NOW}
    return FieldConflict.objects.create(
        connection=live, kind=record.kind, record_id=record.pk, salesforce_object=name, salesforce_id=there,
        field=field, ours=getattr(record, field), theirs=theirs, salesforce_value=theirs, **(defaults | values),
    )  # fmt: skip


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def click(client: Client, decide: str, *picked: FieldConflict) -> list[str]:
    """Press a button of the page as it stands, and read what the page says then."""
    shown = client.get(PAGE).context["page"].rows
    seen = {f"seen-{row.question.pk}": row.seen for row in shown}
    answer = client.post(PAGE, seen | {"decide": decide, "pick": [str(question.pk) for question in picked]})
    return [str(message) for message in get_messages(answer.wsgi_request)]


def test_both_values_stand_side_by_side_with_who_changed_ours(live: Connection, staff: Client) -> None:
    ann = make_user(first_name="Ann", last_name="Ash")
    person = make_contact(last_name="Lovelace", title="CTO")
    with acting(ann, "web"):
        Contact.objects.update(title="Boss")
    person.refresh_from_db()
    ask(live, person)
    page = text_of(staff.get(PAGE))
    assert "Ann Lovelace" in page
    assert "Boss" in page
    assert "CEO" in page
    assert "by Ann Ash" in page


def test_the_page_says_first_what_each_answer_does(live: Connection, staff: Client) -> None:
    ask(live, make_contact(title="Boss"))
    Connection.objects.update(paused_at=NOW)
    page = text_of(staff.get(PAGE))
    assert "the value here stays, and goes out when syncing is resumed to Salesforce" in page
    assert "written here in place of ours. Nothing is sent." in page


def test_without_questions_the_page_says_what_conflicts_are(live: Connection, staff: Client) -> None:
    page = text_of(staff.get(PAGE))
    assert "No open questions" in page
    assert "changed both here and in Salesforce" in page


def test_keeping_ours_from_the_page(live: Connection, staff: Client) -> None:
    question = ask(live, make_contact(last_name="Lovelace", title="Boss"))
    OutboxEntry.objects.all().delete()
    said = click(staff, f"workspace {question.pk}")
    assert said == ["Title of Ann Lovelace: ours was kept and waits to be sent."]
    assert OutboxEntry.objects.filter(record_id=question.record_id, state="pending").exists()


def test_a_selection_is_decided_at_once(live: Connection, staff: Client) -> None:
    questions = [ask(live, make_contact(title="Boss")) for _ in range(3)]
    said = click(staff, "salesforce selected", *questions[:2])
    assert said == ["2 questions decided: Salesforce's was taken."]
    assert list(Contact.objects.order_by("pk").values_list("title", flat=True)) == ["CEO", "CEO", "Boss"]


def test_nothing_ticked_decides_nothing(live: Connection, staff: Client) -> None:
    ask(live, make_contact(title="Boss"))
    assert click(staff, "salesforce selected") == ["Nothing was decided: tick the questions first."]


def test_the_second_of_two_clicks_says_who_was_first(live: Connection, staff: Client) -> None:
    question = ask(live, make_contact(last_name="Lovelace", title="Boss"))
    other = client_of(make_user(Role.ADMIN))
    seen = {f"seen-{question.pk}": other.get(PAGE).context["page"].rows[0].seen}
    click(staff, f"workspace {question.pk}")
    answer = other.post(PAGE, seen | {"decide": f"salesforce {question.pk}"})
    said = [str(message) for message in get_messages(answer.wsgi_request)]
    assert said == ["Title of Ann Lovelace was decided already: ours was kept by Stan Staff."]


def test_a_value_that_moved_is_shown_instead_of_decided(live: Connection, staff: Client) -> None:
    question = ask(live, make_contact(last_name="Lovelace", title="Boss"))
    seen = {f"seen-{question.pk}": staff.get(PAGE).context["page"].rows[0].seen}
    Contact.objects.update(title="Chair")
    page = text_of(staff.post(PAGE, seen | {"decide": f"salesforce {question.pk}"}, follow=True))
    assert "here it is “Chair” now, in Salesforce “CEO”. Nothing was decided" in page
    assert FieldConflict.objects.open().exists()


@pytest.mark.parametrize(
    ("role", "status", "left"), [(Role.ADMIN, 302, 0), (Role.STAFF, 302, 0), (Role.SALES, 403, 1)]
)
def test_staff_and_admins_decide_and_sales_may_not(
    live: Connection, role: Role, status: int, left: int
) -> None:
    question = ask(live, make_contact(title="Boss"))
    staff = client_of(make_user(Role.STAFF))
    seen = {f"seen-{question.pk}": staff.get(PAGE).context["page"].rows[0].seen}
    answer = client_of(make_user(role)).post(PAGE, seen | {"decide": f"workspace {question.pk}"})
    assert answer.status_code == status
    assert FieldConflict.objects.open().count() == left


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", 3),
        ("object=Contact", 2),
        ("object=Account", 1),
        ("field=title", 1),
        ("field=email&object=Contact", 1),
        ("object=Nonsense", 3),
        ("record=contact-x", 3),
        ("field=%00", 3),
    ],
)
def test_questions_are_filtered_by_object_and_field(
    live: Connection, staff: Client, query: str, shown: int
) -> None:
    person = make_contact(title="Boss")
    ask(live, person)
    ask(live, person, "email", salesforce_field="Email")
    ask(live, make_account(), "name", salesforce_field="Name")
    assert len(staff.get(f"{PAGE}?{query}").context["page"].rows) == shown


def test_pages_follow_one_another_by_key(live: Connection, staff: Client) -> None:
    questions = [ask(live, make_contact(title="Boss")) for _ in range(60)]
    first = staff.get(PAGE).context
    second = staff.get(PAGE + first["next_link"]).context
    back = staff.get(PAGE + second["previous_link"]).context
    shown = [row.question.pk for page in (first, second) for row in page["page"].rows]
    assert shown == [question.pk for question in reversed(questions)]
    assert [row.question.pk for row in back["page"].rows] == shown[:50]
    assert not second["next_link"]


def test_fifty_questions_take_as_many_queries_as_one(live: Connection, staff: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(database) as captured:
            staff.get(PAGE)
        return len(captured)

    ask(live, make_contact(title="Boss"))
    staff.get(PAGE)
    one = queries()
    for _ in range(49):
        ask(live, make_contact(title="Boss"))
    assert queries() == one <= 20


def test_a_record_shows_its_open_questions_and_who_may_decide(live: Connection, staff: Client) -> None:
    question = ask(live, make_contact(title="Boss"))
    fragment = f"/integrations/fragments/questions/contact/{question.record_id}/"
    page = text_of(staff.get(fragment))
    assert "1 value differs from Salesforce's" in page.replace("&#x27;", "'")
    assert 'id="question-title"' in page
    assert f"?record=contact-{question.record_id}" in page
    assert "Staff or an admin decides" in text_of(client_of(make_user(Role.SALES)).get(fragment))


def test_a_record_without_questions_shows_nothing(live: Connection, staff: Client) -> None:
    person = make_contact(title="Boss")
    ask(live, person, state="settled", winner="workspace", settled_at=NOW)
    assert staff.get(f"/integrations/fragments/questions/contact/{person.pk}/").content.strip() == b""


def test_questions_of_an_org_before_are_not_asked(live: Connection, staff: Client) -> None:
    ask(live, make_contact(title="Boss"))
    Connection.objects.update(disconnected_at=NOW + timedelta(days=1))
    assert "No open questions" in text_of(staff.get(PAGE))


def test_the_overview_counts_what_is_to_decide(live: Connection, staff: Client) -> None:
    ask(live, make_contact(title="Boss"))
    assert "1 to decide" in text_of(staff.get("/integrations/salesforce/"))
