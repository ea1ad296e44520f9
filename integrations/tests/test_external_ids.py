from typing import Any

import pytest
from django.test import Client

from crm.roles import Role
from crm.tests.factories import make_user
from integrations.models import Connection, ObjectSchema
from integrations.sync.external_ids import FIELD, external_ids, has_external_id
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


def describe(live: Connection, name: str, **field: Any) -> None:
    fields = [{"name": FIELD, "type": "string", **field}] if field else []
    ObjectSchema.objects.create(
        connection=live, name=name, describe={"name": name, "fields": fields}, read_at=NOW
    )


@pytest.mark.django_db
def test_each_object_tells_what_its_field_lacks() -> None:
    live = connection()
    describe(live, "Account", **USABLE)
    describe(live, "Contact", **(USABLE | {"unique": False, "updateable": False}))
    describe(live, "Lead")
    account, contact, lead, deal, role = external_ids(live)
    assert account.usable
    assert contact.lacking == ("“Unique” isn't ticked", "the connected user can't edit it")
    assert (lead.described, lead.there, lead.usable) == (True, False, False)
    assert (deal.described, role.described) == (False, False)


@pytest.mark.django_db
def test_the_connection_page_says_where_the_field_is_and_how_to_add_it() -> None:
    live = connection()
    describe(live, "Account", **USABLE)
    describe(live, "Contact", **(USABLE | {"externalId": False}))
    visitor = Client()
    visitor.force_login(make_user(Role.ADMIN))
    page = visitor.get("/integrations/salesforce/connection/").content.decode()
    for words in (FIELD, "Ready", "External ID” isn", "Not known", "Object Manager"):
        assert words in page
