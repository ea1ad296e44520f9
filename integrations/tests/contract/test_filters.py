"""Pull filters against an org: it returns exactly the rows that a plain reading of the conditions names (C12)."""

import operator as python_operators
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.pull_filters.conditions import WORDS, Family, family, where
from integrations.salesforce.describes import FieldDescribe
from integrations.salesforce.oauth import Grant
from integrations.salesforce.org import Org
from integrations.salesforce.soql import quote, select
from integrations.salesforce.tokens import StaticTokens
from mappings.converters import normalise

TEXTS = [
    "O'Neil",
    'say "hi"',
    "back\\slash",
    "100%",
    "under_score",
    "ünder 日本",
    "🙂 \\' OR Id != null",
    "a, b",
]
LEADS: list[dict[str, Any]] = [
    *(
        {"Title": text, "NumberOfEmployees": size, "AnnualRevenue": size * 10, "HasOptedOutOfEmail": size > 3}
        for size, text in enumerate(TEXTS)
    ),
    {"Title": "UNDER_SCORE", "Email": "someone@example.com", "LeadSource": "Other"},
    {"Street": "first line\nsecond 'line'", "LeadSource": "Web", "NumberOfEmployees": -3},
    {},
]
ASKED = (
    *("Title", "Street", "Email", "LeadSource", "NumberOfEmployees", "AnnualRevenue"),
    *("HasOptedOutOfEmail", "CreatedDate", "OwnerId"),
)
ALPHABETICAL = ("lt", "le", "gt", "ge")


@dataclass(frozen=True)
class World:
    org: Org
    company: str
    fields: Mapping[str, FieldDescribe]
    rows: Mapping[str, dict[str, str | None]]


@pytest.fixture(scope="module")
def world(grant: Grant) -> Iterator[World]:
    """A handful of leads of one company, with every kind of text."""
    org = Org(StaticTokens(grant.access_token, grant.instance_url))
    company = f"Lockstep Filters {uuid4().hex[:12]}"
    rows = [{"LastName": f"Nº {place}", "Company": company, **row} for place, row in enumerate(LEADS)]
    made = [result.id or "" for result in org.create_many("Lead", rows)]
    described = org.describe("Lead")
    assert described is not None
    fields = {field.name: field for field in described.fields}
    found = org.query_all(select(["Id", *ASKED], "Lead", where=f"Company = {quote(company)}"))
    read = {
        row["Id"]: {name: normalise(row[name], fields[name].type, field=name) for name in ASKED}
        for row in found
    }
    yield World(org, company, fields, read)
    org.delete_many(made)
    org.close()


def meets(condition: Mapping[str, Any], row: Mapping[str, str | None], field: FieldDescribe) -> bool:
    """What the words say: a blank is not less, not alike, and differs from every value."""
    operator, held = condition["operator"], row[condition["field"]]
    if operator in ("empty", "filled"):
        return bool((held is None) == (operator == "empty"))
    if operator == "in":
        return any(
            meets({**condition, "operator": "eq", "value": item}, row, field) for item in condition["value"]
        )
    asked = normalise(condition["value"], field.type, field="")
    if held is None or asked is None:
        return bool(operator == "ne")
    one, other = comparable(held, field), comparable(asked, field)
    if operator in ("contains", "starts"):
        return bool(one.startswith(other) if operator == "starts" else other in one)
    return bool(getattr(python_operators, operator)(one, other))


def comparable(text: str, field: FieldDescribe) -> Any:
    kinds: dict[Family | None, Callable[[str], Any]] = {
        Family.NUMBER: Decimal,
        Family.DATE: date.fromisoformat,
        Family.TIME: datetime.fromisoformat,
        Family.CHECKBOX: str,
        Family.REFERENCE: str,
    }
    return kinds.get(family(field), str.casefold)(text)


def conditions(world: World) -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from(ASKED).flatmap(lambda name: _of_field(world, name))


def _of_field(world: World, name: str) -> st.SearchStrategy[dict[str, Any]]:
    kind = family(world.fields[name])
    assert kind is not None
    # How texts are sorted is each org's own; what is less is told of numbers and times.
    operators = [word for word in WORDS[kind] if kind is not Family.TEXT or word not in ALPHABETICAL]
    held = sorted({value for row in world.rows.values() if (value := row[name])})
    pieces = held + [text[at:] for text in held for at in (1, 3) if text[at:].strip()]
    values = st.sampled_from(pieces if kind in (Family.TEXT, Family.CHOICE) else held)
    return st.sampled_from(operators).flatmap(
        lambda operator: st.fixed_dictionaries(
            {"field": st.just(name), "operator": st.just(operator)}
            | ({} if operator in ("empty", "filled") else {"value": _value(operator, values)})
        )
    )


def _value(operator: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.lists(values, min_size=1, max_size=3) if operator == "in" else values


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_an_org_returns_exactly_the_rows_that_meet_the_conditions(world: World, data: st.DataObject) -> None:
    chosen = data.draw(st.lists(conditions(world), min_size=1, max_size=3))
    condition = where(chosen, world.fields, object_name="Lead")
    soql = select(["Id"], "Lead", where=f"Company = {quote(world.company)} AND {condition}")
    assert {row["Id"] for row in world.org.query_all(soql)} == {
        record
        for record, row in world.rows.items()
        if all(meets(each, row, world.fields[each["field"]]) for each in chosen)
    }


def test_every_condition_alone_is_understood(world: World) -> None:
    for name in ASKED:
        field = world.fields[name]
        value = next(row[name] for row in world.rows.values() if row[name])
        for operator in WORDS[family(field) or Family.TEXT]:
            asked = [value] if operator == "in" else value
            condition = where(
                [{"field": name, "operator": operator, "value": asked}], world.fields, object_name="Lead"
            )
            assert world.org.query_page(select(["Id"], "Lead", where=condition)).total >= 0
