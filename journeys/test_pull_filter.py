"""An admin says which contacts the team works with; the others step back, and come forward again (spec C12)."""

import re

import pytest
from playwright.sync_api import Route, expect

from integrations.tests.pull.seller import Seller
from journeys.installation import Installation
from journeys.visitor import Visitor

pytestmark = pytest.mark.browser

CONTACTS = "/integrations/salesforce/contacts/"


def add_condition(visitor: Visitor, field: str, operator: str, value: str) -> None:
    rows = visitor.page.locator("[data-condition]")
    count = rows.count()
    visitor.press("Add a condition")
    expect(rows).to_have_count(count + 1)
    rows.last.get_by_label("Field in Salesforce").select_option(field)
    expect(rows.last.get_by_label("Field in Salesforce")).to_have_value(field)
    rows.last.get_by_label("How it is compared").select_option(operator)
    expect(rows.last.get_by_label("How it is compared")).to_have_value(operator)
    rows.last.get_by_label("Value", exact=True).fill(value)


def test_what_is_typed_while_the_row_is_on_its_way_stays(
    installation: Installation, visitor: Visitor, seller: Seller
) -> None:
    installation.connect()
    visitor.sign_in("admin")
    visitor.go(CONTACTS)
    add_condition(visitor, "Title", "eq", "B")
    visitor.sees("Matches")
    underway: list[Route] = []
    visitor.page.route("**/condition/?**", lambda route: underway.append(route))
    row = visitor.page.locator("[data-condition]").last
    with visitor.page.expect_request("**/condition/?**"):
        row.get_by_label("How it is compared").select_option("contains")
    row.get_by_label("Value", exact=True).fill("Baker")
    with visitor.page.expect_response("**/condition/?**"):
        for route in underway:
            route.continue_()
    expect(row.get_by_label("How it is compared")).to_have_value("contains")
    expect(row.get_by_label("Value", exact=True)).to_have_value("Baker")


@pytest.mark.parametrize("leaves", [False, True])
def test_what_is_typed_goes_on_in_a_value_of_another_kind(
    installation: Installation, visitor: Visitor, leaves: bool
) -> None:
    installation.connect()
    visitor.sign_in("admin")
    visitor.go(CONTACTS)
    add_condition(visitor, "Title", "eq", "B")
    visitor.sees("Matches")
    underway: list[Route] = []
    visitor.page.route("**/condition/?**", lambda route: underway.append(route))
    row = visitor.page.locator("[data-condition]").last
    with visitor.page.expect_request("**/condition/?**"):
        row.get_by_label("How it is compared").select_option("in")
    row.get_by_label("Value", exact=True).fill("Baker")
    if leaves:
        row.get_by_label("Value", exact=True).blur()
    with visitor.page.expect_response("**/condition/?**"):
        for route in underway:
            route.continue_()
    lines = row.get_by_label("Values, one a line")
    expect(lines).to_have_value("Baker")
    if not leaves:
        visitor.page.keyboard.type(" Street")
        expect(lines).to_have_value("Baker Street")


def test_of_two_rows_that_come_at_once_each_keeps_its_value(
    installation: Installation, visitor: Visitor
) -> None:
    installation.connect()
    visitor.sign_in("admin")
    visitor.go(CONTACTS)
    add_condition(visitor, "Title", "eq", "B")
    add_condition(visitor, "LastName", "eq", "C")
    underway: list[Route] = []
    visitor.page.route("**/condition/?**", lambda route: underway.append(route))
    rows = visitor.page.locator("[data-condition]")
    for place, operator in enumerate(["contains", "in"]):
        with visitor.page.expect_request("**/condition/?**"):
            rows.nth(place).get_by_label("How it is compared").select_option(operator)
    rows.nth(1).get_by_label("Value", exact=True).fill("Baker")
    answers = [(route, route.fetch()) for route in underway]
    for route, answer in answers:
        route.fulfill(response=answer)
    expect(rows.nth(1).get_by_label("Values, one a line")).to_have_value("Baker")
    expect(rows.nth(0).get_by_label("Value", exact=True)).to_have_value("B")


def test_a_comparison_chosen_while_the_field_is_on_its_way_stays(
    installation: Installation, visitor: Visitor
) -> None:
    installation.connect()
    visitor.sign_in("admin")
    visitor.go(CONTACTS)
    add_condition(visitor, "Title", "eq", "B")
    visitor.sees("Matches")
    underway: list[Route] = []
    visitor.page.route("**/condition/?**", lambda route: underway.append(route), times=1)
    row = visitor.page.locator("[data-condition]").last
    with visitor.page.expect_request("**/condition/?**"):
        row.get_by_label("Field in Salesforce").select_option("Department")
    row.get_by_label("How it is compared").select_option("contains")
    with visitor.page.expect_response(re.compile("operator=contains")):
        for route in underway:
            route.continue_()
    expect(row.get_by_label("Field in Salesforce")).to_have_value("Department")
    expect(row.get_by_label("How it is compared")).to_have_value("contains")


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
