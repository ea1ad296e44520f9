"""An admin says which contacts the team works with; the others step back, and come forward again (spec C12)."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from re import Pattern

import pytest
from playwright.sync_api import Locator, Route, expect

from integrations.tests.pull.seller import Seller
from journeys.installation import Installation
from journeys.visitor import Visitor

pytestmark = pytest.mark.browser

CONTACTS = "/integrations/salesforce/contacts/"
FIELD, COMPARED = "Field in Salesforce", "How it is compared"
ROW = "**/condition/?**"  # the address that a condition's row is asked for at


def add_condition(visitor: Visitor, field: str, operator: str, value: str) -> None:
    rows = visitor.page.locator("[data-condition]")
    count = rows.count()
    visitor.press("Add a condition")
    expect(rows).to_have_count(count + 1)
    rows.last.get_by_label(FIELD).select_option(field)
    expect(rows.last.get_by_label(FIELD)).to_have_value(field)
    rows.last.get_by_label(COMPARED).select_option(operator)
    expect(rows.last.get_by_label(COMPARED)).to_have_value(operator)
    rows.last.get_by_label("Value", exact=True).fill(value)


@pytest.fixture
def builder(installation: Installation, visitor: Visitor) -> Locator:
    """The rows of the condition builder; the first says that the title is "B"."""
    installation.connect()
    visitor.sign_in("admin")
    visitor.go(CONTACTS)
    add_condition(visitor, "Title", "eq", "B")
    visitor.sees("Matches")
    return visitor.page.locator("[data-condition]")


@contextmanager
def held_back(row: Locator, label: str, choice: str, answered: str | Pattern[str]) -> Iterator[None]:
    """What is chosen, asked for, and answered only after what happens meanwhile."""
    underway: list[Route] = []
    page = row.page
    page.route(ROW, lambda route: underway.append(route), times=1)
    with page.expect_request(ROW):
        row.get_by_label(label).select_option(choice)
    yield
    with page.expect_response(answered):
        for route in underway:
            route.continue_()


def test_what_is_typed_while_the_row_is_on_its_way_stays(builder: Locator) -> None:
    row = builder.last
    with held_back(row, COMPARED, "contains", ROW):
        row.get_by_label("Value", exact=True).fill("Baker")
    expect(row.get_by_label(COMPARED)).to_have_value("contains")
    expect(row.get_by_label("Value", exact=True)).to_have_value("Baker")


@pytest.mark.parametrize("leaves", [False, True])
def test_what_is_typed_goes_on_in_a_value_of_another_kind(builder: Locator, leaves: bool) -> None:
    row = builder.last
    with held_back(row, COMPARED, "in", ROW):
        row.get_by_label("Value", exact=True).fill("Baker")
        if leaves:
            row.get_by_label("Value", exact=True).blur()
    lines = row.get_by_label("Values, one a line")
    expect(lines).to_have_value("Baker")
    if not leaves:
        row.page.keyboard.type(" Street")
        expect(lines).to_have_value("Baker Street")


def test_of_two_rows_that_come_at_once_each_keeps_its_value(builder: Locator, visitor: Visitor) -> None:
    add_condition(visitor, "LastName", "eq", "C")
    underway: list[Route] = []
    for place, operator in enumerate(["contains", "in"]):
        asked = re.compile(f"operator={operator}")
        builder.page.route(asked, lambda route: underway.append(route))
        with builder.page.expect_request(asked):
            builder.nth(place).get_by_label(COMPARED).select_option(operator)
    builder.nth(1).get_by_label("Value", exact=True).fill("Baker")
    answers = [(route, route.fetch()) for route in underway]
    for route, answer in answers:
        route.fulfill(response=answer)
    expect(builder.nth(1).get_by_label("Values, one a line")).to_have_value("Baker")
    expect(builder.nth(0).get_by_label("Value", exact=True)).to_have_value("B")


def test_a_comparison_chosen_while_the_field_is_on_its_way_stays(builder: Locator) -> None:
    row = builder.last
    with held_back(row, FIELD, "Department", re.compile("operator=contains")):
        row.get_by_label(COMPARED).select_option("contains")
    expect(row.get_by_label(FIELD)).to_have_value("Department")
    expect(row.get_by_label(COMPARED)).to_have_value("contains")


def save_and_wait(visitor: Visitor) -> None:
    """A worker reads all contacts again."""
    visitor.press("Save")
    visitor.sees("Contacts are read again now, and sorted by the filter.")
    visitor.go("/integrations/salesforce/")
    visitor.wait_for_pull()


def test_a_filter_is_built_counted_and_saved(
    installation: Installation, visitor: Visitor, seller: Seller
) -> None:
    seller.create("Contact", LastName="Filterberg", Title="Baker", Email="filterberg@stays.example")
    seller.create("Contact", LastName="Filterstein", Title="Butcher", Email="filterstein@goes.example")
    installation.connect()
    assert installation.command("pull").code == 0
    visitor.sign_in("admin")
    visitor.go(CONTACTS)
    add_condition(visitor, "Title", "starts", "Bak")
    visitor.sees(re.compile(r"Matches 1 of [\d,]+\."))
    visitor.sees(re.compile("people are hidden here, and nothing of them is pushed"))
    visitor.sees(re.compile("1 change · affects"))
    save_and_wait(visitor)

    visitor.find("people", "Filterberg")
    expect(visitor.value("Title")).to_have_text("Baker")
    visitor.go("/people/?q=Filterstein")
    visitor.sees(re.compile("No people"))
    status = installation.command("status").said["objects"]["Contact"]
    assert status["hidden"] == status["linked"] - 1

    visitor.go(CONTACTS)
    visitor.press("Remove this condition")
    visitor.sees("No condition: all are pulled.")
    save_and_wait(visitor)
    visitor.find("people", "Filterstein")
    expect(visitor.value("Title")).to_have_text("Butcher")
