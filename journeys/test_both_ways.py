"""Edits on both sides meet: created, changed here and there, refused and mended, asked and decided (spec C11, D, E)."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from integrations.tests.pull.seller import Seller
from journeys.installation import Installation
from journeys.visitor import Visitor

pytestmark = pytest.mark.browser

OVERVIEW = "/integrations/salesforce/"
CABINS = ["Upper", "Lower"]
RULES = {"phone": "workspace", "title": "salesforce", "city": "ask"}


def configure(installation: Installation, folder: Path) -> None:
    """New people are pushed, each conflict rule has a field, and a restricted picklist is mapped."""
    file = folder / "workspace.json"
    assert installation.command("config", "export", str(file)).code == 0
    wanted: dict[str, Any] = json.loads(file.read_text())
    rows = wanted["maps"]["Contact"]
    for row in rows:
        row["conflict"] = RULES.get(row["field"], row.get("conflict", "salesforce"))
    if all(row["salesforce"] != "Cabin__c" for row in rows):
        rows.append(
            {"field": "custom.cabin__c", "salesforce": "Cabin__c", "direction": "both", "create": True}
        )
    wanted["settings"].setdefault("people", {})["push_new"] = True
    file.write_text(json.dumps(wanted))
    said = installation.command("config", "import", str(file))
    assert said.code == 0, said.said


@pytest.fixture(scope="module")
def ship(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Connected, with a restricted picklist there that is mapped here."""
    field = {"name": "Cabin__c", "label": "Cabin", "type": "picklist", "restrictedPicklist": True}
    installation.org.control("POST", "/schema/Contact/fields", field | {"values": CABINS})
    installation.connect()
    assert installation.command("pull").code == 0
    configure(installation, tmp_path_factory.mktemp("both-ways"))
    return installation


def at_the_org(visitor: Visitor, org_url: str) -> Page:
    """Another tab, signed in to Salesforce."""
    page = visitor.page.context.new_page()
    page.goto(org_url)
    page.get_by_role("button", name="Sign in").click()
    return page


def edit(visitor: Visitor, **values: str) -> None:
    visitor.page.get_by_role("link", name="Edit").click()
    for label, value in values.items():
        visitor.page.get_by_label(label, exact=True).fill(value)
    visitor.press("Save")


def badge(visitor: Visitor, words: str) -> None:
    """What the record's page comes to say, left alone."""
    expect(visitor.page.locator("#salesforce-badge")).to_contain_text(words)


def test_a_person_goes_there_and_edits_go_both_ways(
    ship: Installation, visitor: Visitor, seller: Seller
) -> None:
    visitor.sign_in("admin")
    visitor.go("/people/new/")
    visitor.page.get_by_label("Last name").fill("Farer")
    visitor.page.get_by_label("E-mail", exact=True).fill("farer@journey.example")
    visitor.press("Save")
    badge(visitor, "In step")
    there = at_the_org(visitor, ship.org.url)
    there.goto(f"{ship.org.url}/ui/Contact?q=farer@journey.example")
    expect(there.get_by_role("link", name="Farer")).to_have_count(1)
    there.get_by_role("link", name="Farer").click()

    edit(visitor, Title="Captain")
    badge(visitor, "In step")
    there.reload()
    expect(there.get_by_text("Captain").first).to_be_visible()

    found = seller.one("SELECT Id FROM Contact WHERE Email = 'farer@journey.example'")
    seller.change("Contact", found["Id"], Title="Admiral")
    assert ship.command("pull").code == 0
    visitor.page.reload()
    expect(visitor.value("Title")).to_have_text("Admiral")
    badge(visitor, "In step")


def test_the_rule_decides_where_both_sides_changed(
    ship: Installation, visitor: Visitor, seller: Seller
) -> None:
    contact = seller.create("Contact", LastName="Rival", Email="rival@journey.example", Title="Mate")
    assert ship.command("pull").code == 0
    visitor.sign_in("admin")
    visitor.find("people", "rival@journey.example")
    record = visitor.page.url
    assert ship.command("pause").code == 0
    edit(visitor, Title="Boatswain", Phone="+44 1", City="Hull")
    badge(visitor, "Waiting: 1 edit goes out when syncing is resumed")
    seller.change("Contact", contact, Title="Purser", Phone="+44 2", MailingCity="Leith")
    assert ship.command("resume").code == 0
    badge(visitor, "In step")

    visitor.page.goto(record)
    expect(visitor.value("Title")).to_have_text("Purser")
    expect(visitor.value("Phone")).to_have_text("+44 1")
    expect(visitor.page.locator("#history")).to_contain_text("Boatswain")
    there = seller.one(f"SELECT Title, Phone, MailingCity FROM Contact WHERE Id = '{contact}'")
    assert (there["Title"], there["Phone"], there["MailingCity"]) == ("Purser", "+44 1", "Leith")

    visitor.follow("Decide")
    visitor.sees("Leith")
    visitor.page.get_by_role("button", name=re.compile("Keep ours: ")).click()
    visitor.page.goto(record)
    badge(visitor, "In step")
    expect(visitor.value("City")).to_have_text("Hull")
    assert seller.one(f"SELECT MailingCity FROM Contact WHERE Id = '{contact}'")["MailingCity"] == "Hull"


def test_a_refused_value_is_mended_and_sent_again(
    ship: Installation, visitor: Visitor, seller: Seller
) -> None:
    contact = seller.create("Contact", LastName="Gilder", Email="gilder@journey.example")
    assert ship.command("pull").code == 0
    only_lower = {"values": CABINS[1:]}
    ship.org.control("PATCH", "/schema/Contact/fields/Cabin__c", only_lower)
    visitor.sign_in("admin")
    visitor.find("people", "gilder@journey.example")
    record = visitor.page.url
    visitor.page.get_by_role("link", name="Edit").click()
    visitor.page.get_by_label("Cabin", exact=True).select_option("Upper")
    visitor.press("Save")
    badge(visitor, "Error")

    visitor.page.get_by_role("link", name="See the error").click()
    visitor.sees("What to do")
    visitor.sees("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")
    ship.org.control("PATCH", "/schema/Contact/fields/Cabin__c", {"values": CABINS})
    visitor.press("Retry")
    visitor.page.goto(record)
    badge(visitor, "In step")
    assert seller.one(f"SELECT Cabin__c FROM Contact WHERE Id = '{contact}'")["Cabin__c"] == "Upper"
