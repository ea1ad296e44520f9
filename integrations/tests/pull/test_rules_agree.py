"""The pull's SQL decides every field as the pure function does (design, idea 5)."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.journal import acting
from crm.models import Contact, CustomField, JournalEntry
from integrations.models import Connection, RecordLink
from integrations.tests import factories
from integrations.tests.factories import NOW, row
from integrations.tests.pull.pulling import pull_rows
from mappings.converters import to_workspace
from mappings.field_types import FieldType
from mappings.models import Conflict, FieldMap
from mappings.write_rules import NO_BASE, Outcome, decide

pytestmark = pytest.mark.django_db

# Workspace field, its type, Salesforce's field and type, and few values, so that they often meet.
FIELDS: dict[str, tuple[FieldType, str, str, list[str | None]]] = {
    "title": (FieldType.TEXT, "Title", "string", [None, "CEO", "ceo", " CEO", "O'Neil \\ 😀"]),
    "street": (FieldType.LONG_TEXT, "MailingStreet", "textarea", [None, "1 rue\nde la Paix", "2"]),
    "do_not_call": (FieldType.CHECKBOX, "DoNotCall", "boolean", ["true", "false"]),
    "custom.score": (FieldType.NUMBER, "Score__c", "double", [None, "0", "1.5", "-3", "100000"]),
    "custom.since": (FieldType.DATE, "Since__c", "date", [None, "2025-02-28", "1999-12-31"]),
    "custom.seen": (FieldType.DATETIME, "Seen__c", "datetime", [None, "2025-02-28T10:00:00Z"]),
    "custom.tier": (FieldType.PICKLIST, "Tier__c", "picklist", [None, "A", "B"]),
}
EDITED_AT = NOW - timedelta(hours=1)


def case(values: list[str | None]) -> st.SearchStrategy[tuple[Any, str | None, str | None, Conflict]]:
    value = st.sampled_from(values)
    return st.tuples(st.sampled_from([*values, NO_BASE]), value, value, st.sampled_from(Conflict))


CASES = st.fixed_dictionaries({key: case(values) for key, (*_, values) in FIELDS.items()})


@pytest.fixture
def live() -> Connection:
    live = factories.connection()
    factories.schemas(live)
    schema = live.schemas.get(name="Contact")
    for place, (key, (kind, salesforce, salesforce_type, _)) in enumerate(FIELDS.items()):
        if key.startswith("custom."):
            CustomField.objects.create(kind="contact", name=key.removeprefix("custom."), label=key, type=kind)
            FieldMap.objects.create(object="Contact", field=key, salesforce=salesforce, position=100 + place)
            schema.describe["fields"].append(factories.field(salesforce, salesforce_type))
    schema.save()
    return live


def stored(value: Any) -> Any:
    """As a record holds it: blank text is '', a custom value is JSON."""
    if isinstance(value, Decimal):
        return float(value)
    return (
        value.strftime("%Y-%m-%dT%H:%M:%SZ")
        if isinstance(value, datetime)
        else str(value)
        if isinstance(value, date)
        else value
    )


def person(ours: dict[str, Any]) -> Contact:
    plain = {key: "" if value is None else value for key, value in ours.items() if "." not in key}
    custom = {
        key.removeprefix("custom."): stored(v) for key, v in ours.items() if "." in key and v is not None
    }
    with acting(None, "web"):
        return Contact.objects.create(last_name="Lovelace", custom=custom, **plain)


def value_of(record: Contact, key: str) -> Any:
    value = record.custom.get(key.removeprefix("custom.")) if "." in key else getattr(record, key)
    return None if value == "" else value


@settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(CASES, st.sampled_from([EDITED_AT - timedelta(hours=1), EDITED_AT, EDITED_AT + timedelta(hours=1)]))
def test_sql_and_the_pure_function_decide_alike(
    live: Connection, cases: dict[str, tuple[Any, str | None, str | None, Conflict]], modified: datetime
) -> None:
    with transaction.atomic():
        check(live, cases, modified)
        transaction.set_rollback(True)


def check(live: Connection, cases: dict[str, Any], modified: datetime) -> None:
    def here(key: str, text: str | None) -> Any:
        return to_workspace(text, FIELDS[key][0], field=key)

    ours = {key: here(key, mine) for key, (_, mine, _, _) in cases.items()}
    record = person(ours)
    # Every field is named as edited, a blank one too, so that the rule *newest* has a time for each.
    JournalEntry.objects.update(at=EDITED_AT, changes=dict.fromkeys(FIELDS, [None, None]))
    for key, (_, _, _, conflict) in cases.items():
        FieldMap.objects.filter(object="Contact", field=key).update(conflict=conflict)
    base = {FIELDS[key][1]: agreed for key, (agreed, *_) in cases.items() if agreed is not NO_BASE}
    incoming = row("Contact", 1, LastName="Lovelace", LastModifiedDate=modified.isoformat())
    incoming |= {FIELDS[key][1]: theirs for key, (_, _, theirs, _) in cases.items()}
    link = RecordLink.objects.create(
        connection=live,
        salesforce_object="Contact",
        salesforce_id=incoming["Id"],
        kind="contact",
        record_id=record.pk,
        base=base | {"LastName": "Lovelace"},
    )

    pull_rows(live, "Contact", [incoming])
    record.refresh_from_db()
    link.refresh_from_db()

    for key, (agreed, _, theirs, conflict) in cases.items():
        decision = decide(
            agreed,
            ours[key],
            theirs,
            conflict,
            here=partial(here, key),
            ours_at=EDITED_AT,
            theirs_at=modified,
        )
        expected = here(key, theirs) if decision.outcome is Outcome.THEIRS else ours[key]
        assert value_of(record, key) == stored(expected), (key, cases[key], decision)
        assert link.base.get(FIELDS[key][1], NO_BASE) == decision.base, (key, cases[key], decision)
