from typing import Any

import pytest

from integrations.models import ObjectSchema
from integrations.sync.external_ids import FIELD, has_external_id
from integrations.tests.factories import NOW, connection

USABLE = {"externalId": True, "unique": True, "createable": True, "updateable": True}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "usable"),
    [
        ([{"name": FIELD, **USABLE}], True),
        ([{"name": FIELD.lower(), **USABLE}], True),
        ([], False),
        ([{"name": "Other__c", **USABLE}], False),
        *(([{"name": FIELD, **USABLE, lacking: False}], False) for lacking in USABLE),
    ],
)
def test_a_key_needs_the_field_and_all_four_properties(fields: list[dict[str, Any]], usable: bool) -> None:
    live = connection()
    describe = {"name": "Contact", "fields": [{"type": "string", **field} for field in fields]}
    ObjectSchema.objects.create(connection=live, name="Contact", describe=describe, read_at=NOW)
    assert has_external_id(live, "Contact") is usable


@pytest.mark.django_db
def test_an_object_that_was_never_described_has_none() -> None:
    assert not has_external_id(connection(), "Contact")
