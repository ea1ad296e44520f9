"""The page on which Salesforce's users and queues stand beside ours (spec O1)."""

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.journal import acting
from crm.models import Contact, User
from crm.roles import Role
from crm.tests.factories import make_user
from integrations.models import AuditEntry, Connection, OutboxEntry, SalesforceOwner
from integrations.tests import factories
from integrations.tests.factories import row, salesforce_id
from integrations.tests.pull.pulling import pull_rows

pytestmark = pytest.mark.django_db

PAGE = "/integrations/salesforce/owners/"
JANE, QUEUE, UNKNOWN = salesforce_id("005", 1), salesforce_id("00G", 1), salesforce_id("005", 9)


@pytest.fixture
def live() -> Connection:
    """Jane there owns two people and an account; a queue owns a lead."""
    live = factories.connection()
    factories.schemas(live)
    add("Jane Doe", JANE, email="jane@acme.example", connection=live)
    add("Inbound", QUEUE, is_queue=True, connection=live)
    people = [row("Contact", number, LastName=f"Person{number}", OwnerId=JANE) for number in (1, 2)]
    pull_rows(live, "Contact", people)
    pull_rows(live, "Account", [row("Account", 1, Name="Acme", OwnerId=JANE)])
    pull_rows(live, "Lead", [row("Lead", 1, LastName="Lead", Company="Acme", OwnerId=QUEUE)])
    return live


def add(name: str, salesforce_id: str, **values: Any) -> SalesforceOwner:
    return SalesforceOwner.objects.create(name=name, salesforce_id=salesforce_id, **values)


@pytest.fixture
def ada(db: None) -> User:
    return make_user(Role.ADMIN, first_name="Ada")


@pytest.fixture
def admin(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


def text_of(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def correct(admin: Client, to: Any, id: str = JANE) -> list[str]:
    """Choose, read what it does, and do it; what the page says then."""
    page = admin.get(f"{PAGE}{id}/", {"to": to})
    answer = admin.post(f"{PAGE}{id}/", {"to": to, "seen": page.context["seen"]})
    return [str(message) for message in get_messages(answer.wsgi_request)]


@pytest.mark.parametrize("role", [Role.STAFF, Role.SALES])
@pytest.mark.parametrize("path", ["", f"{JANE}/", "counts/"])
def test_others_dont_see_it(live: Connection, role: Role, path: str) -> None:
    client = Client()
    client.force_login(make_user(role))
    assert client.get(f"{PAGE}{path}").status_code == 403


def test_users_and_queues_stand_beside_ours(live: Connection, admin: Client) -> None:
    make_user(email="Jane@acme.example", first_name="Jane", last_name="Here")
    admin.post(f"{PAGE}match/")
    page = text_of(admin.get(PAGE))
    assert all(
        words in page for words in ("Jane Doe", "Jane Here", "by e-mail", "Queues own leads", "Inbound")
    )


def test_the_inactive_are_marked_on_either_side(live: Connection, admin: Client) -> None:
    gone = make_user(is_active=False)
    add("Ray", salesforce_id("005", 2), is_active=False, user=gone, by_hand=True, connection=live)
    page = text_of(admin.get(f"{PAGE}?show=inactive"))
    assert "Inactive there" in page
    assert "Inactive here" in page
    assert "Jane Doe" not in page


@pytest.mark.parametrize(
    ("show", "names"),
    [
        ("", ["Inbound", "Jane Doe", "Ray"]),
        ("nobody", ["Jane Doe"]),
        ("hand", ["Ray"]),
        ("queues", ["Inbound"]),
    ],
)
def test_the_filters_show_whom_they_say(
    live: Connection, admin: Client, ada: User, show: str, names: list[str]
) -> None:
    add("Ray", salesforce_id("005", 2), user=ada, by_hand=True, connection=live)
    rows = admin.get(f"{PAGE}?show={show}").context["page"].rows
    assert [owner.name for owner in rows] == names


def test_what_each_owns_is_counted_by_object(live: Connection, admin: Client) -> None:
    counts = text_of(admin.get(f"{PAGE}counts/?ids={JANE},{QUEUE}"))
    assert "2 contacts, 1 account" in counts
    assert "1 lead" in counts


def test_an_owner_of_whom_only_the_id_is_known_is_listed(live: Connection, admin: Client) -> None:
    pull_rows(live, "Contact", [row("Contact", 5, LastName="Portal", OwnerId=UNKNOWN)])
    assert UNKNOWN in text_of(admin.get(f"{PAGE}counts/?ids={JANE}"))
    jane = make_user(first_name="Jane")
    correct(admin, jane.pk, UNKNOWN)
    assert Contact.objects.get(last_name="Portal").owner == jane


def test_what_it_does_is_said_first(live: Connection, admin: Client) -> None:
    jane = make_user(first_name="Jane", last_name="Here")
    page = text_of(admin.get(f"{PAGE}{JANE}/?to={jane.pk}"))
    assert "2 people, 1 account get Jane Here as owner here." in page
    assert "Nothing changes in Salesforce." in page
    assert Contact.objects.filter(owner=jane).count() == 0


def test_then_the_records_follow_and_nothing_is_sent(live: Connection, admin: Client, ada: User) -> None:
    jane = make_user(first_name="Jane")
    assert "Nothing changed in Salesforce." in correct(admin, jane.pk)[0]
    assert Contact.objects.filter(owner=jane).count() == 2
    assert not OutboxEntry.objects.exists()
    assert AuditEntry.objects.get().actor == ada


def test_records_given_to_others_here_are_counted_apart(live: Connection, admin: Client, ada: User) -> None:
    with acting(ada, "web"):
        Contact.objects.filter(last_name="Person1").update(owner=ada)
    page = text_of(admin.get(f"{PAGE}{JANE}/?to={make_user(first_name='Jane').pk}"))
    assert "1 person, 1 account get" in page
    assert "staying theirs: 1 person." in page


def test_nobody_and_by_email_may_be_chosen(live: Connection, admin: Client) -> None:
    make_user(email="jane@acme.example", first_name="Jane")
    correct(admin, "email")
    assert SalesforceOwner.objects.get(salesforce_id=JANE).user is not None
    correct(admin, "nobody")
    owner = SalesforceOwner.objects.get(salesforce_id=JANE)
    assert (owner.user, owner.by_hand) == (None, True)
    assert not Contact.objects.exclude(owner=None).exists()


def test_what_another_admin_did_meanwhile_isnt_overwritten(live: Connection, admin: Client) -> None:
    jane, ann = make_user(first_name="Jane"), make_user(first_name="Ann")
    seen = admin.get(f"{PAGE}{JANE}/", {"to": jane.pk}).context["seen"]
    correct(admin, ann.pk)
    answer = admin.post(f"{PAGE}{JANE}/", {"to": jane.pk, "seen": seen})
    assert "changed meanwhile" in [str(message) for message in get_messages(answer.wsgi_request)][-1]
    assert SalesforceOwner.objects.get(salesforce_id=JANE).user == ann


def test_a_queue_cant_be_somebody(live: Connection, admin: Client, ada: User) -> None:
    assert "Queues own leads" in text_of(admin.get(f"{PAGE}{QUEUE}/"))
    assert "queue" in correct(admin, ada.pk, QUEUE)[0]


@pytest.mark.parametrize("id", ["nonsense", "001000000000001AAA"])
def test_what_is_no_user_isnt_found(live: Connection, admin: Client, id: str) -> None:
    assert admin.get(f"{PAGE}{id}/").status_code == 404


def test_an_owner_not_in_lockstep_is_named_on_the_records_page(live: Connection, admin: Client) -> None:
    person = Contact.objects.get(last_name="Person1")
    words = text_of(admin.get(f"/integrations/fragments/owners/contact/?ids={person.pk}"))
    assert "Salesforce user: Jane Doe (not in Lockstep)" in words
    lead = Contact.objects.get(last_name="Lead")
    words = text_of(admin.get(f"/integrations/fragments/owners/contact/?ids={lead.pk}"))
    assert "Salesforce queue: Inbound" in words


def test_a_record_with_an_owner_here_needs_no_such_words(live: Connection, admin: Client, ada: User) -> None:
    Contact.objects.update(owner=ada)
    ids = ",".join(str(pk) for pk in Contact.objects.values_list("pk", flat=True))
    assert not text_of(admin.get(f"/integrations/fragments/owners/contact/?ids={ids}"))


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(database) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


@pytest.mark.parametrize("path", ["", "counts/?ids=x", f"{JANE}/?to=nobody"])
def test_as_many_queries_for_fifty_owners_as_for_one(live: Connection, admin: Client, path: str) -> None:
    once = queries(admin, PAGE + path)
    for number in range(10, 60):
        user = make_user()
        add(f"User {number}", salesforce_id("005", number), user=user, connection=live)
    assert queries(admin, PAGE + path) == once <= 18


def test_the_fragment_of_a_list_asks_as_often_for_many_as_for_one(live: Connection, admin: Client) -> None:
    address = "/integrations/fragments/owners/contact/?ids="
    ids = [str(pk) for pk in Contact.objects.values_list("pk", flat=True)]
    assert queries(admin, address + ids[0]) == queries(admin, address + ",".join(ids))


def test_a_long_list_is_paged_by_name(live: Connection, admin: Client) -> None:
    for number in range(60):
        add(f"User {number:02}", salesforce_id("005", 100 + number), connection=live)
    page = admin.get(PAGE)
    rest = admin.get(PAGE + page.context["next_link"])
    names = [owner.name for page in (page, rest) for owner in page.context["page"].rows]
    assert names == sorted(names)
    assert len(names) == 62
