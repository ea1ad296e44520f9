from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm import journal
from crm.models import Account, Contact, ContactRole, CustomField, Deal, JournalEntry, User
from crm.tests.factories import make_account, make_contact, make_deal, make_stage, make_user

pytestmark = pytest.mark.django_db


def seen(page: Any) -> dict[str, Any]:
    """What a browser would send of the form on a page if nobody touched it."""
    form = page.context["form"]
    sent: dict[str, Any] = {}
    for field in form:
        value = field.value()
        text = "" if value in (None, False) else ("on" if value is True else str(value))
        sent[field.html_initial_name] = "" if value is None else str(value)
        if value is not False:
            sent[field.html_name] = text
    return sent


def edit(client: Client, address: str, **changes: str) -> Any:
    return client.post(f"{address}edit/", seen(client.get(f"{address}edit/")) | changes)


def test_an_edit_is_journaled_as_its_users(as_ann: Client, ann: User) -> None:
    person = make_contact(title="CEO")
    edit(as_ann, person.get_absolute_url(), title="CTO")
    entry = JournalEntry.objects.filter(kind="contact", record_id=person.pk, action="updated").get()
    assert (entry.actor, entry.origin, entry.changes) == (ann, "web", {"title": ["CEO", "CTO"]})


def test_saving_without_a_change_writes_nothing(as_ann: Client) -> None:
    person = make_contact(street="1 Long Road\nFlat 2", email_opt_out=True)
    before = JournalEntry.objects.count()
    edit(as_ann, person.get_absolute_url(), street="1 Long Road\r\nFlat 2")
    assert JournalEntry.objects.count() == before


def test_two_people_may_edit_different_fields_at_once(as_ann: Client) -> None:
    person = make_contact(title="CEO", phone="1")
    opened = seen(as_ann.get(f"{person.get_absolute_url()}edit/"))
    Contact.objects.filter(pk=person.pk).update(phone="2")
    as_ann.post(f"{person.get_absolute_url()}edit/", opened | {"title": "CTO"})
    person.refresh_from_db()
    assert (person.title, person.phone) == ("CTO", "2")


def test_nobody_overwrites_what_they_never_saw(as_ann: Client) -> None:
    person = make_contact(title="CEO")
    opened = seen(as_ann.get(f"{person.get_absolute_url()}edit/"))
    Contact.objects.filter(pk=person.pk).update(title="Chair")
    answer = as_ann.post(f"{person.get_absolute_url()}edit/", opened | {"title": "CTO"})
    person.refresh_from_db()
    assert person.title == "Chair"
    assert "Somebody changed this to “Chair”" in answer.content.decode()


def test_having_been_told_one_may_overwrite(as_ann: Client) -> None:
    person = make_contact(title="CEO")
    opened = seen(as_ann.get(f"{person.get_absolute_url()}edit/"))
    Contact.objects.filter(pk=person.pk).update(title="Chair")
    address = f"{person.get_absolute_url()}edit/"
    told = as_ann.post(address, opened | {"title": "CTO"})
    shown = told.context["form"]["title"].as_widget(only_initial=True)
    assert 'value="Chair"' in shown
    as_ann.post(address, opened | {"title": "CTO", "initial-title": "Chair"})
    person.refresh_from_db()
    assert person.title == "CTO"


def test_an_error_keeps_what_was_typed(as_ann: Client) -> None:
    person = make_contact()
    answer = edit(as_ann, person.get_absolute_url(), email="no address", title="Typed")
    assert answer.status_code == 200
    assert "Typed" in answer.content.decode()


def test_a_bad_pulled_email_doesnt_stand_in_the_way(as_ann: Client) -> None:
    person = make_contact(email="not one")
    edit(as_ann, person.get_absolute_url(), title="CTO")
    person.refresh_from_db()
    assert person.title == "CTO"


def test_a_person_needs_a_name_or_an_email(as_ann: Client) -> None:
    answer = as_ann.post("/people/new/", {"title": "CEO"})
    assert "Give a name or an e-mail address" in answer.content.decode()
    assert not Contact.objects.exists()


def test_a_new_record_has_its_own_page(as_ann: Client, ann: User) -> None:
    acme = make_account()
    sent = seen(as_ann.get(f"/people/new/?account={acme.pk}"))
    answer = as_ann.post("/people/new/", sent | {"last_name": "Nová"}, follow=True)
    person = Contact.objects.get()
    assert (person.account, person.owner) == (acme, ann)
    assert "Nová is in." in answer.content.decode() or "Nová" in answer.content.decode()


def test_deleting_says_first_what_will_happen(as_ann: Client) -> None:
    acme = make_account()
    make_contact(account=acme)
    page = as_ann.get(f"{acme.get_absolute_url()}delete/").content.decode()
    assert "1 person loses this account." in page
    assert Account.objects.exists()


def test_deleting_is_journaled_as_its_users(as_ann: Client, ann: User) -> None:
    deal = make_deal()
    as_ann.post(f"{deal.get_absolute_url()}delete/")
    assert not Deal.objects.exists()
    assert JournalEntry.objects.get(kind="deal", action="deleted").actor == ann


def test_a_deal_takes_the_probability_of_its_stage(as_ann: Client) -> None:
    deal = make_deal(stage=make_stage("Open", probability=10), probability=10)
    edit(as_ann, deal.get_absolute_url(), stage=str(make_stage("Late", probability=80).pk))
    deal.refresh_from_db()
    assert deal.probability == 80


def test_a_stage_of_another_pipeline_is_refused_where_salesforce_leads(as_ann: Client) -> None:
    make_stage("Open", locked=True)
    stray = make_stage("Stray")
    stray.pipeline = type(stray.pipeline).objects.create(name="Own")
    stray.save()
    deal = make_deal()
    edit(as_ann, deal.get_absolute_url(), stage=str(stray.pk))
    deal.refresh_from_db()
    assert deal.stage is None


@pytest.mark.parametrize(
    ("type_", "typed", "stored"),
    [
        ("text", "Gold", "Gold"),
        ("number", "12", 12),
        ("currency", "12.50", 12.5),
        ("date", "2030-01-31", "2030-01-31"),
        ("checkbox", "on", True),
        ("picklist", "A", "A"),
    ],
)
def test_custom_fields_are_edited_by_their_definition(
    as_ann: Client, type_: str, typed: str, stored: Any
) -> None:
    CustomField.objects.create(kind="contact", name="tier", label="Tier", type=type_, options=["A", "B"])
    person = make_contact(custom={"kept": 1})
    edit(as_ann, person.get_absolute_url(), custom_tier=typed)
    person.refresh_from_db()
    assert person.custom == {"kept": 1, "tier": stored}


def test_a_custom_value_can_be_emptied(as_ann: Client) -> None:
    CustomField.objects.create(kind="contact", name="tier", label="Tier", type="text")
    person = make_contact(custom={"tier": "Gold"})
    edit(as_ann, person.get_absolute_url(), custom_tier="")
    person.refresh_from_db()
    assert person.custom == {}


def test_a_dropped_picklist_value_survives_an_edit(as_ann: Client) -> None:
    CustomField.objects.create(kind="contact", name="tier", label="Tier", type="picklist", options=["A"])
    person = make_contact(custom={"tier": "Old"})
    edit(as_ann, person.get_absolute_url(), title="CTO")
    person.refresh_from_db()
    assert person.custom == {"tier": "Old"}


def test_history_speaks_in_names(as_ann: Client, ann: User) -> None:
    deal, stage, acme = make_deal(), make_stage("Negotiation"), make_account(name="Acme")
    with journal.acting(ann, "web"):
        Deal.objects.filter(pk=deal.pk).update(stage=stage, owner=ann, account=acme)
    page = as_ann.get(deal.get_absolute_url()).content.decode()
    assert all(f"<ins>{name}</ins>" in page for name in ("Negotiation", "Ann Ash", "Acme"))


def test_history_of_any_length_takes_as_many_queries(as_ann: Client, ann: User) -> None:
    deal = make_deal()
    stages = [make_stage(f"Stage {n}") for n in range(10)]

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            as_ann.get(deal.get_absolute_url())
        return len(captured)

    Deal.objects.filter(pk=deal.pk).update(stage=stages[0])
    once = queries()
    for stage in stages:
        Deal.objects.filter(pk=deal.pk).update(stage=stage)
    assert queries() == once


def test_long_histories_come_in_pages(as_ann: Client) -> None:
    person = make_contact()
    for number in range(25):
        Contact.objects.filter(pk=person.pk).update(title=f"Title {number}")
    history = as_ann.get(person.get_absolute_url()).context["history"]
    older = as_ann.get(f"{person.get_absolute_url()}history/?before={history.older}").content.decode()
    assert "Title 3" in older
    assert "Created" in older


def test_why_names_who_set_the_value_and_what_it_replaced(as_ann: Client, ann: User) -> None:
    person = make_contact(title="CEO")
    with journal.acting(ann, "web"):
        Contact.objects.filter(pk=person.pk).update(title="CTO")
    said = as_ann.get(f"{person.get_absolute_url()}why/title/").content.decode()
    assert "Ann Ash" in said
    assert "<q>CEO</q>" in said


def test_why_names_the_run_that_pulled_the_record(as_ann: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lockstep.skip', 'on', true)")
    person = make_contact(created_run=7, title="CEO")
    said = as_ann.get(f"{person.get_absolute_url()}why/title/").content.decode()
    assert "by a pull from Salesforce" in said
    assert "run 7" in said


def test_why_of_no_field_is_refused(as_ann: Client) -> None:
    person = make_contact()
    assert as_ann.get(f"{person.get_absolute_url()}why/password/").status_code == 404


@pytest.mark.parametrize("page", ["people", "accounts", "deals"])
def test_a_record_that_is_gone_says_so(as_ann: Client, page: str) -> None:
    answer = as_ann.get(f"/{page}/4711/")
    assert answer.status_code == 404
    assert "may have been deleted" in answer.content.decode()


def test_pulled_text_never_becomes_markup_or_a_script_link(as_ann: Client) -> None:
    account = make_account(
        name="<b>x</b>", website="javascript:alert(1)", description="<img src=x onerror=y>"
    )
    page = as_ann.get(account.get_absolute_url()).content.decode()
    assert "<b>x</b>" not in page
    assert "<img src=x" not in page
    assert 'href="javascript:' not in page


def test_people_and_deals_stand_beside_each_other(as_ann: Client) -> None:
    deal, person = make_deal(name="Big one"), make_contact(last_name="Decider")
    ContactRole.objects.create(deal=deal, contact=person, role="Decision maker", is_primary=True)
    assert "Big one" in as_ann.get(person.get_absolute_url()).content.decode()
    assert "Decision maker · primary" in as_ann.get(deal.get_absolute_url()).content.decode()


def test_accounts_are_chosen_by_typing(as_ann: Client) -> None:
    make_account(name="Acme & Söhne")
    said = as_ann.get("/accounts/choices/?account_search=söh").content.decode()
    assert 'data-pick-name="Acme &amp; Söhne"' in said


def test_history_reads_as_sentences_with_and_without_a_person(as_ann: Client) -> None:
    person = make_contact()
    Contact.objects.filter(pk=person.pk).update(created_run=5)
    edit(as_ann, person.get_absolute_url(), title="CTO")
    page = " ".join(as_ann.get(f"{person.get_absolute_url()}history/").content.decode().split())
    assert "Changed by <strong>Ann Ash</strong> in Lockstep" in page
    assert "Created by a pull from Salesforce" in page


@pytest.fixture
def olga() -> User:
    """Somebody who has left."""
    return make_user(is_active=False, first_name="Olga", last_name="Old")


def test_a_custom_user_is_shown_by_name(as_ann: Client, olga: User) -> None:
    CustomField.objects.create(kind="contact", name="coach", label="Coach", type="user")
    person = make_contact(custom={"coach": olga.pk})
    Contact.objects.filter(pk=person.pk).update(custom={})
    Contact.objects.filter(pk=person.pk).update(custom={"coach": olga.pk})
    page = as_ann.get(person.get_absolute_url()).content.decode()
    assert "<dd>Olga Old\n</dd>" in page
    assert "<ins>Olga Old</ins>" in page


def test_a_custom_user_who_left_survives_an_edit(as_ann: Client, olga: User) -> None:
    CustomField.objects.create(kind="contact", name="coach", label="Coach", type="user")
    person = make_contact(custom={"coach": olga.pk})
    page = as_ann.get(f"{person.get_absolute_url()}edit/").content.decode()
    assert f'<option value="{olga.pk}" selected>Olga Old</option>' in page


def test_a_custom_time_is_shown_and_typed_in_ones_own_zone(as_ann: Client, ann: User) -> None:
    User.objects.filter(pk=ann.pk).update(time_zone="Europe/Paris")
    CustomField.objects.create(kind="contact", name="demo", label="Demo", type="datetime")
    person = make_contact(custom={"demo": "2030-01-31T14:30:00Z"})
    assert "31 Jan 2030, 15:30" in as_ann.get(person.get_absolute_url()).content.decode()
    edit(as_ann, person.get_absolute_url(), title="CTO")
    person.refresh_from_db()
    assert person.custom == {"demo": "2030-01-31T14:30:00Z"}
    typed = {"custom_demo": "2030-01-31 16:00", "initial-custom_demo": "2030-01-31 15:30:00"}
    edit(as_ann, person.get_absolute_url(), **typed)
    person.refresh_from_db()
    assert person.custom == {"demo": "2030-01-31T15:00:00Z"}


def test_having_been_told_one_may_overwrite_several_values(as_ann: Client) -> None:
    options = ["A", "B", "C"]
    CustomField.objects.create(
        kind="contact", name="tags", label="Tags", type="multipicklist", options=options
    )
    person = make_contact(custom={"tags": ["C", "A"]})
    address = f"{person.get_absolute_url()}edit/"
    opened = seen(as_ann.get(address)) | {"initial-custom_tags": ["A"], "custom_tags": ["B"]}
    told = as_ann.post(address, opened)
    assert "Somebody changed this to “C, A”" in told.content.decode()
    assert told.context["form"].data.getlist("initial-custom_tags") == ["C", "A"]
    as_ann.post(address, opened | {"initial-custom_tags": ["C", "A"]})
    person.refresh_from_db()
    assert person.custom == {"tags": "B"}


def test_several_values_are_kept_as_a_pull_gives_them(as_ann: Client) -> None:
    options = ["A", "B", "C"]
    CustomField.objects.create(
        kind="contact", name="tags", label="Tags", type="multipicklist", options=options
    )
    person = make_contact(custom={"tags": "A;C"})
    address = person.get_absolute_url()
    assert "A, C" in as_ann.get(address).content.decode()
    opened = seen(as_ann.get(f"{address}edit/"))
    assert opened["custom_tags"] == "['A', 'C']"
    as_ann.post(f"{address}edit/", opened | {"initial-custom_tags": ["A", "C"], "custom_tags": ["A", "B"]})
    person.refresh_from_db()
    assert person.custom == {"tags": "A;B"}


def test_choices_that_somebody_added_meanwhile_stay(as_ann: Client) -> None:
    CustomField.objects.create(kind="contact", name="tags", label="Tags", type="multipicklist", options=["A"])
    person = make_contact()
    address = f"{person.get_absolute_url()}edit/"
    page = as_ann.get(address)
    assert '<input type="hidden" name="initial-custom_tags"' in page.content.decode()
    opened = {key: value for key, value in seen(page).items() if key != "custom_tags"}
    Contact.objects.filter(pk=person.pk).update(custom={"tags": ["A"]})
    as_ann.post(address, opened | {"title": "CTO"})
    person.refresh_from_db()
    assert (person.title, person.custom) == ("CTO", {"tags": ["A"]})


@pytest.mark.parametrize("stored", ["many", {"a": 1}, [1], True])
def test_a_page_shows_what_is_no_number_too(as_ann: Client, stored: Any) -> None:
    CustomField.objects.create(kind="contact", name="seats", label="Seats", type="number")
    person = make_contact(custom={"seats": stored})
    assert as_ann.get(person.get_absolute_url()).status_code == 200


def test_an_empty_choice_is_called_none(as_ann: Client) -> None:
    page = as_ann.get("/deals/new/").content.decode()
    assert '<option value="" selected>None</option>' in page
    assert "-----" not in page
