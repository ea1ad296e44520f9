import html
import json
import re
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from crm.models import ContactStage, CustomField
from crm.roles import Role
from crm.tests.factories import make_contact, make_user
from integrations.configuration.options import OPTIONS
from integrations.configuration.pages import PAGES
from integrations.configuration.tests.orgs import describe, field
from integrations.models import AuditEntry, Connection, RecordLink, SyncedObject, SyncSettings
from integrations.tests.factories import connection
from mappings.models import FieldMap, StageMap, ValueMap

pytestmark = pytest.mark.django_db

CONTACTS = "/integrations/salesforce/contacts/"
INPUT = re.compile(r"<input ([^>]*)>")
SELECT = re.compile(r'<select [^>]*name="([^"]*)".*?</select>', re.S)
ATTRIBUTE = re.compile(r'([a-z-]+)(?:="([^"]*)")?')


@pytest.fixture
def ada(client: Client) -> Client:
    client.force_login(make_user(Role.ADMIN, first_name="Ada", last_name="Admin"))
    return client


@pytest.fixture
def org() -> Connection:
    live = connection()
    describe(
        live,
        "Contact",
        field("LastName", required=True),
        field("Title"),
        field("Tier__c", "picklist", values=("Gold", "Silver")),
        field("LeadSource", "picklist", values=("Web", "Website")),
        field("Score__c", "double", formula=True),
        field("MailingAddress", "address"),
    )
    for key, salesforce in (("last_name", "LastName"), ("title", "Title"), ("source", "LeadSource")):
        FieldMap.objects.create(object="Contact", field=key, salesforce=salesforce)
    SyncedObject.objects.create(connection=live, name="Contact", linked=8412)
    return live


def text_of(client: Client, address: str = CONTACTS) -> str:
    return html.unescape(client.get(address).content.decode())


def as_shown(client: Client, address: str = CONTACTS) -> dict[str, Any]:
    """The form as a browser would send it untouched."""
    page = client.get(address).content.decode().split("data-settings", 1)[1]
    sent: dict[str, Any] = {}
    for match in INPUT.finditer(page):
        one = {name: html.unescape(value) for name, value in ATTRIBUTE.findall(match[1])}
        ticked = one.get("type") not in ("checkbox", "radio") or "checked" in one
        if "name" in one and ticked:
            sent.setdefault(one["name"], []).append(one.get("value", "on"))
    for match in SELECT.finditer(page):
        chosen = re.search(r'value="([^"]*)" selected', match[0])
        sent[match[1]] = [chosen[1] if chosen else ""]
    return sent


@pytest.mark.parametrize("slug", PAGES)
@pytest.mark.parametrize("role", [Role.STAFF, Role.SALES])
def test_settings_are_for_admins_only(client: Client, slug: str, role: Role) -> None:
    client.force_login(make_user(role))

    assert client.get(f"/integrations/salesforce/{slug}/").status_code == 403
    assert client.post(f"/integrations/salesforce/{slug}/", {"seen": "{}"}).status_code == 403


def test_a_map_row_is_for_admins_only(client: Client) -> None:
    client.force_login(make_user(Role.SALES))

    assert client.get(f"{CONTACTS}row/?salesforce=Title").status_code == 403


def test_every_setting_stands_on_some_page() -> None:
    on_pages = {option.path for page in PAGES.values() for option in page.options}

    assert on_pages == {option.path for option in OPTIONS}


@pytest.mark.usefixtures("org")
@pytest.mark.parametrize("slug", PAGES)
def test_a_page_saved_as_it_is_changes_nothing(ada: Client, slug: str) -> None:
    address = f"/integrations/salesforce/{slug}/"

    ada.post(address, as_shown(ada, address))

    assert not AuditEntry.objects.exists()


@pytest.mark.usefixtures("org")
def test_the_sections_stand_in_one_order(ada: Client) -> None:
    titles = re.findall(r'<h2 id="section-\w+">(\w+)</h2>', text_of(ada))

    assert titles == ["Pull", "Push", "Sync", "Fields"]


def test_what_comes_later_says_so(ada: Client) -> None:
    assert (
        text_of(ada, "/integrations/salesforce/activities/").count("Stored now; takes effect with activities")
        == 1
    )


def test_deals_say_why_there_is_no_merge_sync(ada: Client) -> None:
    page = text_of(ada, "/integrations/salesforce/deals/")

    assert "Salesforce can't merge opportunities" in page


@pytest.mark.usefixtures("org")
def test_sync_switches_say_how_many_they_concern(ada: Client) -> None:
    assert "8,412 people are linked" in text_of(ada)


def test_a_switch_is_saved_and_audited(ada: Client) -> None:
    sent = as_shown(ada) | {"settings.people.push_new": "on"}

    answer = ada.post(CONTACTS, sent, follow=True)

    assert "1 change saved." in answer.content.decode()
    entry = AuditEntry.objects.get()
    assert entry.action == "Contacts settings saved"
    assert entry.changes == [{"path": "settings.people.push_new", "from": False, "to": True}]


def test_stages_may_include_none(ada: Client) -> None:
    ContactStage.objects.create(name="Warm")
    only = {"settings.people.only_stages.limit": "some", "settings.people.only_stages": ["", "Warm"]}

    ada.post(CONTACTS, as_shown(ada) | only)

    assert SyncSettings.current().people_only_stages == [None, "Warm"]


def test_hiding_contacts_leaves_leads_as_they_are(ada: Client) -> None:
    SyncSettings.current()
    SyncSettings.objects.update(hidden_objects=["Lead"])

    ada.post(CONTACTS, as_shown(ada) | {"settings.pull.hide": "on"})

    assert sorted(SyncSettings.current().hidden_objects) == ["Contact", "Lead"]


def test_a_number_out_of_range_is_refused_beside_its_field(ada: Client) -> None:
    address = "/integrations/salesforce/general/"

    answer = ada.post(address, as_shown(ada, address) | {"settings.pull.interval_minutes": "1"})

    assert answer.status_code == 422
    assert 'value="1"' in answer.content.decode()
    assert "a whole number from 2" in answer.content.decode()


@pytest.mark.parametrize("seen", ["", "[]", "nonsense", "1" * 5000])
def test_a_form_that_is_not_ours_saves_nothing(ada: Client, seen: str) -> None:
    answer = ada.post(CONTACTS, {"seen": seen, "settings.people.push_new": "on"}, follow=True)

    assert "nothing was saved" in answer.content.decode()
    assert not SyncSettings.current().people_push_new


def test_the_second_of_two_admins_is_told_what_changed(ada: Client) -> None:
    sent = as_shown(ada) | {"settings.contacts.delete_sync": "on"}
    ada.post(CONTACTS, as_shown(ada) | {"settings.contacts.merge_sync": "on"})

    answer = ada.post(CONTACTS, sent)

    page = html.unescape(answer.content.decode())
    assert answer.status_code == 409
    assert "Ada Admin has changed this page meanwhile" in page
    assert not SyncSettings.current().contacts_delete_sync


def test_saving_again_keeps_what_both_changed(ada: Client) -> None:
    sent = as_shown(ada) | {"settings.contacts.delete_sync": "on"}
    ada.post(CONTACTS, as_shown(ada) | {"settings.contacts.merge_sync": "on"})
    seen = json.dumps(json.loads(sent["seen"][0]) | {"settings.contacts.merge_sync": True})

    ada.post(CONTACTS, sent | {"seen": seen, "settings.contacts.merge_sync": "on"})

    settings = SyncSettings.current()
    assert settings.contacts_delete_sync
    assert settings.contacts_merge_sync


def test_without_a_connection_the_map_says_so(ada: Client) -> None:
    assert "Salesforce's fields are known once it is connected" in text_of(ada)


@pytest.mark.usefixtures("org")
def test_required_and_unmapped_fields_are_shown(ada: Client) -> None:
    page = text_of(ada)

    assert ">required<" in page
    assert 'data-unmapped="Tier__c"' in page
    assert 'data-unmapped="MailingAddress"' not in page


def test_a_row_shows_a_value_from_each_side(ada: Client, org: Connection) -> None:
    ann = make_contact(title="Boss")
    RecordLink.objects.create(
        connection=org,
        salesforce_object="Contact",
        salesforce_id="003000000000001AAA",
        kind="contact",
        record_id=ann.pk,
        base={"Title": "CEO"},
    )

    page = text_of(ada)

    assert ">Boss<" in page
    assert ">CEO<" in page


@pytest.mark.usefixtures("org")
def test_a_resting_row_says_why(ada: Client) -> None:
    FieldMap.objects.filter(field="title").update(suspended="Title was deleted in Salesforce.")

    page = text_of(ada)

    assert "Resting: Title was deleted in Salesforce." in page
    assert "1 to look at" in page


def row_of(sent: dict[str, Any], key: str) -> str:
    name = next(name for name, value in sent.items() if name.endswith(".field") and value == [key])
    return name.removesuffix(".field")


@pytest.mark.usefixtures("org")
def test_rules_of_a_row_are_changed(ada: Client) -> None:
    sent = as_shown(ada)
    row = row_of(sent, "title")

    ada.post(
        CONTACTS, sent | {f"{row}.overwrite": "on", f"{row}.direction": "pull", f"{row}.conflict": "ask"}
    )

    title = FieldMap.objects.get(field="title")
    assert (title.overwrite, title.direction, title.conflict) == (True, "pull", "ask")


@pytest.mark.usefixtures("org")
def test_a_row_is_removed(ada: Client) -> None:
    sent = as_shown(ada)

    ada.post(CONTACTS, sent | {f"{row_of(sent, 'title')}.remove": "on"})

    assert not FieldMap.objects.filter(field="title").exists()


@pytest.mark.usefixtures("org")
def test_a_picklist_value_gets_a_name_of_our_own(ada: Client) -> None:
    sent = as_shown(ada)
    assert sent["values.LeadSource.there"] == ["Web", "Website"]

    ada.post(CONTACTS, sent | {"values.LeadSource.here": ["", "Home page"]})

    pair = ValueMap.objects.get()
    assert (pair.salesforce_value, pair.value) == ("Website", "Home page")


def new_row(client: Client, query: str) -> dict[str, Any]:
    """What the row's fragment would send along."""
    page = client.get(f"{CONTACTS}row/?{query}").content.decode()
    row = {"row": re.findall(r'name="row" value="([^"]*)"', page)}
    for name in ("create", "values", "values.Tier__c.there", "values.Tier__c.here"):
        row[name] = re.findall(f'name="{re.escape(name)}" value="([^"]*)"', page)
    stem = f"row.{row['row'][0]}"
    for key in ("field", "salesforce", "direction", "conflict"):
        hidden = re.search(rf'name="{re.escape(f"{stem}.{key}")}" value="([^"]*)"', page)
        select = re.search(rf'<select [^>]*name="{re.escape(f"{stem}.{key}")}".*?</select>', page, re.S)
        options = re.findall(r'value="([^"]*)"', select[0]) if select else []
        row[f"{stem}.{key}"] = [hidden[1]] if hidden else options[:1]
    return row


def combine(shown: dict[str, Any], added: dict[str, Any]) -> dict[str, Any]:
    return {name: [*shown.get(name, []), *added.get(name, [])] for name in {**shown, **added}}


@pytest.mark.usefixtures("org")
def test_a_field_is_made_for_a_salesforce_field_with_one_click(ada: Client) -> None:
    ada.post(CONTACTS, combine(as_shown(ada), new_row(ada, "salesforce=Tier__c&make=1")))

    made = CustomField.objects.get()
    assert (made.name, made.label, made.type) == ("tier__c", "Tier", "picklist")
    assert FieldMap.objects.get(salesforce="Tier__c").field == "custom.tier__c"


@pytest.mark.usefixtures("org")
def test_a_formula_gets_a_row_that_only_pulls(ada: Client) -> None:
    ada.post(CONTACTS, combine(as_shown(ada), new_row(ada, "salesforce=Score__c&make=1")))

    assert FieldMap.objects.get(salesforce="Score__c").direction == "pull"


@pytest.mark.usefixtures("org")
def test_a_field_here_is_offered_only_what_fits(ada: Client) -> None:
    page = ada.get(f"{CONTACTS}row/?field=city").content.decode()

    assert 'value="Tier__c"' in page
    assert "MailingAddress" not in page
    assert 'value="Title"' not in page


@pytest.mark.usefixtures("org")
@pytest.mark.parametrize(
    "query", ["", "field=title", "field=nonsense", "salesforce=Title", "salesforce=No__c"]
)
def test_what_cannot_be_mapped_gets_no_row(ada: Client, query: str) -> None:
    assert ada.get(f"{CONTACTS}row/?{query}").status_code == 404


@pytest.mark.usefixtures("org")
def test_stages_are_mapped_through_their_row(ada: Client) -> None:
    sent = combine(as_shown(ada), new_row(ada, "field=stage"))
    sent["row.new-stage.salesforce"] = ["Tier__c"]
    ada.post(CONTACTS, sent)
    shown = as_shown(ada)

    ada.post(CONTACTS, shown | {"values.stage.here": ["Hot", ""]})

    assert list(StageMap.objects.values_list("salesforce_value", "stage")) == [("Gold", "Hot")]
    assert ContactStage.objects.get().name == "Hot"


@pytest.mark.usefixtures("org")
def test_removing_the_stage_row_takes_its_stages_along(ada: Client) -> None:
    StageMap.objects.create(
        object="Contact", salesforce_field="Tier__c", salesforce_value="Gold", stage="Hot"
    )
    FieldMap.objects.create(object="Contact", field="stage", salesforce="Tier__c")
    sent = as_shown(ada)

    ada.post(CONTACTS, sent | {f"{row_of(sent, 'stage')}.remove": "on"})

    assert not StageMap.objects.exists()
    assert not FieldMap.objects.filter(field="stage").exists()


@pytest.mark.usefixtures("org")
def test_the_page_asks_the_database_as_often_for_many_rows_as_for_few(
    ada: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(35):
        ada.get(CONTACTS)


@pytest.mark.parametrize(
    "seen",
    [
        "[" * 100_000,
        json.dumps({"settings.pull.hide": 5}),
        json.dumps({"settings.pull.hide": None}),
        json.dumps({"settings.people.only_stages": [[]]}),
        json.dumps({"settings.people.only_stages": 3}),
    ],
    ids=["deep", "a number", "null", "a list", "another number"],
)
def test_a_form_that_no_page_of_ours_sends_saves_nothing(ada: Client, org: Connection, seen: str) -> None:
    sent = as_shown(ada) | {"settings.people.only_stages.limit": "some", "seen": seen}
    assert ada.post(CONTACTS, sent).status_code == 302
    assert not AuditEntry.objects.exists()
