"""An admin connects Salesforce, sets it up and starts it; sellers find their records (spec A, B, C).

The tests share one installation. The first finds it new; each of the others brings it to where it begins.
"""

import re

import pytest
from playwright.sync_api import expect

from integrations.tests.pull.seller import Seller
from integrations.tests.sandbox_process import sandbox_org
from journeys.installation import Installation
from journeys.visitor import RUN_MILLISECONDS, Visitor

pytestmark = pytest.mark.browser

OVERVIEW = "/integrations/salesforce/"


def consent(visitor: Visitor) -> None:
    """At the org: the walk-through's form is filled in already."""
    visitor.press("Connect")
    visitor.page.locator("#allow").click()


def test_an_admin_connects_sets_up_and_starts(
    installation: Installation, visitor: Visitor, seller: Seller
) -> None:
    installation.disconnect()
    visitor.sign_in("admin")
    visitor.open("Overview")
    visitor.sees("Register Lockstep in Salesforce")
    expect(visitor.page.get_by_label("Callback address")).to_have_value(f"{visitor.url}{OVERVIEW}callback")
    visitor.press("Test key and secret")
    visitor.sees(re.compile("knows this key", re.IGNORECASE))
    consent(visitor)
    visitor.sees("Connected to Acme as Ada Admin.")
    visitor.sees(re.compile(r"Setting up: syncing turns on by itself in 5 h 5\d min"))
    the_window_refuses_pulls_by_hand(installation, visitor)
    what_is_read_meanwhile_changes_nothing(installation, visitor)
    a_setting_is_changed(visitor)

    visitor.go(OVERVIEW)
    visitor.follow("Start now")
    visitor.press("Start syncing")
    visitor.sees("Syncing. Next pull in")
    expect(visitor.tile("Deals").get_by_text("Pulled")).to_be_visible(timeout=RUN_MILLISECONDS)
    visitor.wait_for_pull()

    status = installation.command("status").said
    assert status["state"] == "active"
    for kind, name in (("people", "Contact"), ("accounts", "Account"), ("deals", "Opportunity")):
        there = seller.one(f"SELECT Id, Name FROM {name} ORDER BY LastModifiedDate DESC LIMIT 1")
        assert status["objects"][name]["linked"] > 0
        visitor.go(f"/{kind}/?q={there['Name']}")
        visitor.sees(there["Name"])


def the_window_refuses_pulls_by_hand(installation: Installation, visitor: Visitor) -> None:
    """On the page, on the command line, and on the server (spec B2)."""
    expect(visitor.page.get_by_role("button", name="Pull everything now")).to_be_disabled()
    visitor.sees("so nothing can be pulled by hand")
    refused = installation.command("pull")
    assert refused.code == 3
    assert refused.said["until"] == installation.command("status").said["window_ends_at"]
    visitor.send(f"{OVERVIEW}pull/")
    visitor.go(OVERVIEW)
    visitor.sees(re.compile("Syncing is still being set up.*That is on"))
    assert installation.command("status").said["objects"]["Contact"]["linked"] == 0


def what_is_read_meanwhile_changes_nothing(installation: Installation, visitor: Visitor) -> None:
    """The preparation's run ends in the background; the overview shows it unasked (spec A4)."""
    expect(visitor.page.get_by_text("being prepared")).to_have_count(0, timeout=RUN_MILLISECONDS)
    visitor.go("/people/")
    visitor.sees("No people yet")


def a_setting_is_changed(visitor: Visitor) -> None:
    visitor.go(f"{OVERVIEW}general/")
    visitor.page.get_by_label("Pull every").fill("45")
    visitor.sees("1 change")
    visitor.press("Save")
    visitor.sees("Saved")
    visitor.go(f"{OVERVIEW}general/")
    expect(visitor.page.get_by_label("Pull every")).to_have_value("45")


def test_edits_on_both_sides_meet(installation: Installation, visitor: Visitor, seller: Seller) -> None:
    installation.connect()
    contact = seller.create("Contact", LastName="Traveller", Email="traveller@journey.example")
    assert installation.command("pull").code == 0
    visitor.sign_in("admin")
    visitor.find("people", "traveller@journey.example")
    visitor.sees("In step")
    link = visitor.page.get_by_role("link", name="Open in Salesforce")
    expect(link).to_have_attribute("href", re.compile(re.escape(installation.org.url) + ".*" + contact))
    record = visitor.page.url

    visitor.page.get_by_role("link", name="Edit").click()
    visitor.page.get_by_label("Phone", exact=True).fill("+44 20 7946 0018")
    visitor.press("Save")
    expect(visitor.value("Phone")).to_have_text("+44 20 7946 0018")
    visitor.sees(re.compile("Changed by Admin Demo"))
    expect(visitor.page.locator("#salesforce-badge")).to_contain_text("In step")
    there = seller.one(f"SELECT Phone FROM Contact WHERE Id = '{contact}'")
    assert there["Phone"] == "+44 20 7946 0018"

    seller.change("Contact", contact, Title="Head of Journeys")
    visitor.go(OVERVIEW)
    visitor.press("Pull everything now")
    visitor.wait_for_pull()
    visitor.page.goto(record)
    expect(visitor.value("Title")).to_have_text("Head of Journeys")
    expect(visitor.value("Phone")).to_have_text("+44 20 7946 0018")
    visitor.sees(re.compile("Changed by a pull from Salesforce"))


@pytest.mark.parametrize(("role", "errors"), [("staff", 200), ("sales", 403)])
def test_only_admins_reach_the_settings(
    installation: Installation, visitor: Visitor, role: str, errors: int
) -> None:
    visitor.sign_in(role)
    pages = ("general/", "contacts/", "connection/", "disconnect/")
    assert {visitor.go(OVERVIEW + page) for page in pages} == {403}
    switches = ("pause/", "activate/", "pull/", "disconnect/")
    assert {visitor.send(OVERVIEW + switch) for switch in switches} == {403}
    assert visitor.go("/admin/integrations/syncerror/") == errors
    assert {visitor.go(page) for page in ("/people/", "/accounts/", "/deals/")} == {200}
    expect(visitor.page.get_by_role("link", name="Overview")).to_have_count(0)


def test_refused_sign_ins_are_told_in_words(installation: Installation, visitor: Visitor) -> None:
    installation.disconnect()
    visitor.sign_in("admin")
    visitor.open("Overview")
    visitor.press("Connect")
    visitor.page.locator("#deny").click()
    visitor.sees("Access was denied in Salesforce, so nothing was connected.")

    visitor.press("Connect")
    expect(visitor.page.locator("#allow")).to_be_visible()
    visitor.go(f"{OVERVIEW}callback?code=stolen&state=forged")
    visitor.sees("The answer doesn't belong to the sign-in that was begun here")

    visitor.page.get_by_label("Where do you sign in").fill("http://acme.my.salesforce.com")
    visitor.press("Connect")
    visitor.sees("Plain http would show the tokens to the network")
    assert installation.state() == "disconnected"


def test_another_org_asks_for_its_name(
    installation: Installation, visitor: Visitor, tmp_path_factory: pytest.TempPathFactory
) -> None:
    installation.connect()
    visitor.sign_in("admin")
    visitor.go(OVERVIEW)
    visitor.page.get_by_role("link", name="Disconnect").click()
    visitor.sees("No record is deleted or changed, here or in Salesforce.")
    visitor.press("Disconnect Salesforce")
    visitor.sees("Disconnected. Records, links, maps and history are all still here.")
    with sandbox_org(tmp_path_factory.mktemp("globex"), org_name="Globex") as globex:
        visitor.page.get_by_label("Where do you sign in").fill(globex.url)
        consent(visitor)
        visitor.sees("Another org than before")
        visitor.page.get_by_label("Type “Globex” to go on").fill("Acme")
        visitor.press("Connect this org")
        visitor.sees("That isn't the org's name.")
        visitor.press("Don't connect")
    visitor.sees("Creating new records in Salesforce, deleting and merging are off until you switch them on.")
    assert installation.state() == "disconnected"
    visitor.go("/people/")
    expect(visitor.page.locator("#list tbody tr").first).to_be_visible()
