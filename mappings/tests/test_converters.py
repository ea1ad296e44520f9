from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.converters import CannotConvert, normalise, to_salesforce, to_workspace
from mappings.field_types import FieldType as T


@pytest.mark.parametrize(
    ("value", "type", "expected"),
    [
        (True, "boolean", "true"),
        ("FALSE", "boolean", "false"),
        (12.50, "currency", "12.5"),
        ("1200.00", "double", "1200"),
        ("1E+3", "double", "1000"),
        ("-0.0", "double", "0"),
        (100, "int", "100"),
        ("2025-03-01T10:20:30.000+0000", "datetime", "2025-03-01T10:20:30Z"),
        ("2025-03-01T12:20:30+02:00", "datetime", "2025-03-01T10:20:30Z"),
        ("2025-03-01T10:20:30.999Z", "datetime", "2025-03-01T10:20:30Z"),
        ("2025-03-01", "date", "2025-03-01"),
        ("a;b", "multipicklist", "a;b"),
        ("  two  spaces ", "string", "  two  spaces "),
        ("0012", "string", "0012"),
        ("", "string", None),
        (None, "boolean", None),
    ],
)
def test_rest_and_bulk_values_get_one_form(value: Any, type: str, expected: str | None) -> None:
    assert normalise(value, type, field="F__c") == expected


@pytest.mark.parametrize(
    ("value", "type"),
    [
        ("yes", "boolean"),
        ("NaN", "double"),
        ("Infinity", "currency"),
        (True, "int"),
        ("1e999999", "double"),
        ("31/12/2025", "date"),
        ("2025-02-30", "date"),
        ("soon", "datetime"),
        ("0001-01-01T00:00:00+14:00", "datetime"),
    ],
)
def test_nonsense_is_refused_with_the_field_and_a_remedy(value: Any, type: str) -> None:
    with pytest.raises(CannotConvert, match=r"^F__c: .* is not .*\. \w") as refused:
        normalise(value, type, field="F__c")

    assert refused.value.field == "F__c"


@pytest.mark.parametrize(
    ("text", "type", "expected"),
    [
        ("true", T.CHECKBOX, True),
        (None, T.CHECKBOX, False),
        (None, T.TEXT, None),
        ("12.345", T.CURRENCY, Decimal("12.35")),
        ("-12.345", T.CURRENCY, Decimal("-12.35")),
        ("2025-03-01", T.DATE, date(2025, 3, 1)),
        ("2025-03-01T23:59:59Z", T.DATE, date(2025, 3, 1)),
        ("2025-03-01T10:20:30Z", T.DATETIME, datetime(2025, 3, 1, 10, 20, 30, tzinfo=UTC)),
        ("005000000000001AAA", T.USER, "005000000000001AAA"),
    ],
)
def test_a_salesforce_value_becomes_the_workspaces(text: str | None, type: T, expected: Any) -> None:
    assert to_workspace(text, type, field="F__c", digits=(4, 2)) == expected


def test_a_number_too_large_for_the_field_is_refused() -> None:
    with pytest.raises(CannotConvert, match="at most 4 digits"):
        to_workspace("9999.995", T.CURRENCY, field="Amount", digits=(4, 2))


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(CannotConvert) as refused:
        to_workspace("x" * 100_000, T.NUMBER, field="F__c")

    assert len(str(refused.value)) < 250


by_type: dict[T, st.SearchStrategy[Any]] = {
    T.TEXT: st.text(min_size=1),
    T.LONG_TEXT: st.text(min_size=1),
    T.NUMBER: st.decimals(-(10**15), 10**15, places=6),
    T.CURRENCY: st.decimals(-(10**15), 10**15, places=2),
    T.PERCENT: st.decimals(0, 100, places=2),
    T.DATE: st.dates(),
    T.DATETIME: st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(microsecond=0)),
    T.CHECKBOX: st.booleans(),
    T.PICKLIST: st.text(min_size=1),
    T.MULTIPICKLIST: st.lists(st.text("abc", min_size=1), min_size=1).map(";".join),
    T.URL: st.text(min_size=1),
    T.PHONE: st.text(min_size=1),
    T.EMAIL: st.text(min_size=1),
    T.USER: st.just("005000000000001AAA"),
    T.ACCOUNT: st.just("001000000000001AAA"),
    T.STAGE: st.text(min_size=1),
}
SALESFORCE_TYPES = {
    T.NUMBER: "double",
    T.CURRENCY: "currency",
    T.PERCENT: "percent",
    T.DATE: "date",
    T.DATETIME: "datetime",
    T.CHECKBOX: "boolean",
}


def test_every_type_is_held_to_the_round_trip() -> None:
    assert set(by_type) == set(T)


@given(st.data())
def test_there_and_back_changes_nothing(data: st.DataObject) -> None:
    type = data.draw(st.sampled_from(T))
    value = data.draw(by_type[type])

    text = to_salesforce(value, type, field="f")

    assert to_workspace(text, type, field="f") == value
    assert normalise(text, SALESFORCE_TYPES.get(type, "string"), field="f") == text
