from datetime import timedelta
from typing import Any

import pytest

from integrations.models import Connection, SyncError
from integrations.salesforce.errors import NeedsPerson
from integrations.sync.push_errors import Refusal, close, record, record_all, record_ours
from integrations.tests.factories import NOW, connection

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def live() -> Connection:
    return connection()


def refuse(live: Connection, record_id: int = 1, **values: Any) -> None:
    facts: dict[str, Any] = {"code": "REQUIRED_FIELD_MISSING", "message": "missing", "fields": ("LastName",)}
    named = {key: values.pop(key) for key in list(values) if key in (*facts, "existing_ids")}
    given: dict[str, Any] = {"salesforce_object": "Contact", "sent": {"LastName": None}, "now": NOW}
    error = NeedsPerson(**(facts | named))
    record(live, kind="contact", record_id=record_id, error=error, **(given | values))


def only_error(**values: Any) -> SyncError:
    return SyncError.objects.get(**values)


def test_what_salesforce_said_is_kept(live: Connection) -> None:
    refuse(live, fields=("LastName", "Email"), existing_ids=("003000000000001AAA", "003000000000002AAA"))
    error = only_error()
    assert (error.source, error.code, error.field, error.fields) == (
        "push", "REQUIRED_FIELD_MISSING", "LastName", ["LastName", "Email"],
    )  # fmt: skip
    assert error.existing_id == "003000000000001AAA"
    assert error.existing_ids == ["003000000000001AAA", "003000000000002AAA"]
    assert (error.sent, error.state, error.attempts, error.held_by_us) == (
        {"LastName": None},
        "open",
        1,
        False,
    )


def test_the_same_refusal_again_is_the_same_row(live: Connection) -> None:
    refuse(live, sent={"LastName": None})
    refuse(live, sent={"LastName": ""}, attempts=2, state="retrying", now=LATER)
    error = only_error()
    assert (error.sent, error.attempts, error.state) == ({"LastName": ""}, 2, "retrying")
    assert (error.created_at, error.changed_at) == (NOW, LATER)


@pytest.mark.parametrize(
    "other",
    [{"code": "STRING_TOO_LONG"}, {"fields": ("Email",)}, {"fields": ()}, {"salesforce_id": "003000000000001AAA"}],
)  # fmt: skip
def test_another_cause_closes_the_one_before(live: Connection, other: dict[str, Any]) -> None:
    refuse(live)
    refuse(live, now=LATER, **other)
    assert SyncError.objects.filter(state="open").count() == 1
    assert only_error(state="closed").changed_at == LATER


def test_what_was_closed_may_come_again(live: Connection) -> None:
    refuse(live)
    close(live, "contact", [1], NOW)
    refuse(live, now=LATER)
    assert sorted(SyncError.objects.values_list("state", flat=True)) == ["closed", "open"]


def test_errors_of_others_stay(live: Connection) -> None:
    refuse(live, 1)
    refuse(live, 2)
    refuse(live, 1, code="STRING_TOO_LONG")
    assert only_error(record_id=2).state == "open"


def test_many_are_written_with_one_statement(live: Connection, django_assert_num_queries: Any) -> None:
    rows = [Refusal(record_id, code="STRING_TOO_LONG", message="too long") for record_id in range(1, 201)]
    with django_assert_num_queries(3):  # with savepoint
        record_all(live, kind="contact", salesforce_object="Contact", refusals=rows, now=NOW)
    assert SyncError.objects.count() == 200


def test_of_two_refusals_of_one_record_the_later_counts(live: Connection) -> None:
    rows = [Refusal(1, code="FIRST"), Refusal(1, code="SECOND")]
    record_all(live, kind="contact", salesforce_object="Contact", refusals=rows, now=NOW)
    assert only_error().code == "SECOND"


def test_nothing_refused_asks_nothing(live: Connection, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        record_all(live, kind="contact", salesforce_object="Contact", refusals=[], now=NOW)


def test_what_we_hold_ourselves_says_so(live: Connection) -> None:
    rows = [(1, "001000000000001AAA"), (2, "")]
    record_ours(
        live, kind="account", salesforce_object="Account", rows=rows, code="MASS_DELETE", message="m", now=NOW
    )
    assert SyncError.objects.filter(held_by_us=True, attempts=0).count() == 2


def test_a_nul_in_a_message_is_dropped(live: Connection) -> None:
    refuse(live, message="bad \0value")
    assert only_error().message == "bad value"


def test_closing_leaves_pull_errors_alone(live: Connection) -> None:
    refuse(live)
    SyncError.objects.create(
        connection=live, source="pull", kind="contact", record_id=1, code="X", message="x",
        created_at=NOW, changed_at=NOW,
    )  # fmt: skip
    assert close(live, "contact", [1], LATER) == 1
    assert only_error(source="pull").state == "open"
