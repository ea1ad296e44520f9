from typing import Any

import pytest

from crm.models import ContactStage, CustomField
from crm.roles import Role
from crm.tests.factories import make_user
from integrations.configuration import InvalidConfiguration, export_configuration, import_configuration
from integrations.configuration.tests.orgs import describe, field
from integrations.models import AuditEntry, SalesforceOwner, SyncSettings
from integrations.tests.factories import NOW, connection
from mappings.models import FieldMap, StageMap, ValueMap

pytestmark = pytest.mark.django_db

DEFAULTS = {
    "pull": {"interval_minutes": 30, "deals": True, "match_leads_to_accounts": True, "hide": []},
    "people": {"push_new": False, "create_as": "contact", "only_stages": None},
    "accounts": {"push_new": False, "only_stages": None, "delete_sync": False, "merge_sync": False},
    "contacts": {"delete_sync": False, "merge_sync": False},
    "leads": {"delete_sync": False, "merge_sync": False},
    "deals": {"push_new": False, "delete_sync": False},
    "activities": dict.fromkeys(("emails", "notes", "tasks", "calls", "meetings", "summaries"), False),
    "duplicates": {"pass_alerts": True},
    "assignment_rules": False,
    "api": {"daily_share_percent": 50},
}


def load(data: Any, **options: Any) -> list[tuple[str, Any, Any]]:
    changes = import_configuration(data, actor=None, now=NOW, **options)
    return [(change.path, change.before, change.after) for change in changes]


def refused(data: Any) -> list[str]:
    with pytest.raises(InvalidConfiguration) as refusal:
        import_configuration(data, actor=None, now=NOW)
    assert not AuditEntry.objects.exists()
    return [problem.path for problem in refusal.value.problems]


@pytest.fixture
def org() -> Any:
    live = connection()
    describe(
        live,
        "Contact",
        field("Title"),
        field("Tier__c", "picklist", values=("Gold", "Silver")),
        field("LeadSource", "picklist", values=("Web", "Website")),
        field("Score__c", "double", formula=True),
        field("OwnerId", "reference", refers_to=("User",)),
        field("MailingAddress", "address"),
    )
    describe(
        live, "Lead", field("Status", "picklist", values=("Open", "Working - Contacted"), restricted=True)
    )
    return live


def test_a_fresh_workspace_exports_the_defaults() -> None:
    assert export_configuration()["settings"] == DEFAULTS


def test_a_setting_is_changed_and_audited() -> None:
    admin = make_user(Role.ADMIN)

    import_configuration({"settings": {"pull": {"interval_minutes": 5}}}, actor=admin, now=NOW)

    assert SyncSettings.current().pull_interval_minutes == 5
    entry = AuditEntry.objects.get()
    assert entry.actor == admin
    assert entry.changes == [{"path": "settings.pull.interval_minutes", "from": 30, "to": 5}]


def test_keys_left_out_keep_their_value() -> None:
    load({"settings": {"pull": {"deals": False}}})

    load({"settings": {"pull": {"interval_minutes": 10}}})

    assert export_configuration()["settings"]["pull"]["deals"] is False


def test_a_dry_run_says_what_would_change_and_changes_nothing() -> None:
    assert load({"settings": {"assignment_rules": True}}, dry_run=True) == [
        ("settings.assignment_rules", False, True)
    ]
    assert not SyncSettings.current().run_assignment_rules
    assert not AuditEntry.objects.exists()


def test_nothing_is_audited_where_nothing_changes() -> None:
    assert load(export_configuration()) == []
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    ("data", "paths"),
    [
        ([], [""]),
        (None, [""]),
        ({"nonsense": 1}, ["nonsense"]),
        ({1: 2}, [""]),
        ({"settings": []}, ["settings"]),
        ({"settings": {"pull": None}}, ["settings.pull"]),
        ({"settings": {"pul": {}}}, ["settings.pul"]),
        ({"settings": {"pull": {"x" * 1000: 1}}}, [f"settings.pull.{'x' * 79}…"]),
        ({"settings": {"pull": {"interval_minutes": 1}}}, ["settings.pull.interval_minutes"]),
        ({"settings": {"pull": {"interval_minutes": True}}}, ["settings.pull.interval_minutes"]),
        ({"settings": {"pull": {"interval_minutes": float("nan")}}}, ["settings.pull.interval_minutes"]),
        ({"settings": {"pull": {"interval_minutes": 10**30}}}, ["settings.pull.interval_minutes"]),
        ({"settings": {"pull": {"deals": 1}}}, ["settings.pull.deals"]),
        ({"settings": {"pull": {"hide": ["Lead", "Lead"]}}}, ["settings.pull.hide"]),
        ({"settings": {"pull": {"hide": [["Lead"]]}}}, ["settings.pull.hide"]),
        ({"settings": {"people": {"create_as": "Contact"}}}, ["settings.people.create_as"]),
        ({"settings": {"people": {"only_stages": []}}}, ["settings.people.only_stages"]),
        ({"settings": {"people": {"only_stages": ["Nowhere"]}}}, ["settings.people.only_stages[0]"]),
        ({"settings": {"deals": {"merge_sync": True}}}, ["settings.deals.merge_sync"]),
        ({"settings": {"api": {"daily_share_percent": 101}}}, ["settings.api.daily_share_percent"]),
        ({"settings": {"pull": {"filters": {"Task": []}}}}, ["settings.pull.filters"]),
        (
            {"settings": {"pull": {"filters": {"Lead": [{"field": "X", "operator": "like"}]}}}},
            ["settings.pull.filters"],
        ),
        ({"maps": {"Contact": [{"field": "title", "salesforce": "Title"}]}}, ["maps.Contact[0]"]),
        ({"stages": {"Lead": {"field": "Status"}}}, ["stages.Lead.field"]),
        ({"values": {"Contact.LeadSource": {"a": "b"}}}, ["values.Contact.LeadSource"]),
        ({"owners": {"nobody@example.com": "005000000000001AAA"}}, ["owners.nobody@example.com"]),
        ({"owners": {"nobody@example.com": "001000000000001AAA"}}, ["owners.nobody@example.com"]),
        (
            {"settings": {"assignment_rules": "yes", "pull": {"deals": None}}, "more": 1},
            ["more", "settings.assignment_rules", "settings.pull.deals"],
        ),
    ],
)
def test_what_cannot_work_is_refused_with_its_path(data: Any, paths: list[str]) -> None:
    assert sorted(refused(data)) == sorted(paths)


def test_no_stage_is_one_of_the_stages() -> None:
    ContactStage.objects.create(name="Warm")

    load({"settings": {"people": {"only_stages": ["Warm", None]}}})

    assert SyncSettings.current().people_only_stages == ["Warm", None]


@pytest.mark.usefixtures("org")
def test_a_listed_map_replaces_the_objects_whole_map() -> None:
    load({"maps": {"Contact": [{"field": "title", "salesforce": "Title"}]}})

    load({"maps": {"Contact": [{"field": "source", "salesforce": "LeadSource", "direction": "pull"}]}})

    rows = FieldMap.objects.filter(object="Contact").values_list("field", "salesforce", "direction")
    assert list(rows) == [("source", "LeadSource", "pull")]


@pytest.mark.usefixtures("org")
def test_two_rows_may_swap_their_fields() -> None:
    rows = [{"field": "title", "salesforce": "Title"}, {"field": "source", "salesforce": "LeadSource"}]
    load({"maps": {"Contact": rows}})

    load(
        {
            "maps": {
                "Contact": [
                    {"field": "title", "salesforce": "LeadSource"},
                    {"field": "city", "salesforce": "Title"},
                ]
            }
        }
    )

    assert FieldMap.objects.get(field="city").salesforce == "Title"


@pytest.mark.usefixtures("org")
def test_a_change_of_a_row_is_named_by_its_part() -> None:
    row = {"field": "title", "salesforce": "Title"}
    load({"maps": {"Contact": [row]}})

    changes = load({"maps": {"Contact": [{**row, "overwrite": True}]}})

    assert changes == [("maps.Contact.title.overwrite", False, True)]


@pytest.mark.usefixtures("org")
def test_phones_start_without_auto_fill_and_formulas_pull_only() -> None:
    load({"maps": {"Contact": [{"field": "phone", "salesforce": "Title"}]}}, dry_run=True)
    load(
        {
            "maps": {
                "Contact": [
                    {"field": "phone", "salesforce": "Title"},
                    {"field": "custom.score", "salesforce": "Score__c", "create": True},
                ]
            }
        }
    )
    phone, score = FieldMap.objects.all()

    assert not phone.autofill
    assert score.direction == "pull"


@pytest.mark.parametrize(
    ("row", "path"),
    [
        ({"field": "title"}, "salesforce"),
        ({"field": "title", "salesforce": "Gone__c"}, "salesforce"),
        ({"field": "title", "salesforce": "MailingAddress"}, "salesforce"),
        ({"field": "nonsense", "salesforce": "Title"}, "field"),
        ({"field": ["title"], "salesforce": "Title"}, "field"),
        ({"field": "title", "salesforce": "Title", "direction": "sideways"}, "direction"),
        ({"field": "title", "salesforce": "Score__c", "direction": "both"}, "direction"),
        ({"field": "title", "salesforce": "Title", "autofill": "yes"}, "autofill"),
        ({"field": "title", "salesforce": "Title", "conflict": None}, "conflict"),
        ({"field": "title", "salesforce": "Title", "colour": "red"}, "colour"),
        ({"field": "custom.tier", "salesforce": "Tier__c"}, "field"),
        ({"field": "custom.Tier", "salesforce": "Tier__c", "create": True}, "field"),
        ({"field": "custom.place", "salesforce": "MailingAddress", "create": True}, "salesforce"),
    ],
)
@pytest.mark.usefixtures("org")
def test_a_row_that_cannot_work_is_refused(row: dict[str, Any], path: str) -> None:
    assert refused({"maps": {"Contact": [row]}}) == [f"maps.Contact[0].{path}"]


@pytest.mark.usefixtures("org")
def test_a_field_mapped_twice_is_refused_on_either_side() -> None:
    rows = [{"field": "title", "salesforce": "Title"}] * 2

    assert refused({"maps": {"Contact": rows}}) == ["maps.Contact[1].field", "maps.Contact[1].salesforce"]


@pytest.mark.usefixtures("org")
def test_a_custom_field_is_made_as_the_schema_types_it() -> None:
    row = {"field": "custom.tier", "salesforce": "Tier__c", "create": True}

    changes = load({"maps": {"Contact": [row]}})

    made = CustomField.objects.get()
    assert (made.kind, made.name, made.type, made.options) == (
        "contact",
        "tier",
        "picklist",
        ["Gold", "Silver"],
    )
    assert changes[0] == ("custom_fields.contact.tier", None, "picklist")


def test_a_suspended_row_that_stays_as_it_is_is_not_checked_again(org: Any) -> None:
    load({"maps": {"Contact": [{"field": "title", "salesforce": "Title"}]}})
    FieldMap.objects.update(suspended="Title was deleted in Salesforce.")
    org.schemas.filter(name="Contact").update(describe={"name": "Contact", "fields": []})

    assert load(export_configuration()) == []
    assert FieldMap.objects.get().suspended


@pytest.mark.usefixtures("org")
def test_values_are_merged_and_null_takes_one_away() -> None:
    load({"values": {"Contact.LeadSource": {"Website": "Web page", "Web": "Search"}}})

    load({"values": {"Contact.LeadSource": {"Website": None, "Phone": "Call"}}})

    assert export_configuration()["values"] == {"Contact.LeadSource": {"Web": "Search", "Phone": "Call"}}


@pytest.mark.usefixtures("org")
def test_two_values_may_not_become_one() -> None:
    paths = refused({"values": {"Contact.LeadSource": {"Website": "Web", "Search": "Web"}}})

    assert paths == ["values.Contact.LeadSource.Website", "values.Contact.LeadSource.Search"]
    assert not ValueMap.objects.exists()


@pytest.mark.usefixtures("org")
def test_a_stage_map_makes_missing_stages_and_maps_the_field() -> None:
    load({"stages": {"Lead": {"field": "Status", "map": {"Working - Contacted": "Approaching"}}}})

    assert ContactStage.objects.get().name == "Approaching"
    assert StageMap.objects.get().stage == "Approaching"
    assert FieldMap.objects.get(object="Lead", field="stage").salesforce == "Status"


@pytest.mark.usefixtures("org")
def test_a_restricted_picklist_is_a_closed_list() -> None:
    paths = refused({"stages": {"Lead": {"field": "Status", "map": {"Nonsense": "Approaching"}}}})

    assert paths == ["stages.Lead.map.Nonsense"]


@pytest.mark.usefixtures("org")
def test_stages_set_to_null_are_mapped_no_more() -> None:
    load({"stages": {"Lead": {"field": "Status", "map": {"Open": "New"}}}})

    load({"stages": {"Lead": None}})

    assert not StageMap.objects.exists()
    assert not FieldMap.objects.exists()


@pytest.mark.usefixtures("org")
def test_an_owner_is_mapped_by_hand_and_matched_again_with_null() -> None:
    jane = make_user(email="Jane@example.com")

    load({"owners": {"jane@example.com": "005000000000001"}})
    owner = SalesforceOwner.objects.get()
    assert (owner.user, owner.by_hand) == (jane, True)

    load({"owners": {"jane@example.com": None}})
    assert SalesforceOwner.objects.get().user is None


@pytest.mark.usefixtures("org")
def test_corrections_of_owners_come_back_as_they_went() -> None:
    make_user(email="jane@example.com")
    file = {"jane@example.com": ["005000000000001AAA", "005000000000002AAA"], "nobody": "005000000000003AAA"}
    load({"owners": file})
    assert export_configuration()["owners"] == file
    assert load({"owners": file}) == []


@pytest.mark.usefixtures("org")
def test_an_owner_set_to_nobody_is_mapped_by_email_again_with_null() -> None:
    jane = make_user(email="jane@example.com")
    load({"owners": {"nobody": "005000000000001AAA"}})
    SalesforceOwner.objects.update(email="JANE@example.com")
    assert SalesforceOwner.objects.get().by_hand
    load({"owners": {"nobody": None}})
    owner = SalesforceOwner.objects.get()
    assert (owner.user, owner.by_hand) == (jane, False)


@pytest.mark.usefixtures("org")
def test_one_salesforce_user_is_one_person_at_most() -> None:
    make_user(email="jane@example.com")
    file = {"owners": {"jane@example.com": "005000000000001AAA", "nobody": ["005000000000001"]}}
    assert refused(file) == ["owners.jane@example.com", "owners.nobody"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**18, "a\x00", "\ud800", " "])
def test_a_filters_value_that_no_database_holds_is_refused(org: Any, value: Any) -> None:
    condition = {"field": "Title", "operator": "eq", "value": value}
    assert refused({"settings": {"pull": {"filters": {"Contact": [condition]}}}}) == ["settings.pull.filters"]
