"""Queries that are refused, with Salesforce's code and place."""

import pytest

from sandbox.errors import ApiError
from sandbox.org import Org


def refusal(org: Org, soql: str) -> ApiError:
    with pytest.raises(ApiError) as refused:
        org.query(soql, user_id=org.admin_id)
    return refused.value


@pytest.mark.parametrize(
    ("soql", "code", "words"),
    [
        ("invalid", "MALFORMED_QUERY", "unexpected token: 'invalid'"),
        ("SELECT Id FROM", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT FROM Contact", "MALFORMED_QUERY", "unexpected token: 'FROM'"),
        ("SELECT Id FROM Contact WHERE Name = 'x", "MALFORMED_QUERY", "mismatched character"),
        ("SELECT Id FROM Contact WHERE Name = 'x' AND Id = '' OR Id = ''", "MALFORMED_QUERY", "'OR'"),
        ("SELECT Id FROM Contact WHERE Name = :x", "MALFORMED_QUERY", "Bind variables"),
        ("SELECT Id FROM Contact LIMIT 1 LIMIT 2", "MALFORMED_QUERY", "unexpected token: 'LIMIT'"),
        ("SELECT Id FROM Contact OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "2000"),
        ("SELECT FIELDS(ALL) FROM Contact", "MALFORMED_QUERY", "LIMIT of at most 200"),
        ("SELECT FIELDS(CUSTOM) FROM Contact LIMIT 201", "MALFORMED_QUERY", "LIMIT of at most 200"),
        ("SELECT Id FROM Contakt", "INVALID_TYPE", "sObject type 'Contakt' is not supported."),
        ("SELECT Foo__c FROM Contact", "INVALID_FIELD", "No such column 'Foo__c' on entity 'Contact'"),
        ("SELECT Id, Id FROM Contact", "INVALID_FIELD", "duplicate field selected: Id"),
        ("SELECT Acount.Name FROM Contact", "INVALID_FIELD", "Didn't understand relationship 'Acount'"),
        ("SELECT Who.Company FROM Task", "INVALID_FIELD", "on entity 'Name'"),
        ("SELECT Id, (SELECT Id FROM Kontakte) FROM Account", "INVALID_FIELD", "relationship 'Kontakte'"),
        ("SELECT Id FROM Contact WHERE Description = 'x'", "INVALID_FIELD", "can not be filtered"),
        ("SELECT Id FROM Contact ORDER BY Description", "MALFORMED_QUERY", "can not be sorted"),
        ("SELECT Description FROM Contact GROUP BY Description", "MALFORMED_QUERY", "can not be grouped"),
        ("SELECT Name, COUNT(Id) FROM Contact", "MALFORMED_QUERY", "must be grouped or aggregated: Name"),
        ("SELECT SUM(Name) FROM Contact", "MALFORMED_QUERY", "aggregate operator SUM"),
        (
            "SELECT Id FROM Contact WHERE DoNotCall = 'true'",
            "INVALID_FIELD",
            "of type boolean and should not",
        ),
        ("SELECT Id FROM Contact WHERE CreatedDate > 2026-01-01", "INVALID_FIELD", "of type dateTime"),
        ("SELECT Id FROM Contact WHERE Birthdate = 2026-01-01T00:00:00Z", "INVALID_FIELD", "of type date"),
        ("SELECT Id FROM Contact WHERE Name = 5", "INVALID_FIELD", "of type string and should be enclosed"),
        (
            "SELECT Id FROM Contact WHERE AccountId = 'x'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid ID field: x",
        ),
    ],
)
def test_a_wrong_query_is_refused(org: Org, soql: str, code: str, words: str) -> None:
    error = refusal(org, soql)

    assert error.code == code
    assert words in error.message


def test_the_error_points_at_the_place(org: Org) -> None:
    error = refusal(org, "SELECT Id,\n Nope FROM Contact")

    assert error.message.startswith(
        "\n Nope FROM Contact\n ^\nERROR at Row:2:Column:2\nNo such column 'Nope'"
    )


def test_a_field_hidden_from_the_user_does_not_exist_for_them(org: Org, ada: str) -> None:
    org.hide_field("Contact", "Title", user_id=ada)

    assert refusal(org, "SELECT Title FROM Contact").code == "INVALID_FIELD"
    assert refusal(org, "SELECT Id FROM Contact WHERE Title = 'x'").code == "INVALID_FIELD"
    assert "Title" not in {field["name"] for field in org.describe("Contact", user_id=ada)["fields"]}
    assert org.query("SELECT Title FROM Contact", user_id="005other").total == 0
