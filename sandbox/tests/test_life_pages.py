"""Converting, deleting for good and hiding, by hand on the org's own pages."""

from typing import Any

import pytest

from sandbox.tests.browsing import Browser, make

LEAD = {"LastName": "Conv", "Company": "Conv Ltd", "Email": "conv@conv.example"}


def row(browser: Browser, soql: str) -> dict[str, Any]:
    (found,) = browser.org.control("GET", f"/query?all=1&q={soql.replace(' ', '+')}")["records"]
    return dict(found)


def converted(browser: Browser, lead: str) -> dict[str, Any]:
    fields = "ConvertedAccountId, ConvertedContactId, ConvertedOpportunityId"
    return row(browser, f"SELECT {fields} FROM Lead WHERE Id = '{lead}'")


def test_a_conversion_makes_account_and_contact_unless_told_otherwise(browser: Browser) -> None:
    lead = make(browser, "Lead", **LEAD)
    browser.post(f"/ui/Lead/{lead}/convert", account="new", contact="new", opportunity="")
    made = converted(browser, lead)
    contact = row(browser, f"SELECT AccountId, Email FROM Contact WHERE Id = '{made['ConvertedContactId']}'")
    assert (contact["AccountId"], contact["Email"]) == (made["ConvertedAccountId"], LEAD["Email"])
    assert made["ConvertedOpportunityId"] is None


def test_the_conversion_offers_what_looks_like_the_lead(browser: Browser) -> None:
    company = {"Company": "O'Same \\ Ltd"}
    account = make(browser, "Account", Name=company["Company"])
    contact = make(browser, "Contact", LastName="Same", Email="same@conv.example")
    page = browser.get(
        f"/ui/Lead/{make(browser, 'Lead', **LEAD | company | {'Email': 'same@conv.example'})}/convert"
    )
    assert f'value="{account}"' in page.text
    assert f'value="{contact}"' in page.text


def test_a_lead_becomes_an_account_contact_and_deal_that_were_chosen(browser: Browser) -> None:
    account = make(browser, "Account", Name="Chosen")
    contact = make(browser, "Contact", LastName="Chosen", AccountId=account, Title="Kept")
    lead = make(browser, "Lead", **LEAD, Title="Lost", Phone="123")
    browser.post(f"/ui/Lead/{lead}/convert", account=account, contact_id=contact, opportunity="Deal")
    made = converted(browser, lead)
    assert (made["ConvertedAccountId"], made["ConvertedContactId"]) == (account, contact)
    person = row(browser, f"SELECT LastName, Title, Phone FROM Contact WHERE Id = '{contact}'")
    assert (person["LastName"], person["Title"], person["Phone"]) == ("Chosen", "Kept", "123")
    deal = row(browser, f"SELECT Name FROM Opportunity WHERE Id = '{made['ConvertedOpportunityId']}'")
    assert deal["Name"] == "Deal"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"account_id": "nonsense"}, "incorrect type"),
        ({"contact_id": "003000000000999AAA"}, "cross reference"),
    ],
)
def test_a_conversion_that_cant_be_comes_back_as_it_was_typed(
    browser: Browser, fields: dict[str, str], said: str
) -> None:
    lead = make(browser, "Lead", **LEAD)
    reply = browser.post(f"/ui/Lead/{lead}/convert", **fields, opportunity="Kept")
    assert reply.status == 400
    assert said in reply.text
    assert 'value="Kept"' in reply.text


def test_a_contact_of_another_account_isnt_taken_from_it(browser: Browser) -> None:
    theirs, other = make(browser, "Account", Name="Theirs"), make(browser, "Account", Name="Other")
    contact = make(browser, "Contact", LastName="C", AccountId=theirs)
    lead = make(browser, "Lead", **LEAD)
    reply = browser.post(f"/ui/Lead/{lead}/convert", account=other, account_id=other, contact_id=contact)
    assert "another account" in reply.text


def test_a_deleted_record_is_deleted_for_good(browser: Browser) -> None:
    made = make(browser, "Contact", LastName="Purged")
    browser.post(f"/ui/Contact/{made}/delete")
    assert f"/ui/bin/Contact/{made}/purge" in browser.get("/ui/bin").text
    browser.post(f"/ui/bin/Contact/{made}/purge")
    found = browser.org.control("GET", f"/query?all=1&q=SELECT+Id+FROM+Contact+WHERE+Id='{made}'")
    assert found["totalSize"] == 0


def test_what_isnt_in_the_bin_cant_be_purged(browser: Browser) -> None:
    made = make(browser, "Contact", LastName="Alive")
    assert "recycle bin" in browser.post(f"/ui/bin/Contact/{made}/purge").text
    assert browser.get(f"/ui/Contact/{made}").status == 200


def test_a_record_is_hidden_from_one_user_and_shown_again(browser: Browser) -> None:
    other = Browser(browser.org, "staff@acme.example")
    made = make(browser, "Account", Name="Secret")
    browser.post(f"/ui/Account/{made}/hide", username="staff@acme.example")
    assert (browser.get(f"/ui/Account/{made}").status, other.get(f"/ui/Account/{made}").status) == (200, 404)
    assert "Show again" in browser.get(f"/ui/Account/{made}").text
    browser.post(f"/ui/Account/{made}/show", username="staff@acme.example")
    assert other.get(f"/ui/Account/{made}").status == 200


def test_who_hides_a_record_from_themselves_finds_it_among_the_hidden(browser: Browser) -> None:
    made = make(browser, "Account", Name="Lost and found")
    reply = browser.post(f"/ui/Account/{made}/hide", username="sales@acme.example")
    assert reply.headers["location"] == "/ui/hidden"
    assert "Lost and found" in browser.get("/ui/hidden").text
    browser.post(f"/ui/Account/{made}/show", username="sales@acme.example")
    assert browser.get(f"/ui/Account/{made}").status == 200
