"""A pull while pushes run: what it read too early undoes nothing (design, *Traps*)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from crm.journal import acting
from crm.models import Contact
from integrations.models import Connection, OutboxEntry, RecordLink, SyncedObject, SyncRun
from integrations.salesforce.errors import NeedsPerson
from integrations.salesforce.queries import QueryPage
from integrations.sync.pull import apply
from integrations.sync.pull.plan import plan_object
from integrations.sync.pull.rereading import wanted
from integrations.sync.pull.slices import work_on
from integrations.sync.pull.staging import StagingTable
from integrations.tests import factories
from integrations.tests.factories import NOW, row
from integrations.tests.pull.pulling import before, pull_rows
from mappings.models import FieldMap

pytestmark = pytest.mark.django_db

EARLIER, LATER = NOW + timedelta(minutes=1), NOW + timedelta(minutes=5)
SENT: dict[str, Any] = {
    "op": "update",
    "object": "Contact",
    "id": None,
    "key": None,
    "values": {},
    "sent_at": NOW.isoformat(),
}


@pytest.fixture
def live() -> Connection:
    live = factories.connection()
    factories.schemas(live)
    return live


@pytest.fixture
def pulled(live: Connection) -> Contact:
    """Ada, in step, a clerk here and there."""
    pull_rows(live, "Contact", [contact()])
    return Contact.objects.get()


def contact(number: int = 1, at: datetime = NOW, **values: Any) -> dict[str, Any]:
    return row("Contact", number, at, **({"LastName": "Lovelace", "Title": "Clerk"} | values))


def on_its_way(record_id: int, state: str = "in_flight") -> None:
    OutboxEntry.objects.create(kind="contact", record_id=record_id, state=state, payload=SENT)


@pytest.mark.parametrize("state", ["in_flight", "unknown"])
@pytest.mark.parametrize("change", [{"Title": "Countess"}, {"IsDeleted": True}])
def test_what_is_on_its_way_is_left_alone(
    live: Connection, pulled: Contact, state: str, change: dict[str, Any]
) -> None:
    link = RecordLink.objects.values().get()
    on_its_way(pulled.pk, state)
    run = pull_rows(live, "Contact", [contact(at=LATER, **change)], now=LATER)
    assert RecordLink.objects.values().get() == link | {"reread": "IsDeleted" not in change}
    assert Contact.objects.get().title == "Clerk"
    assert {key: count for key, count in run.counts.items() if count} == {"seen": 1, "stale": 1}


@pytest.mark.parametrize("state", ["pending", "held"])
def test_what_only_waits_is_pulled(live: Connection, pulled: Contact, state: str) -> None:
    on_its_way(pulled.pk, state)
    pull_rows(live, "Contact", [contact(at=LATER, Title="Countess")], now=LATER)
    assert Contact.objects.get().title == "Countess"


@pytest.mark.parametrize(("seconds", "title"), [(-1, "Countess"), (0, "Clerk"), (1, "Clerk")])
def test_a_row_asked_for_after_our_last_answer_is_never_stale(
    live: Connection, pulled: Contact, seconds: int, title: str
) -> None:
    RecordLink.objects.update(pushed_at=LATER + timedelta(seconds=seconds))
    pull_rows(live, "Contact", [contact(at=EARLIER, Title="Countess")], now=LATER)
    assert Contact.objects.get().title == title


def test_what_was_written_there_after_our_last_answer_is_never_stale(
    live: Connection, pulled: Contact
) -> None:
    RecordLink.objects.update(pushed_at=LATER)
    pull_rows(live, "Contact", [contact(at=LATER, Title="Countess")], now=LATER)
    assert Contact.objects.get().title == "Countess"


def test_a_push_that_settles_between_plan_and_lock_is_not_undone(
    live: Connection, pulled: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    def settle() -> None:
        RecordLink.objects.update(pushed_at=LATER, base={"Title": "Engineer"})
        with acting(None, "web"):
            Contact.objects.update(title="Engineer")

    before(monkeypatch, "FOR NO KEY UPDATE", settle)
    run = pull_rows(live, "Contact", [contact(at=EARLIER, Title="Countess")], now=LATER)
    assert (Contact.objects.get().title, RecordLink.objects.get().base) == ("Engineer", {"Title": "Engineer"})
    assert run.counts["stale"] == 1


def test_what_we_deleted_there_doesnt_come_back_by_a_stale_page(live: Connection, pulled: Contact) -> None:
    RecordLink.objects.update(state="gone", pushed_at=LATER)
    pull_rows(live, "Contact", [contact(at=EARLIER)], now=LATER)
    assert Contact.objects.count() == 1


def test_of_a_record_read_twice_the_later_readings_time_counts(live: Connection, pulled: Contact) -> None:
    """The first page was asked for before the answer, the second after."""
    RecordLink.objects.update(pushed_at=NOW)
    SyncRun.objects.update(state="succeeded")
    run = staged(live, [(NOW, contact(at=NOW)), (LATER, contact(at=LATER, Title="Countess"))])
    assert work(run)
    assert Contact.objects.get().title == "Countess"


class Nobody:
    """An org that nobody asks."""

    calls = 0

    def query_page(self, soql: str) -> QueryPage:
        raise NeedsPerson(code="QUERY_TIMEOUT")


def staged(live: Connection, rows: list[tuple[datetime, dict[str, Any]]]) -> SyncRun:
    """A run that has read these rows, asked for at these times, and begins to apply them."""
    SyncRun.objects.filter(connection=live).update(state="succeeded")
    run = factories.run(live)
    place = {"asked_at": LATER.isoformat(), "from_seq": 0}
    factories.run(live, "Contact", parent=run, state="running", phase="applying", checkpoint=place)
    staging = StagingTable(live.pk, "Contact")
    staging.create(plan_object(live, "Contact", run).columns)
    for asked_at, one in rows:
        staging.insert_json([one], asked_at=asked_at)
    SyncedObject.objects.filter(name="Contact").update(
        staged=LATER, staged_id="003000000000009AAA", staged_rows=len(rows)
    )
    return run


def work(run: SyncRun) -> bool:
    return work_on(run, org=Nobody(), clock=lambda: LATER, seconds=5)  # type: ignore[arg-type]


def cursor() -> tuple[Any, ...]:
    synced = SyncedObject.objects.get(name="Contact")
    assert (synced.staged, synced.staged_id) == (synced.watermark, synced.watermark_id)
    return synced.watermark, synced.watermark_id


def test_the_saved_cursor_stays_before_what_was_left_alone(
    live: Connection, pulled: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One deleted there can't be asked for by its id. Over chunks the earliest of all counts, not the last chunk's."""
    monkeypatch.setattr(apply, "CHUNK_ROWS", 1)
    pull_rows(live, "Contact", [contact(2)])
    for record_id in Contact.objects.values_list("pk", flat=True):
        on_its_way(record_id)
    first, second = NOW + timedelta(minutes=1), NOW + timedelta(minutes=2)
    rows = [contact(1, first, IsDeleted=True), contact(2, second, IsDeleted=True), contact(3, LATER)]
    assert work(staged(live, [(LATER, one) for one in rows]))
    assert cursor() == (first, "")


def test_a_linked_record_that_was_left_alone_is_asked_for_by_its_id(
    live: Connection, pulled: Contact
) -> None:
    """The cursor goes on, however long what it waits for takes."""
    on_its_way(pulled.pk, "unknown")
    assert work(staged(live, [(LATER, contact(1, EARLIER, Title="CEO"))]))
    assert cursor() == (LATER, "003000000000009AAA")
    assert [sid for _, sid in wanted(live.pk, "Contact", after=0)] == [contact()["Id"]]


def test_the_cursor_moves_where_nothing_was_left_alone(live: Connection, pulled: Contact) -> None:
    assert work(staged(live, [(LATER, contact(1, LATER, Title="CEO"))]))
    assert cursor() == (LATER, "003000000000009AAA")


@pytest.mark.parametrize("state", ["in_flight", "unknown"])
def test_a_person_on_its_way_is_never_matched(live: Connection, state: str) -> None:
    ada = made_here()
    on_its_way(ada.pk, state)
    run = pull_rows(live, "Contact", [contact(Email="ada@acme.com")], trigger="first")
    assert (run.counts["matched"], run.counts["created"]) == (0, 1)


def made_here() -> Contact:
    with acting(None, "web"):
        ada = Contact.objects.create(last_name="Lovelace", email="ada@acme.com")
    OutboxEntry.objects.all().delete()
    return ada


@pytest.mark.parametrize("what", ["sent", "linked"])
def test_a_match_that_was_sent_or_linked_before_its_lock_becomes_a_new_person(
    live: Connection, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = made_here()

    def meanwhile() -> None:
        if what == "sent":
            on_its_way(ada.pk)
        else:
            live.links.create(
                salesforce_object="Contact",
                salesforce_id="003000000000007AAA",
                kind="contact",
                record_id=ada.pk,
            )

    before(monkeypatch, "FOR NO KEY UPDATE", meanwhile)
    run = pull_rows(live, "Contact", [contact(Email="ada@acme.com")], trigger="first")
    assert (run.counts["matched"], run.counts["created"]) == (0, 1)


def test_what_only_goes_out_keeps_its_agreed_value(live: Connection, pulled: Contact) -> None:
    FieldMap.objects.filter(object="Contact", field="title").update(direction="push")
    RecordLink.objects.update(base=RecordLink.objects.get().base | {"Title": "Engineer"})
    pull_rows(live, "Contact", [contact(at=LATER, FirstName="Ada")], now=LATER)
    assert (Contact.objects.get().first_name, RecordLink.objects.get().base["Title"]) == ("Ada", "Engineer")


def test_what_only_goes_out_makes_no_row_a_changed_one(live: Connection, pulled: Contact) -> None:
    FieldMap.objects.filter(object="Contact", field="title").update(direction="push")
    link = RecordLink.objects.values().get()
    run = pull_rows(live, "Contact", [contact(at=LATER)], now=LATER)
    assert run.counts["unchanged"] == 1
    assert RecordLink.objects.values().get() == link
