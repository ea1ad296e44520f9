from dataclasses import dataclass, field

import pytest

from mappings.catalogue import MappableField
from mappings.compatibility import TABLE, custom_type, directions
from mappings.field_types import FieldType as T
from mappings.models import Direction
from mappings.validation import row_problems

BOTH, PULL, PUSH = Direction


@dataclass
class There:
    """A Salesforce field, writable unless said otherwise."""

    name: str = "F__c"
    label: str = "F"
    type: str = "string"
    length: int = 80
    createable: bool = True
    updateable: bool = True
    calculated: bool = False
    auto_number: bool = False
    required_on_create: bool = False
    restricted_picklist: bool = False
    filterable: bool = True
    reference_to: tuple[str, ...] = ()
    picklist_values: tuple[()] = field(default=())


def problems(
    type: T, there: There, direction: Direction = BOTH, *, only_for: frozenset[str] | None = None
) -> list[str]:
    here = MappableField("contact", "here", "Here", type, column="here", only_for=only_for)
    found = row_problems(
        "Lead", "here", there.name, direction, fields={"here": here}, schema={there.name: there}
    )
    return [item.key for item in found]


@pytest.mark.parametrize(
    ("type", "there", "direction", "wrong"),
    [
        (T.TEXT, There(), BOTH, []),
        (T.TEXT, There(type="double"), BOTH, ["direction"]),
        (T.TEXT, There(type="double"), PULL, []),
        (T.TEXT, There(type="address"), PULL, ["salesforce"]),
        (T.TEXT, There(calculated=True), BOTH, ["direction"]),
        (T.TEXT, There(calculated=True), PULL, []),
        (T.TEXT, There(auto_number=True), PUSH, ["direction"]),
        (T.TEXT, There(updateable=False), BOTH, ["direction"]),
        (T.NUMBER, There(), PULL, ["salesforce"]),
        (T.CHECKBOX, There(type="boolean"), BOTH, []),
        (T.DATE, There(type="datetime"), PULL, []),
        (T.DATE, There(type="datetime"), PUSH, ["direction"]),
        (T.USER, There(type="reference", reference_to=("Group", "User")), BOTH, []),
        (T.USER, There(type="reference", reference_to=("Account",)), PULL, ["salesforce"]),
        (T.ACCOUNT, There(type="reference", reference_to=("Account",)), BOTH, []),
        (T.STAGE, There(type="picklist"), BOTH, []),
    ],
)
def test_only_pairs_that_can_work_are_taken(
    type: T, there: There, direction: Direction, wrong: list[str]
) -> None:
    assert problems(type, there, direction) == wrong


def test_a_field_of_contacts_alone_is_refused_on_leads() -> None:
    assert problems(T.TEXT, There(), only_for=frozenset({"Contact"})) == ["field"]


def test_a_misspelt_salesforce_field_is_named_as_it_should_be() -> None:
    here = MappableField("contact", "title", "Title", T.TEXT, column="title")

    found = row_problems(
        "Contact", "title", "title", BOTH, fields={"title": here}, schema={"Title": There("Title")}
    )

    assert found[0].problem == "Contact has no field “title”. Write it Title."


def test_both_fields_of_a_row_are_checked_at_once() -> None:
    found = row_problems("Contact", "custom.x", "X__c", BOTH, fields={}, schema={})

    assert [item.key for item in found] == ["field", "salesforce"]
    assert '"create": true' in found[0].problem


def test_every_workspace_type_goes_with_some_salesforce_type_both_ways() -> None:
    assert set(TABLE) == set(T)
    assert all(any(BOTH in ways for ways in there.values()) for there in TABLE.values())


@pytest.mark.parametrize(
    "there",
    [There(type=name) for name in ("string", "textarea", "int", "double", "currency", "percent", "date")]
    + [There(type=name) for name in ("datetime", "boolean", "picklist", "multipicklist", "url", "phone")]
    + [There(type="email"), There(type="reference", reference_to=("User",))],
    ids=lambda there: there.type,
)
def test_a_field_made_for_a_salesforce_field_maps_both_ways(there: There) -> None:
    made = custom_type(there)

    assert made is not None
    assert BOTH in directions(made, there)


@pytest.mark.parametrize("type", ["address", "location", "base64", "anyType", "reference"])
def test_no_field_is_made_for_what_does_not_fit(type: str) -> None:
    assert custom_type(There(type=type)) is None
