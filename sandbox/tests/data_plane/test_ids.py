import pytest

from sandbox.ids import is_id, make_id, to18


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("0015c00002Lz9mU", "0015c00002Lz9mUAAR"),
        ("003aj000002oTld", "003aj000002oTldAAE"),
        ("001RM000003oCpr", "001RM000003oCprYAE"),
        ("012000000000000", "012000000000000AAA"),
    ],
)
def test_fifteen_characters_become_the_eighteen_salesforce_shows(short: str, long: str) -> None:
    assert to18(short) == long


@pytest.mark.parametrize("text", ["", "001", "0015c00002Lz9m!", "0015c00002Lz9mUAAA", "0015c00002Lz9mUA"])
def test_what_is_no_id_is_not_taken_for_one(text: str) -> None:
    assert not is_id(text)


def test_ids_made_in_order_are_distinct_and_sorted() -> None:
    made = [make_id("003", number) for number in (1, 61, 62, 3844)]

    assert made == sorted(set(made))
    assert all(is_id(each) for each in made)
