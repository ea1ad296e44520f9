import pytest

from integrations.salesforce.ids import same_id, to18


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("0015c00002Lz9mU", "0015c00002Lz9mUAAR"),
        ("003aj000002oTld", "003aj000002oTldAAE"),
        ("012000000000000", "012000000000000AAA"),
    ],
)
def test_a_short_id_gets_its_checksum(short: str, long: str) -> None:
    assert to18(short) == long
    assert to18(long) == long


@pytest.mark.parametrize(
    "text", ["", "0015c00002Lz9m", "0015c00002Lz9mU-AR", "0015c00002Lz9mUAR", "００15c00002Lz9mU"]
)
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Not a Salesforce id"):
        to18(text)


def test_two_spellings_are_the_same_record() -> None:
    assert same_id("0015c00002Lz9mU", "0015c00002Lz9mUAAR")


def test_ids_that_differ_by_case_are_two_records() -> None:
    assert not same_id("0015c00002Lz9mU", "0015c00002Lz9mu")
