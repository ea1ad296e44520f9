from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.salesforce.soql import name, quote, select


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Renée", "'Renée'"),
        ('O\'Neil \\ "x"\n', "'O\\'Neil \\\\ \\\"x\\\"\\n'"),
        (7, "7"),
        (0.1, "0.1"),
        (Decimal("1E+7"), "10000000"),
        (True, "true"),
        (None, "null"),
        (date(2026, 3, 5), "2026-03-05"),
        (datetime(2026, 3, 5, 12, tzinfo=timezone(timedelta(hours=2))), "2026-03-05T10:00:00Z"),
        (datetime(2026, 3, 5, 12, 0, 0, 5000, tzinfo=UTC), "2026-03-05T12:00:00.005Z"),
        (["a", "b'"], "('a', 'b\\'')"),
    ],
)
def test_a_value_becomes_a_literal(value: Any, expected: str) -> None:
    assert quote(value) == expected


@given(st.text())
def test_no_text_leaves_its_quotes(text: str) -> None:
    inner = quote(text)[1:-1]
    assert "'" not in inner.replace("\\\\", "").replace("\\'", "")


@pytest.mark.parametrize("value", [[], datetime(2026, 3, 5), float("nan")])  # noqa: DTZ001
def test_what_soql_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="SOQL|time zone"):
        quote(value)


def test_a_select_is_put_together() -> None:
    soql = select(
        ["Id", "Owner.Email"],
        "Contact",
        where=f"Email = {quote('a@b.c')}",
        order_by=["SystemModstamp", "Id desc"],
    )
    assert (
        soql == "SELECT Id, Owner.Email FROM Contact WHERE Email = 'a@b.c' ORDER BY SystemModstamp, Id DESC"
    )


def test_a_count_may_be_selected() -> None:
    assert select(["COUNT()"], "Lead", limit=5) == "SELECT COUNT() FROM Lead LIMIT 5"


@pytest.mark.parametrize("text", ["Id FROM User--", "a b", "", "1x", "x'"])
def test_a_name_that_could_carry_soql_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Not a name"):
        name(text)
