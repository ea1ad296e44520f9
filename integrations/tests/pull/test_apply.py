"""What applying staged rows does to the workspace (spec C4–C7, C11)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from psycopg import sql

from crm.journal import acting
from crm.models import Account, Contact, JournalEntry
from integrations.models import Connection, OutboxEntry, RecordLink, SyncedObject, SyncRun
from integrations.sync.pull.plan import MOST_COLUMNS, plan_object
from integrations.sync.pull.staging import StagingTable
from integrations.sync.pull.statements import Statements
from integrations.tests import factories
from integrations.tests.factories import NOW, row
from integrations.tests.pull.pulling import pull_rows
from mappings.models import FieldMap

pytestmark = pytest.mark.django_db

Pull = Callable[..., SyncRun]


@pytest.fixture
def live() -> Connection:
    live = factories.connection()
    factories.schemas(live)
    return live


def contact(number: int, later: int = 0, **values: Any) -> dict[str, Any]:
    return row("Contact", number, NOW + timedelta(minutes=later), **({"LastName": "Lovelace"} | values))


def lead(number: int, later: int = 0, **values: Any) -> dict[str, Any]:
    return row(
        "Lead",
        number,
        NOW + timedelta(minutes=later),
        **({"LastName": "Lovelace", "Company": "Acme"} | values),
    )


def test_a_new_contact_becomes_a_person(live: Connection) -> None:
    run = pull_rows(live, "Contact", [contact(1, FirstName="Ada", Email="Ada@acme.com", DoNotCall=True)])
    person = Contact.objects.get()
    assert (person.first_name, person.email, person.do_not_call) == ("Ada", "Ada@acme.com", True)
    assert person.created_run == run.pk
    assert run.counts["created"] == 1


def test_a_pull_leaves_nothing_to_push(live: Connection) -> None:
    pull_rows(live, "Contact", [contact(1)])
    pull_rows(live, "Contact", [contact(1, later=1, Title="CEO")])
    assert not OutboxEntry.objects.exists()


def test_pulling_the_same_again_changes_nothing(live: Connection) -> None:
    pull_rows(live, "Contact", [contact(1), contact(2)])
    run = pull_rows(live, "Contact", [contact(1), contact(2)])
    assert (run.counts["seen"], run.counts["unchanged"], run.counts["updated"]) == (2, 2, 0)
    assert Contact.objects.count() == 2


def test_a_change_there_is_written_and_journaled(live: Connection) -> None:
    pull_rows(live, "Contact", [contact(1, Title="CTO")])
    run = pull_rows(live, "Contact", [contact(1, later=1, Title="CEO")])
    assert Contact.objects.get().title == "CEO"
    entry = JournalEntry.objects.get()
    assert (entry.changes, entry.origin, entry.run) == ({"title": ["CTO", "CEO"]}, "pull", run.pk)


def test_an_edit_here_survives_a_change_of_another_field_there(live: Connection) -> None:
    pull_rows(live, "Contact", [contact(1, Title="CTO")])
    with acting(None, "web"):
        Contact.objects.update(first_name="Augusta")
    pull_rows(live, "Contact", [contact(1, later=1, Title="CEO")])
    assert list(Contact.objects.values_list("first_name", "title")) == [("Augusta", "CEO")]


@pytest.mark.parametrize(
    ("rule", "kept"), [("salesforce", "CEO"), ("workspace", "Boss"), ("ask", "Boss"), ("newest", "CEO")]
)
def test_who_wins_where_both_sides_changed(live: Connection, rule: str, kept: str) -> None:
    FieldMap.objects.filter(object="Contact", field="title").update(conflict=rule)
    pull_rows(live, "Contact", [contact(1, Title="CTO")])
    with acting(None, "web"):
        Contact.objects.update(title="Boss")
    JournalEntry.objects.update(at=NOW)
    run = pull_rows(live, "Contact", [contact(1, later=1, Title="CEO")])
    assert Contact.objects.get().title == kept
    assert run.counts["conflicts"] == 1


def test_a_field_that_asks_goes_on_asking(live: Connection) -> None:
    FieldMap.objects.filter(object="Contact", field="title").update(conflict="ask")
    pull_rows(live, "Contact", [contact(1, Title="CTO")])
    with acting(None, "web"):
        Contact.objects.update(title="Boss")
    pull_rows(live, "Contact", [contact(1, later=1, Title="CEO")])
    assert RecordLink.objects.get().base["Title"] == "CTO"
    assert pull_rows(live, "Contact", [contact(1, later=2, Title="CEO")]).counts["conflicts"] == 1


def test_an_older_row_never_undoes_a_newer_one(live: Connection) -> None:
    pull_rows(live, "Contact", [contact(1, later=5, Title="CEO")])
    pull_rows(live, "Contact", [contact(1, Title="CTO")])
    assert Contact.objects.get().title == "CEO"


def test_of_a_record_read_twice_the_later_reading_counts(live: Connection) -> None:
    pull_rows(live, "Contact", [contact(1, Title="CTO"), contact(1, Title="CEO")])
    assert Contact.objects.get().title == "CEO"


def test_duplicates_are_mirrored(live: Connection) -> None:
    pull_rows(live, "Contact", [contact(1, Email="a@acme.com"), contact(2, Email="A@acme.com")])
    assert Contact.objects.count() == 2


def test_a_lead_that_is_a_contact_too_is_kept_as_a_suppressed_link(live: Connection) -> None:
    pull_rows(live, "Contact", [contact(1, Email="a@acme.com")])
    run = pull_rows(live, "Lead", [lead(1, Email="A@ACME.com"), lead(2, Email="b@acme.com")])
    link = RecordLink.objects.get(state="suppressed")
    assert link.suppressed_by == contact(1)["Id"]
    assert (run.counts["created"], run.counts["suppressed"]) == (1, 1)


def test_a_converted_lead_is_never_pulled(live: Connection) -> None:
    gone_to = contact(7)["Id"]
    pull_rows(live, "Lead", [lead(1, IsConverted=True, ConvertedContactId=gone_to)])
    assert not Contact.objects.exists()
    assert RecordLink.objects.get().suppressed_by == gone_to


def test_a_person_belongs_to_the_account_of_salesforce(live: Connection) -> None:
    pull_rows(live, "Account", [row("Account", 1, Name="Acme")])
    pull_rows(live, "Contact", [contact(1, AccountId=row("Account", 1)["Id"])])
    assert str(Contact.objects.get().account) == "Acme"


def test_an_account_that_comes_after_its_people_gets_them(live: Connection) -> None:
    pull_rows(live, "Contact", [contact(1, AccountId=row("Account", 1)["Id"])])
    assert Contact.objects.get().account is None
    pull_rows(live, "Account", [row("Account", 1, Name="Acme")])
    pull_rows(live, "Contact", [])
    assert str(Contact.objects.get().account) == "Acme"
    assert RecordLink.objects.get(kind="contact").waiting_for is None


def test_an_accounts_domain_is_its_websites(live: Connection) -> None:
    pull_rows(live, "Account", [row("Account", 1, Name="Acme", Website="https://shop.acme.co.uk/de")])
    assert Account.objects.get().domain == "acme.co.uk"


def test_a_deleted_record_marks_the_link_gone_and_keeps_the_person(live: Connection) -> None:
    pull_rows(live, "Contact", [contact(1)])
    run = pull_rows(live, "Contact", [contact(1, later=1, IsDeleted=True)])
    assert Contact.objects.count() == 1
    assert RecordLink.objects.get().state == "gone"
    assert run.counts["deleted"] == 1


def test_what_was_deleted_before_we_knew_it_is_left_out(live: Connection) -> None:
    pull_rows(live, "Contact", [contact(1, IsDeleted=True)])
    assert not Contact.objects.exists()
    assert not RecordLink.objects.exists()


def test_what_comes_back_from_the_bin_is_a_new_person(live: Connection) -> None:
    pull_rows(live, "Contact", [contact(1)])
    pull_rows(live, "Contact", [contact(1, later=1, IsDeleted=True)])
    pull_rows(live, "Contact", [contact(1, later=2)])
    assert Contact.objects.count() == 2
    assert RecordLink.objects.get().record_id == Contact.objects.latest("pk").pk


@pytest.mark.parametrize(("trigger", "people"), [("first", 1), ("manual", 1), ("schedule", 2)])
def test_a_person_made_here_is_met_on_first_and_manual_pulls_only(
    live: Connection, trigger: str, people: int
) -> None:
    with acting(None, "web"):
        Contact.objects.create(last_name="Lovelace", email="ada@acme.com")
    SyncedObject.objects.update(pulled_at=NOW)
    pull_rows(live, "Contact", [contact(1, Email="Ada@acme.com", Title="CEO")], trigger=trigger)
    assert Contact.objects.count() == people
    assert Contact.objects.filter(title="CEO").count() == 1


def test_until_an_object_was_pulled_each_pull_counts_as_its_first(live: Connection) -> None:
    with acting(None, "web"):
        Contact.objects.create(last_name="Lovelace", email="ada@acme.com")
    pull_rows(live, "Contact", [contact(1, Email="Ada@acme.com")], trigger="schedule")
    assert Contact.objects.count() == 1


def test_of_very_many_fields_the_mapped_ones_are_read_first(live: Connection) -> None:
    schema = live.schemas.get(name="Contact")
    schema.describe["fields"] += [factories.field(f"A{number}__c") for number in range(800)]
    schema.save()
    Connection.objects.update(activated_at=None)
    plan = plan_object(Connection.objects.get(), "Contact", factories.run(live, "Contact"))
    assert len(plan.columns) == MOST_COLUMNS
    assert {"Id", "LastName", "OwnerId"} <= set(plan.columns)


def test_two_rows_cannot_meet_one_person(live: Connection) -> None:
    with acting(None, "web"):
        Contact.objects.create(last_name="Lovelace", email="ada@acme.com")
    rows = [contact(1, Email="ada@acme.com"), contact(2, Email="ada@acme.com")]
    run = pull_rows(live, "Contact", rows, trigger="first")
    assert (run.counts["matched"], run.counts["created"]) == (1, 1)


def test_a_blank_in_salesforce_doesnt_empty_the_person_it_meets(live: Connection) -> None:
    with acting(None, "web"):
        Contact.objects.create(last_name="Lovelace", email="ada@acme.com", title="CEO")
    pull_rows(live, "Contact", [contact(1, Email="ada@acme.com")], trigger="first")
    assert Contact.objects.get().title == "CEO"


def test_people_of_an_account_deleted_here_still_come(live: Connection) -> None:
    pull_rows(live, "Account", [row("Account", 1, Name="Acme")])
    with acting(None, "web"):
        Account.objects.get().delete()
    run = pull_rows(live, "Contact", [contact(1, AccountId=row("Account", 1)["Id"])])
    database.check_constraints()
    assert (run.counts["created"], Contact.objects.get().account) == (1, None)


def test_half_an_emoji_doesnt_stop_the_pull(live: Connection) -> None:
    pull_rows(live, "Contact", [contact(1, Title="CEO \ud83d", FirstName="😀 \\ \\ud83d \\u0000\0")])
    person = Contact.objects.get()
    assert (person.title, person.first_name) == ("CEO ?", "😀 \\ \\ud83d \\u0000")


def test_a_number_that_is_rounded_up_over_its_limit_is_reported(live: Connection) -> None:
    deal = row("Opportunity", 1, Name="Big", StageName="Open", Probability=999.999)
    run = pull_rows(live, "Opportunity", [deal])
    assert (run.counts["created"], run.counts["rejected"]) == (1, 1)


def test_any_text_survives_unchanged(live: Connection) -> None:
    street = 'line\nline\t"quoted" \\ %s ; \' 😀 שלום ' + "x" * 32000
    pull_rows(live, "Contact", [contact(1, MailingStreet=street, FirstName="O'Neil; DROP TABLE")])
    assert (Contact.objects.get().street, Contact.objects.get().first_name) == (street, "O'Neil; DROP TABLE")


def test_a_value_too_long_for_its_field_is_reported_and_the_rest_applied(live: Connection) -> None:
    schema = live.schemas.get(name="Contact")
    schema.describe["fields"].append(factories.field("Bio__c", length=32000))
    schema.save()
    FieldMap.objects.filter(object="Contact", field="title").update(salesforce="Bio__c")
    run = pull_rows(live, "Contact", [contact(1, FirstName="Ada", Bio__c="x" * 256)])
    assert (Contact.objects.get().first_name, Contact.objects.get().title) == ("Ada", "")
    assert run.counts["rejected"] == 1
    assert live.errors.get().field == "Bio__c"


def test_the_counts_of_an_object_are_kept_as_it_is_pulled(live: Connection) -> None:
    pull_rows(live, "Contact", [contact(1), contact(2), contact(3)])
    pull_rows(live, "Contact", [contact(2, later=1, IsDeleted=True)])
    state = SyncedObject.objects.get(name="Contact")
    assert (state.linked, state.gone) == (2, 1)


def test_a_record_of_an_org_before_counts_as_unlinked(live: Connection) -> None:
    pull_rows(live, "Contact", [contact(1, Email="ada@acme.com")])
    Connection.objects.update(disconnected_at=NOW)
    other = factories.connection(org_id="00D000000000002EAA")
    for schema in live.schemas.all():
        other.schemas.create(name=schema.name, describe=schema.describe, read_at=NOW)
    run = pull_rows(other, "Contact", [contact(2, Email="ada@acme.com")], trigger="first")
    assert (run.counts["matched"], Contact.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("object_name", "statement", "index"),
    [
        ("Lead", "chunk", "link_by_match_key"),
        ("Contact", "match", "contact_by_email"),
        ("Account", "match", "account_by_domain"),
    ],
)
def test_the_same_person_or_company_is_found_by_an_index(
    live: Connection, object_name: str, statement: str, index: str
) -> None:
    """Without it a chunk reads a whole table once a row."""
    pull_rows(live, "Contact", [contact(number, Email=f"{number}@acme.com") for number in range(1000)])
    websites = [row("Account", n, Name=f"Acme {n}", Website=f"www.acme{n}.com") for n in range(1000)]
    pull_rows(live, "Account", websites)
    SyncRun.objects.update(state="succeeded")
    plan = plan_object(live, object_name, factories.run(live, object_name, trigger="first"))
    staging = StagingTable(live.pk, object_name)
    staging.create(plan.columns)
    statements = Statements(plan, staging.name)
    with database.cursor() as cursor:
        cursor.execute("ANALYZE crm_contact, crm_account, integrations_recordlink")
        cursor.execute("DROP TABLE IF EXISTS pg_temp.chunk, pg_temp.decided")
        if statement == "match":
            cursor.execute(statements.chunk(0, 1))
        compiled = statements.chunk(0, 1) if statement == "chunk" else getattr(statements, statement)
        cursor.execute(sql.SQL("EXPLAIN {}").format(compiled))
        assert index in str(cursor.fetchall())


OUTCOMES = ("created", "matched", "updated", "unchanged", "suppressed", "deleted", "ignored")


def test_every_row_has_one_outcome(live: Connection) -> None:
    with acting(None, "web"):
        Contact.objects.create(last_name="Lovelace", email="ada@acme.com")
    first = pull_rows(
        live, "Contact", [contact(1, Email="ada@acme.com", Title="CEO"), contact(2)], trigger="first"
    )
    with acting(None, "web"):
        Contact.objects.filter(email="").delete()
    rows = [contact(1, later=1, Email="ada@acme.com", Title="CTO"), contact(2, later=1, Title="CEO")]
    second = pull_rows(live, "Contact", rows)
    assert {key: first.counts[key] for key in OUTCOMES if first.counts[key]} == {"created": 1, "matched": 1}
    assert {key: second.counts[key] for key in OUTCOMES if second.counts[key]} == {"updated": 1, "ignored": 1}


def test_an_e_mail_that_isnt_mapped_is_followed_all_the_same(live: Connection) -> None:
    FieldMap.objects.filter(object="Contact", field="email").delete()
    pull_rows(live, "Contact", [contact(1, Email="ada@acme.com")])
    pull_rows(live, "Contact", [contact(1, later=1, Email="lovelace@acme.com")])
    assert RecordLink.objects.get().match_key == "lovelace@acme.com"


def test_a_field_that_asks_asks_about_a_match_too(live: Connection) -> None:
    FieldMap.objects.filter(object="Contact", field="title").update(conflict="ask")
    with acting(None, "web"):
        Contact.objects.create(last_name="Lovelace", email="ada@acme.com", title="Boss")
    rows = [contact(1, Email="ada@acme.com", Title="CEO")]
    assert pull_rows(live, "Contact", rows, trigger="first").counts["conflicts"] == 1
    assert "Title" not in RecordLink.objects.get().base
    assert pull_rows(live, "Contact", rows).counts["conflicts"] == 1
