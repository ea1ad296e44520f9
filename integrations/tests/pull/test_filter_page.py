"""The condition builder on an object's page (spec C12, pages: *Pull*)."""

import html
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from crm.roles import Role
from crm.tests.factories import make_user
from integrations.models import AuditEntry, Connection, SyncedObject, SyncRun, SyncSettings
from integrations.tests.pull import live
from integrations.tests.sandbox_process import SandboxOrg
from integrations.tests.test_settings_pages import as_shown, text_of

pytestmark = pytest.mark.django_db

CONTACTS = "/integrations/salesforce/contacts/"
FRENCH = {"field": "MailingCountry", "operator": "eq", "value": "France"}


@pytest.fixture
def ada(client: Client, connection: Connection) -> Client:
    """An admin of a workspace that is connected to the demo's org."""
    cache.clear()
    client.force_login(make_user(Role.ADMIN, first_name="Ada", last_name="Admin"))
    return client


def stored(conditions: list[dict[str, Any]]) -> None:
    SyncSettings.objects.update(filters={"Contact": conditions} if conditions else {})


def typed(*conditions: tuple[str, str, Any]) -> dict[str, Any]:
    """As the builder's form sends them."""
    sent: dict[str, Any] = {"has_filter": "1", "filter": [str(place) for place in range(len(conditions))]}
    for place, (field, operator, value) in enumerate(conditions):
        sent |= {f"filter.{place}.field": field, f"filter.{place}.operator": operator}
        sent |= {} if value is None else {f"filter.{place}.value": value}
    return sent


def saved(client: Client, *conditions: tuple[str, str, Any]) -> int:
    untouched = {key: value for key, value in as_shown(client).items() if not key.startswith("filter")}
    return client.post(CONTACTS, untouched | typed(*conditions)).status_code


def matches(client: Client, *conditions: tuple[str, str, Any]) -> str:
    answer = client.post(f"{CONTACTS}matches/", typed(*conditions))
    return " ".join(html.unescape(answer.content.decode()).split())


def test_each_object_has_its_filter_on_its_page(ada: Client) -> None:
    for slug in ("contacts", "leads", "accounts", "deals"):
        assert "Add a condition" in text_of(ada, f"/integrations/salesforce/{slug}/")


def test_a_page_sent_back_untouched_changes_no_filter(ada: Client) -> None:
    conditions: list[dict[str, Any]] = [
        FRENCH,
        {"field": "HasOptedOutOfEmail", "operator": "eq", "value": False},
        {"field": "LeadSource", "operator": "in", "value": ["Web", "Other"]},
        {"field": "Title", "operator": "in", "value": ["CEO", 'CTO, "interim"']},
        {"field": "CreatedDate", "operator": "gt", "value": "2024-01-01T00:00:00Z"},
        {"field": "LastModifiedDate", "operator": "le", "value": "2099-01-01"},
        {"field": "Birthdate", "operator": "ge", "value": "1900-01-01"},
        {"field": "SystemModstamp", "operator": "in", "value": ["2024-01-01", "2024-01-01T01:00:00+01:00"]},
        {"field": "Email", "operator": "filled"},
    ]
    stored(conditions)
    sent = as_shown(ada)
    # A textarea is no input.
    sent |= {"filter.3.value": 'CEO\nCTO, "interim"', "filter.7.value": "2024-01-01T00:00\n2024-01-01T00:00"}
    ada.post(CONTACTS, sent)
    assert SyncSettings.current().filters == {"Contact": conditions}
    assert not AuditEntry.objects.filter(action__contains="settings saved").exists()


def test_saving_a_filter_sorts_again_all_that_was_pulled(ada: Client) -> None:
    assert saved(ada, ("MailingCountry", "eq", "France")) == 302
    assert SyncSettings.current().filters == {"Contact": [FRENCH]}
    assert SyncedObject.objects.get(name="Contact").read_again
    assert list(SyncRun.objects.exclude(parent=None).values_list("object", flat=True)) == ["Contact"]
    assert "Contacts are read again now, and sorted by the filter." in text_of(ada)


def test_a_filter_saved_while_a_pull_runs_is_left_to_the_next_one(
    ada: Client, connection: Connection
) -> None:
    live.start(connection)
    saved(ada, ("MailingCountry", "eq", "France"))
    assert "The next pull reads contacts again, and sorts them by the filter." in text_of(ada)


def test_another_object_s_filter_stays(ada: Client) -> None:
    SyncSettings.objects.update(filters={"Lead": [{"field": "Email", "operator": "filled"}]})
    saved(ada, ("MailingCountry", "eq", "France"))
    assert SyncSettings.current().filters.keys() == {"Lead", "Contact"}
    assert not SyncedObject.objects.get(name="Lead").read_again


def test_taking_the_last_condition_away_ends_the_filter(ada: Client) -> None:
    stored([FRENCH])
    saved(ada)
    assert SyncSettings.current().filters == {}
    assert SyncedObject.objects.get(name="Contact").read_again


def test_a_value_that_cannot_be_is_refused_beside_its_row(ada: Client) -> None:
    assert saved(ada, ("MailingCountry", "eq", "France"), ("Birthdate", "lt", "soon")) == 422
    sent = as_shown(ada)
    answer = ada.post(CONTACTS, sent | typed(("Birthdate", "lt", "soon"))).content.decode()
    row = answer.split("data-condition", 1)[1].split("data-matches", 1)[0]
    assert "“soon” is not a date such as 2025-12-31." in row
    assert SyncSettings.current().filters == {}


def test_a_new_row_offers_what_can_be_filtered(ada: Client) -> None:
    row = ada.get(f"{CONTACTS}condition/").content.decode()
    assert "Mailing Country" in row
    assert 'value="MailingAddress"' not in row


@pytest.mark.parametrize(
    ("field", "operator", "shows"),
    [
        ("Birthdate", "lt", 'type="date"'),
        ("CreatedDate", "lt", 'type="datetime-local"'),
        ("LeadSource", "eq", '<option value="Web"'),
        ("LeadSource", "in", 'type="checkbox"'),
        ("HasOptedOutOfEmail", "eq", "not ticked"),
        ("Title", "in", "One value a line."),
        ("OwnerId", "eq", "Choose…"),
        ("Title", "gt", "sorts after"),
        ("Birthdate", "contains", "is before"),
    ],
)
def test_a_row_asks_for_what_its_field_holds(ada: Client, field: str, operator: str, shows: str) -> None:
    asked = {"filter": "7", "filter.7.field": field, "filter.7.operator": operator}
    assert shows in ada.get(f"{CONTACTS}condition/", asked).content.decode()


def test_the_org_says_how_many_match_and_what_that_will_do(ada: Client, demo_org: SandboxOrg) -> None:
    answer = demo_org.control("GET", "/query?q=SELECT+Id+FROM+Contact")
    everyone = len(answer["records"])
    told = matches(ada, ("LastName", "eq", "Nobody's \\ name"))
    assert f"Matches 0 of {everyone:,}." in told
    assert f"{everyone:,} people are hidden here, and nothing of them is pushed." in told
    assert "read in full once more" in told


def test_counting_costs_a_call_for_what_matches_and_one_for_all(ada: Client, demo_org: SandboxOrg) -> None:
    def calls() -> int:
        return len(list(demo_org.control("GET", "/requests")))

    matches(ada, ("Email", "filled", None))
    before = calls()
    matches(ada, ("Email", "empty", None))
    assert calls() - before == 1


def test_no_condition_asks_nothing_of_salesforce(ada: Client, demo_org: SandboxOrg) -> None:
    before = len(list(demo_org.control("GET", "/requests")))
    assert "all are pulled" in matches(ada)
    assert len(list(demo_org.control("GET", "/requests"))) == before


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        (("Title", "eq", " "), "Say which value"),
        (("Nowhere", "filled", None), "has no field"),
        (("Title", "in", ""), "Say which value"),
        (("Birthdate", "lt", "soon"), "“soon” is not a date"),
    ],
)
def test_what_cannot_be_counted_is_said_in_words(
    ada: Client, condition: tuple[str, str, Any], told: str
) -> None:
    assert told in matches(ada, condition)


def test_a_condition_being_typed_leaves_the_others_their_count(ada: Client) -> None:
    told = matches(ada, ("Email", "filled", None), ("Title", "eq", ""))
    assert "Matches " in told
    assert "1 condition without a value isn't counted yet." in told


def test_a_fault_of_salesforce_is_said_in_words(ada: Client, demo_org: SandboxOrg) -> None:
    demo_org.control("POST", "/faults", {"name": "no_access", "match": {}})
    told = matches(ada, ("Email", "filled", None))
    assert "Salesforce can't say how many match." in told
    assert "Traceback" not in told


def test_a_paused_workspace_asks_nothing(ada: Client, connection: Connection) -> None:
    Connection.objects.update(paused_at=connection.connected_at)
    assert "Syncing is paused" in matches(ada, ("Email", "filled", None))


@pytest.mark.parametrize("role", [Role.STAFF, Role.SALES])
def test_the_builder_is_for_admins_only(client: Client, role: Role) -> None:
    client.force_login(make_user(role))
    assert client.get(f"{CONTACTS}condition/").status_code == 403
    assert client.post(f"{CONTACTS}matches/").status_code == 403
