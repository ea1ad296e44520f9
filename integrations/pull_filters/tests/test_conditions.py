import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.pull_filters.conditions import FAMILIES, UNARY, WORDS, Unusable, family, soql, where
from integrations.salesforce.describes import FieldDescribe

FIELDS = {
    field.name: field
    for field in (
        FieldDescribe("Title", "Title", "string"),
        FieldDescribe("Street", "Street", "textarea"),
        FieldDescribe("LeadSource", "Lead source", "picklist"),
        FieldDescribe("Tags__c", "Tags", "multipicklist"),
        FieldDescribe("Employees", "Employees", "int"),
        FieldDescribe("Revenue", "Revenue", "currency"),
        FieldDescribe("Birthdate", "Birthdate", "date"),
        FieldDescribe("CreatedDate", "Created", "datetime"),
        FieldDescribe("OptOut", "Opted out", "boolean"),
        FieldDescribe("OwnerId", "Owner", "reference"),
        FieldDescribe("Address", "Address", "address"),
        FieldDescribe("Notes__c", "Notes", "textarea", filterable=False),
    )
}
TOKEN = re.compile(r"'(?:[^'\\]|\\.)*'|[A-Za-z_][\w.]*|[-+\d][\w:.+-]*|[=!<>(),]+", re.DOTALL)


def asked(field: str, operator: str, value: Any = None) -> str:
    return soql({"field": field, "operator": operator, "value": value}, FIELDS, object_name="Lead")


@pytest.mark.parametrize(
    ("field", "operator", "value", "expected"),
    [
        ("Title", "eq", "O'Neil", "Title = 'O\\'Neil'"),
        ("Title", "ne", "CEO", "Title != 'CEO'"),
        ("Title", "contains", "100%_\\", "Title LIKE '%100\\%\\_\\\\%'"),
        ("Title", "starts", "VP", "Title LIKE 'VP%'"),
        ("Title", "in", ["a", "b'"], "Title IN ('a', 'b\\'')"),
        ("Title", "empty", None, "Title = null"),
        ("Street", "filled", None, "Street != null"),
        ("Tags__c", "in", ["a", "b"], "Tags__c INCLUDES ('a', 'b')"),
        ("Employees", "ge", "1000.0", "Employees >= 1000"),
        ("Revenue", "lt", 0.5, "Revenue < 0.5"),
        ("Revenue", "in", [1, "2"], "Revenue IN (1, 2)"),
        ("Birthdate", "le", "1999-12-31", "Birthdate <= 1999-12-31"),
        ("CreatedDate", "gt", "2025-01-01", "CreatedDate > 2025-01-01T00:00:00Z"),
        ("CreatedDate", "lt", "2025-01-01T02:00:00+02:00", "CreatedDate < 2025-01-01T00:00:00Z"),
        ("OptOut", "eq", True, "OptOut = true"),
        ("OptOut", "ne", "false", "OptOut != false"),
        ("OwnerId", "eq", "005000000000001", "OwnerId = '005000000000001AAA'"),
    ],
)
def test_a_condition_becomes_soql(field: str, operator: str, value: Any, expected: str) -> None:
    assert asked(field, operator, value) == expected


def test_all_conditions_are_met() -> None:
    conditions: list[dict[str, Any]] = [
        {"field": "Title", "operator": "filled"},
        {"field": "OptOut", "operator": "eq", "value": False},
    ]
    assert where(conditions, FIELDS, object_name="Lead") == "Title != null AND OptOut = false"


@pytest.mark.parametrize(
    ("field", "operator", "value", "part"),
    [
        ("Nowhere", "eq", "x", "field"),
        ("Notes__c", "eq", "x", "field"),
        ("Address", "filled", None, "field"),
        ("OptOut", "empty", None, "operator"),
        ("Employees", "contains", "1", "operator"),
        ("Tags__c", "contains", "a", "operator"),
        ("OwnerId", "lt", "005000000000001", "operator"),
        ("Employees", "eq", "many", "value"),
        ("Employees", "eq", "1.5", "value"),
        ("Revenue", "eq", "1e18", "value"),
        ("Birthdate", "eq", "yesterday", "value"),
        ("Birthdate", "eq", "1066-10-14", "value"),
        ("OptOut", "eq", "perhaps", "value"),
        ("OwnerId", "eq", "Jane", "value"),
        ("Title", "eq", " ", "value"),
        ("Title", "in", ["a", ""], "value"),
    ],
)
def test_what_the_org_cannot_do_is_refused_with_its_part(
    field: str, operator: str, value: Any, part: str
) -> None:
    with pytest.raises(Unusable) as raised:
        asked(field, operator, value)
    assert raised.value.part == part


def test_every_operator_of_every_family_has_words() -> None:
    assert {family(field) for field in FIELDS.values()} - {None} == set(FAMILIES.values()) == set(WORDS)


@given(st.sampled_from(["Title", "Street", "LeadSource"]), st.text(min_size=1, max_size=20))
def test_nothing_typed_stands_outside_quotes(field: str, text: str) -> None:
    for operator in ("eq", "ne", "contains", "starts", "in"):
        try:
            made = asked(field, operator, [text] if operator == "in" else text)
        except Unusable:
            assert not text.strip()
            continue
        assert [token for token in TOKEN.findall(made) if token[0] == "'"] != []
        assert TOKEN.sub("", made).strip() == ""
        assert len(TOKEN.findall(made)) == (5 if operator == "in" else 3)


@given(
    st.sampled_from(["Employees", "Revenue", "Birthdate", "CreatedDate", "OptOut", "OwnerId"]),
    st.sampled_from(["eq", "ne", "lt", "ge", "in", *UNARY]),
    st.one_of(st.text(max_size=30), st.floats(), st.integers(), st.booleans(), st.datetimes().map(str)),
)
def test_what_is_no_value_of_its_type_never_gets_through(field: str, operator: str, value: Any) -> None:
    try:
        made = asked(field, operator, [value] if operator == "in" else value)
    except Unusable:
        return
    shape = r"-?\d+(\.\d+)?|\d{4}-\d\d-\d\d|[-\d]+T[:.\d]+Z|true|false|null|'\w{18}'"
    assert re.fullmatch(rf"\w+ (=|!=|<|>=|IN) \(?({shape})\)?", made)
