from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from integrations.salesforce.errors import Gone, NeedsPerson
from integrations.salesforce.hosts import is_loopback
from integrations.salesforce.org import Org
from integrations.salesforce.rows import SubRequest

Make = Callable[..., str]

NOBODY = "003000000000000AAA"


def test_what_was_written_can_be_read(org: Org, make: Make, unique: str) -> None:
    text = "Ünï “quoted” 'single' \\ back\nline 日本語 🎉"
    record_id = make("Contact", LastName=unique, Description=text)
    (row,) = org.retrieve("Contact", [record_id], ["Id", "LastName", "Description"])
    assert row is not None
    assert (row["LastName"], row["Description"]) == (unique, text)


def test_an_update_changes_and_empties(org: Org, make: Make, unique: str) -> None:
    record_id = make("Contact", LastName=unique, Title="Dr", Department="R&D")
    org.update("Contact", record_id, {"Title": None, "Department": "Sales"})
    (row,) = org.retrieve("Contact", [record_id], ["Title", "Department"])
    assert row is not None
    assert (row["Title"], row["Department"]) == (None, "Sales")


def test_a_deleted_record_is_gone(org: Org, make: Make, unique: str) -> None:
    record_id = make("Contact", LastName=unique)
    org.delete("Contact", record_id)
    assert org.retrieve("Contact", [record_id], ["Id"]) == [None]
    with pytest.raises(Gone):
        org.update("Contact", record_id, {"Title": "Dr"})
    with pytest.raises(Gone):
        org.delete("Contact", record_id)


def test_the_recycle_bin_still_tells_of_it(org: Org, make: Make, unique: str) -> None:
    record_id = make("Contact", LastName=unique)
    org.delete("Contact", record_id)
    soql = f"SELECT Id, IsDeleted FROM Contact WHERE Id = '{record_id}'"
    assert org.query_page(soql).records == []
    assert [row["IsDeleted"] for row in org.query_page(soql, include_deleted=True).records] == [True]


@pytest.mark.parametrize(
    ("values", "code", "fields"),
    [
        ({"FirstName": "Ada"}, "REQUIRED_FIELD_MISSING", ("LastName",)),
        ({"LastName": "x" * 81}, "STRING_TOO_LONG", ("LastName",)),
        ({"LastName": "x", "Email": "nobody"}, "INVALID_EMAIL_ADDRESS", ("Email",)),
        ({"LastName": "x", "NoSuchField__c": 1}, "INVALID_FIELD", ()),
    ],
)
def test_a_refusal_names_code_and_fields(
    org: Org, values: dict[str, Any], code: str, fields: tuple[str, ...]
) -> None:
    with pytest.raises(NeedsPerson) as raised:
        org.create("Contact", values)
    assert (raised.value.code, raised.value.fields) == (code, fields)


def test_each_row_of_a_collection_stands_for_itself(org: Org, unique: str) -> None:
    good, bad = org.create_many("Contact", [{"LastName": unique}, {"FirstName": "Ada"}])
    assert good.id is not None
    assert (good.success, good.created) == (True, True)
    assert bad.error is not None
    assert bad.error.code == "REQUIRED_FIELD_MISSING"
    changed, missing = org.update_many(
        "Contact", [{"id": good.id, "Title": "Dr"}, {"id": NOBODY, "Title": "x"}]
    )
    assert changed.success
    assert not missing.success
    assert [row.success for row in org.delete_many([good.id])] == [True]


def test_records_come_in_the_order_asked_for(org: Org, make: Make, unique: str) -> None:
    first, second = make("Contact", LastName=unique), make("Contact", LastName=unique)
    rows = org.retrieve("Contact", [second, NOBODY, first], ["Id"])
    assert [row and row["Id"] for row in rows] == [second, None, first]


def test_an_upsert_without_such_a_key_is_refused(org: Org, unique: str) -> None:
    with pytest.raises(NeedsPerson):
        org.upsert("Contact", "NoSuchKey__c", unique, {"LastName": unique})


def test_a_composite_refers_to_what_it_made(org: Org, make: Make, unique: str) -> None:
    account = make("Account", Name=unique)
    contact, read = org.composite(
        [
            SubRequest("contact", "POST", "sobjects/Contact", {"LastName": unique, "AccountId": account}),
            SubRequest("read", "GET", "sobjects/Contact/@{contact.id}"),
        ]
    )
    assert (contact.status, read.status) == (201, 200)
    assert read.body["AccountId"] == account
    org.delete("Contact", read.body["Id"])


def test_deleted_records_are_listed(org: Org, make: Make, unique: str) -> None:
    record_id = make("Contact", LastName=unique)
    org.delete("Contact", record_id)
    now = org.answered_at
    assert now is not None
    found = org.deleted("Contact", now - timedelta(hours=1), now + timedelta(minutes=2))
    if found.covered_until <= now and not is_loopback(urlsplit(org.instance_url).hostname or ""):
        pytest.skip("this org doesn't cover the last minute yet")
    assert record_id in [item.id for item in found.records]


def test_updated_records_are_listed(org: Org, make: Make, unique: str) -> None:
    record_id = make("Contact", LastName=unique)
    now = org.answered_at
    assert now is not None
    found = org.updated("Contact", now - timedelta(hours=1), now + timedelta(minutes=2))
    if found.covered_until <= now and not is_loopback(urlsplit(org.instance_url).hostname or ""):
        pytest.skip("this org doesn't cover the last minute yet")
    assert record_id in found.ids
