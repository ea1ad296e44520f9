"""Export → import changes nothing; a file moves one workspace's configuration to another."""

from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.models import ContactStage, CustomField
from integrations.configuration import export_configuration, import_configuration
from integrations.configuration.tests.orgs import describe, field
from integrations.models import SyncSettings
from integrations.tests.factories import NOW, connection
from mappings.models import FieldMap

pytestmark = pytest.mark.django_db

flags = st.booleans()
STAGES = ("Cold", "Warm")
KEYS = ("title", "city", "custom.one", "custom.two")
SALESFORCE = ("Title", "City__c", "One__c", "Two__c")

rows = st.builds(
    lambda fields, there, rules: [
        {"field": key, "salesforce": name, "create": key.startswith("custom."), **rule}
        for key, name, rule in zip(fields, there, rules, strict=False)
    ],
    st.lists(st.sampled_from(KEYS), unique=True),
    st.permutations(SALESFORCE),
    st.lists(
        st.fixed_dictionaries(
            {
                "direction": st.sampled_from(["both", "pull", "push"]),
                "autofill": flags,
                "overwrite": flags,
                "once_per_value": flags,
                "conflict": st.sampled_from(["salesforce", "workspace", "newest", "ask"]),
            }
        ),
        min_size=len(KEYS),
        max_size=len(KEYS),
    ),
)
files = st.fixed_dictionaries(
    {
        "settings": st.fixed_dictionaries(
            {
                "pull": st.fixed_dictionaries(
                    {
                        "interval_minutes": st.integers(2, 10_080),
                        "overlap_minutes": st.integers(1, 1_440),
                        "deals": flags,
                        "hide": st.lists(st.sampled_from(["Lead", "Contact"]), unique=True),
                        "filters": st.just({"Contact": [{"field": "Title", "operator": "filled"}]})
                        | st.just({}),
                    }
                ),
                "people": st.fixed_dictionaries(
                    {
                        "create_as": st.sampled_from(["lead", "contact"]),
                        "only_stages": st.none()
                        | st.lists(st.sampled_from([*STAGES, None]), min_size=1, unique=True),
                    }
                ),
                "assignment_rules": flags,
            }
        ),
        "maps": st.fixed_dictionaries({"Contact": rows}),
        "values": st.dictionaries(
            st.just("Contact.LeadSource"),
            st.dictionaries(st.sampled_from(["Web", "Phone"]), st.text("xyz", min_size=1), max_size=1),
        ),
        "stages": st.just({"Contact": {"field": "Level__c", "map": {"A": "Warm"}}}) | st.just({}),
    }
)


@given(data=files)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_importing_what_was_exported_changes_nothing(data: dict[str, Any]) -> None:
    with transaction.atomic():
        live = connection()
        describe(
            live,
            "Contact",
            *(field(name) for name in SALESFORCE),
            field("LeadSource", "picklist"),
            field("Level__c", "picklist", values=("A", "B")),
        )
        for stage in STAGES:
            ContactStage.objects.create(name=stage)
        import_configuration(data, actor=None, now=NOW)
        exported = export_configuration()

        assert import_configuration(data, actor=None, now=NOW) == []
        assert import_configuration(exported, actor=None, now=NOW) == []
        start_afresh()
        import_configuration(exported, actor=None, now=NOW)
        assert export_configuration() == exported
        transaction.set_rollback(True)


def start_afresh() -> None:
    SyncSettings.objects.all().delete()
    FieldMap.objects.all().delete()
    CustomField.objects.all().delete()
