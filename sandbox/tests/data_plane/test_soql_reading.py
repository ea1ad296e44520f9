"""Queries that are answered."""

from typing import Any

import pytest

from sandbox.org import Org
from sandbox.tests.data_plane.conftest import HandClock


@pytest.fixture
def people(org: Org, ada: str) -> Org:
    """Two accounts with three contacts between them, and one contact without."""
    acme = org.insert("Account", {"Name": "Acme", "BillingCity": "Berlin"}, user_id=ada)
    zed = org.insert("Account", {"Name": "Zed", "ParentId": acme}, user_id=ada)
    rows: list[dict[str, Any]] = [
        {
            "LastName": "Müller",
            "FirstName": "Zoë",
            "Email": "zoe@x.example",
            "AccountId": acme,
            "Score__c": 3,
        },
        {"LastName": "O'Hara", "FirstName": "Bob", "AccountId": acme, "Interests__c": "Data;Outreach"},
        {"LastName": "Li_u", "FirstName": "Carol", "AccountId": zed, "Score__c": 1, "DoNotCall": True},
        {"LastName": "Alone", "Birthdate": "1990-02-03", "Interests__c": "Data"},
    ]
    for row in rows:
        org.insert("Contact", row, user_id=ada)
    return org


def names(org: Org, where: str) -> list[str]:
    result = org.query(f"SELECT LastName FROM Contact WHERE {where} ORDER BY LastName", user_id=org.admin_id)
    return [record["LastName"] for record in result.records()]


def records(org: Org, soql: str) -> list[dict[str, Any]]:
    return list(org.query(soql, user_id=org.admin_id).records())


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("LastName = 'alone'", ["Alone"]),
        ("LastName = 'MÜLLER'", ["Müller"]),
        ("LastName IN ('mÜLLER', 'ALONE')", ["Alone", "Müller"]),
        ("LastName = 'O\\'Hara'", ["O'Hara"]),
        ("LastName LIKE 'li\\_%'", ["Li_u"]),
        ("LastName LIKE 'm_ller'", ["Müller"]),
        ("NOT LastName LIKE '%l%'", ["O'Hara"]),
        ("Email = null", ["Alone", "Li_u", "O'Hara"]),
        ("Email = ''", ["Alone", "Li_u", "O'Hara"]),
        ("Email != 'zoe@x.example'", ["Alone", "Li_u", "O'Hara"]),
        ("NOT (Email = 'zoe@x.example')", ["Alone", "Li_u", "O'Hara"]),
        ("Score__c > 1", ["Müller"]),
        ("Score__c >= 1.0 AND Score__c < 3", ["Li_u"]),
        ("DoNotCall = true", ["Li_u"]),
        ("Birthdate = 1990-02-03", ["Alone"]),
        ("Birthdate < LAST_N_YEARS:10", ["Alone"]),
        ("CreatedDate = TODAY AND CreatedDate = THIS_WEEK", ["Alone", "Li_u", "Müller", "O'Hara"]),
        ("CreatedDate < 2026-05-13T10:00:00Z", []),
        ("CreatedDate >= 2026-05-13T12:00:00+02:00", ["Alone", "Li_u", "Müller", "O'Hara"]),
        ("Account.Name = 'ACME'", ["Müller", "O'Hara"]),
        ("Account.Name != 'Acme'", ["Alone", "Li_u"]),
        ("Account.Parent.BillingCity = 'Berlin'", ["Li_u"]),
        ("Contact.Account.Owner.Name = 'Ada Admin' AND FirstName = 'Bob'", ["O'Hara"]),
        ("AccountId IN (SELECT Id FROM Account WHERE Name = 'Zed')", ["Li_u"]),
        ("AccountId NOT IN (SELECT Id FROM Account WHERE Name = 'Zed')", ["Alone", "Müller", "O'Hara"]),
        ("FirstName NOT IN ('Bob', 'Zoë')", ["Alone", "Li_u"]),
        ("Interests__c INCLUDES ('Data;Outreach')", ["O'Hara"]),
        ("Interests__c INCLUDES ('Outreach', 'Data')", ["Alone", "O'Hara"]),
        ("Interests__c EXCLUDES ('Outreach')", ["Alone", "Li_u", "Müller"]),
        ("(FirstName = 'Bob' OR FirstName = 'Zoë') AND AccountId != null", ["Müller", "O'Hara"]),
        ("CALENDAR_YEAR(Birthdate) = 1990", ["Alone"]),
    ],
)
def test_a_condition_finds(people: Org, where: str, found: list[str]) -> None:
    assert names(people, where) == found


def test_both_lengths_of_an_id_find_the_row(people: Org, ada: str) -> None:
    id = people.insert("Contact", {"LastName": "New"}, user_id=ada)

    assert names(people, f"Id = '{id}'") == names(people, f"Id = '{id[:15]}'") == ["New"]


def test_a_missing_parent_is_a_null(people: Org) -> None:
    (found,) = records(people, "SELECT Account.Name FROM Contact WHERE LastName = 'Alone'")

    assert found["Account"] is None


def test_parents_are_nested_with_their_own_attributes(people: Org) -> None:
    (found,) = records(people, "SELECT account.parent.name FROM Contact WHERE LastName = 'Li_u'")

    assert found["Account"]["attributes"]["type"] == "Account"
    assert found["Account"]["Parent"]["Name"] == "Acme"


def test_children_come_as_a_result_of_their_own_or_null(people: Org) -> None:
    soql = "SELECT Name, (SELECT LastName FROM Contacts WHERE Score__c > 1) FROM Account ORDER BY Name"
    acme, zed = records(people, soql)

    assert acme["Contacts"]["totalSize"] == 1
    assert acme["Contacts"]["records"][0]["LastName"] == "Müller"
    assert zed["Contacts"] is None


def test_a_polymorphic_owner_offers_the_name_fields(people: Org, ada: str) -> None:
    people.insert("Lead", {"LastName": "L", "Company": "C"}, user_id=ada)
    (found,) = records(people, "SELECT Owner.Name, Owner.Type FROM Lead")

    assert found["Owner"]["attributes"] == {
        "type": "Name",
        "url": f"/services/data/v60.0/sobjects/User/{ada}",
    }
    assert (found["Owner"]["Name"], found["Owner"]["Type"]) == ("Ada Admin", "User")


def test_groups_count_with_expr_names_and_aliases(people: Org) -> None:
    soql = "SELECT Account.Name, COUNT(Id), MAX(Score__c) best FROM Contact GROUP BY Account.Name HAVING COUNT(Id) > 1"

    assert records(people, soql) == [
        {"attributes": {"type": "AggregateResult"}, "Name": "Acme", "expr0": 2, "best": 3.0}
    ]


def test_count_without_a_field_is_only_a_number(people: Org) -> None:
    result = people.query("SELECT COUNT() FROM Contact", user_id=people.admin_id)

    assert (result.total, list(result.records())) == (4, [])


@pytest.mark.parametrize(
    ("order", "first"),
    [
        ("Score__c, LastName", "Alone"),
        ("Score__c DESC, LastName", "Alone"),
        ("Score__c DESC NULLS LAST", "Müller"),
        ("Score__c NULLS LAST", "Li_u"),
        ("LastName DESC", "O'Hara"),
    ],
)
def test_nulls_come_first_unless_told_otherwise(people: Org, order: str, first: str) -> None:
    found = records(people, f"SELECT LastName FROM Contact ORDER BY {order}, Id LIMIT 1")

    assert found[0]["LastName"] == first


def test_limit_and_offset_bound_the_total(people: Org, ada: str) -> None:
    result = people.query("SELECT Id FROM Contact ORDER BY LastName LIMIT 3 OFFSET 2", user_id=ada)

    assert (result.total, len(result.ids())) == (2, 2)


def test_fields_standard_leaves_custom_fields_out(people: Org) -> None:
    (found,) = records(people, "SELECT FIELDS(STANDARD) FROM Account WHERE Name = 'Acme'")

    assert "BillingAddress" in found
    assert "Tier__c" not in found


def test_an_address_is_put_together_from_its_parts(people: Org) -> None:
    first, second = records(people, "SELECT BillingAddress FROM Account ORDER BY Name")

    assert first["BillingAddress"]["city"] == "Berlin"
    assert set(first["BillingAddress"]) >= {"street", "postalCode", "state", "country", "geocodeAccuracy"}
    assert second["BillingAddress"] is None


def test_deleted_rows_are_for_query_all(people: Org, ada: str) -> None:
    people.delete(
        "Contact", records(people, "SELECT Id FROM Contact WHERE LastName = 'Alone'")[0]["Id"], user_id=ada
    )
    soql = "SELECT LastName, IsDeleted FROM Contact WHERE IsDeleted = true"

    assert records(people, soql) == []
    assert len(list(people.query(soql, user_id=ada, all_rows=True).records())) == 1
    assert len(records(people, soql + " ALL ROWS")) == 1


def test_a_row_committed_late_is_not_there_before(people: Org, ada: str, hand_clock: HandClock) -> None:
    (late,) = people.raw_insert("Contact", [{"LastName": "Late"}])
    people.show_at("Contact", late, hand_clock.now.replace(hour=11))
    before = names(people, "LastName = 'Late'")
    hand_clock.forward(hours=1)

    assert (before, names(people, "LastName = 'Late'")) == ([], ["Late"])


def test_a_row_hidden_by_sharing_vanishes_for_that_user_alone(people: Org, ada: str) -> None:
    id = records(people, "SELECT Id FROM Contact WHERE LastName = 'Alone'")[0]["Id"]
    people.hide_row("Contact", id, user_id=ada)

    assert names(people, "LastName = 'Alone'") == []
    assert people.query("SELECT Id FROM Contact WHERE LastName = 'Alone'", user_id="005other").total == 1


def test_flat_rows_come_in_the_order_asked(people: Org, ada: str) -> None:
    result = people.query(
        "SELECT Account.Name, LastName, DoNotCall FROM Contact WHERE FirstName = 'Carol'", user_id=ada
    )

    assert [column.path for column in result.columns] == ["Account.Name", "LastName", "DoNotCall"]
    assert list(result.rows()) == [("Zed", "Li_u", 1)]
