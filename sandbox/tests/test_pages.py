"""The org's own pages, as a person's browser meets them."""

from urllib.parse import urlencode

import pytest

from sandbox.testing import RunningOrg
from sandbox.tests.browsing import Browser, make
from sandbox.tests.calling import post_form, send, user_id

NASTY = "<script>alert(1)</script>"


def test_the_start_asks_who_one_is(org: RunningOrg) -> None:
    page = send(org, "GET", "/").text
    assert "Sandbox Salesforce" in page
    assert "staff@acme.example" in page


def test_without_signing_in_there_is_nothing_to_see(org: RunningOrg) -> None:
    assert send(org, "GET", "/ui/Contact").headers["location"] == "/"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(org: RunningOrg) -> None:
    reply = post_form(org, "/ui/sign-in", {"user": user_id(org, "sales@acme.example")})
    assert "HttpOnly" in reply.headers["set-cookie"]
    assert "SameSite=Lax" in reply.headers["set-cookie"]


def test_an_inactive_user_cannot_sign_in(org: RunningOrg) -> None:
    assert post_form(org, "/ui/sign-in", {"user": user_id(org, "ion@acme.example")}).status == 403


def test_a_record_is_created_edited_deleted_and_brought_back(browser: Browser) -> None:
    made = make(browser, "Contact", LastName="Round", Email="round@trip.example")
    browser.post(f"/ui/Contact/{made}/edit", LastName="Rounder", Email="round@trip.example")
    assert "Rounder" in browser.get(f"/ui/Contact/{made}").text
    browser.post(f"/ui/Contact/{made}/delete")
    assert browser.get(f"/ui/Contact/{made}").status == 404
    assert "Rounder" in browser.get("/ui/bin").text
    browser.post(f"/ui/bin/Contact/{made}/undelete")
    assert browser.get(f"/ui/Contact/{made}").status == 200


def test_what_is_typed_is_escaped_everywhere(browser: Browser) -> None:
    made = make(browser, "Account", Name=NASTY, Description=NASTY)
    for path in (
        f"/ui/Account/{made}",
        f"/ui/Account/{made}/edit",
        "/ui/Account?q=script",
        "/ui/Account?q=%3Cscript",
    ):
        assert NASTY not in browser.get(path).text


def test_a_refused_form_keeps_what_was_typed_and_says_why(browser: Browser) -> None:
    reply = browser.post("/ui/Contact/new", LastName="Kept", Email="nonsense", Description="line\r\nline")
    assert reply.status == 400
    assert "invalid email address" in reply.text
    assert 'value="Kept"' in reply.text
    assert "line\r\nline" in reply.text
    assert 'class="bad-field"' in reply.text


def test_only_what_changed_is_written(browser: Browser) -> None:
    made = make(browser, "Contact", LastName="Same", Description="a\r\nb")
    browser.post(f"/ui/Contact/{made}/edit", LastName="Same", Description="a\r\nb", Title="New")
    (row,) = browser.org.control("GET", f"/query?q=SELECT+Description,Title+FROM+Contact+WHERE+Id='{made}'")[
        "records"
    ]
    assert (row["Description"], row["Title"]) == ("a\nb", "New")


def test_a_number_that_is_none_is_said_in_words(browser: Browser) -> None:
    reply = browser.post("/ui/Account/new", Name="N", NumberOfEmployees="many")
    assert "many is not a number" in reply.text


def test_a_duplicate_may_be_saved_all_the_same(browser: Browser) -> None:
    browser.org.control("POST", "/rules/Lead/duplicate", {"name": "Mail", "fields": ["Email"]})
    lead = {"LastName": "D", "Company": "D", "Email": "d@dup.example"}
    make(browser, "Lead", **lead)
    assert "Save although there are duplicates" in browser.post("/ui/Lead/new", **lead).text
    assert make(browser, "Lead", **lead, _allow_save="on")
    browser.org.control("DELETE", "/rules/Lead/Mail")


def test_a_list_is_searched_and_paged(browser: Browser) -> None:
    browser.org.control("POST", "/generate", {"object": "Lead", "count": 120})
    assert "Page 1 of" in browser.get("/ui/Lead").text
    assert browser.get("/ui/Lead?page=2").text.count("/ui/Lead/00Q") == 50
    assert browser.get("/ui/Lead?" + urlencode({"q": "lead77@"})).text.count("/ui/Lead/00Q") == 1
    assert "(0)" in browser.get("/ui/Lead?" + urlencode({"q": "100%'_\\"})).text


@pytest.mark.parametrize("path", ["/{id}", "/lightning/r/Account/{id}/view"])
def test_the_addresses_of_salesforce_lead_to_the_record(browser: Browser, path: str) -> None:
    made = make(browser, "Account", Name="Linked")
    assert browser.get(path.format(id=made)).headers["location"] == f"/ui/Account/{made}"


def test_merging_and_converting_by_hand(browser: Browser) -> None:
    winner, loser = make(browser, "Contact", LastName="W"), make(browser, "Contact", LastName="L")
    browser.post(f"/ui/Contact/{winner}/merge", loser=loser)
    assert browser.get(f"/ui/Contact/{loser}").status == 404
    lead = make(browser, "Lead", LastName="Conv", Company="Conv Ltd")
    browser.post(f"/ui/Lead/{lead}/convert")
    assert "Closed - Converted" in browser.get(f"/ui/Lead/{lead}").text


@pytest.mark.parametrize("path", ["/ui/Contact/new", "/ui/setup/fault", "/ui/sign-out"])
def test_a_form_without_its_token_is_refused(browser: Browser, path: str) -> None:
    assert post_form(browser.org, path, {"LastName": "x"}, {"Cookie": browser.cookie}).status == 403


def test_a_fault_is_switched_on_and_off(browser: Browser) -> None:
    browser.post("/ui/setup/fault", name="server_error")
    assert [rule["name"] for rule in browser.org.control("GET", "/faults")] == ["server_error"]
    browser.post("/ui/setup/fault", name="server_error")
    assert browser.org.control("GET", "/faults") == []


def test_clock_limits_and_users_are_set(browser: Browser) -> None:
    browser.post("/ui/setup/clock", freeze="true")
    assert "(frozen)" in browser.get("/ui/setup").text
    browser.post("/ui/setup/limits", daily_limit="7", concurrent_limit="3", session_seconds="60")
    assert browser.org.control("GET", "/options")["daily_limit"] == 7
    assert "must be a whole number" in browser.post("/ui/setup/limits", daily_limit="x").text


def test_a_key_is_added_to_all_objects_and_taken_from_one(browser: Browser) -> None:
    browser.post("/ui/setup/key", object="every", key="Page_Key__c")
    assert browser.get("/ui/setup").text.count("Page_Key__c</td>") == 5
    browser.post("/ui/setup/key-remove", object="Lead", name="Page_Key__c")
    assert browser.get("/ui/setup").text.count("Page_Key__c</td>") == 4
    assert "already a field" in browser.post("/ui/setup/key", object="Account", key="Page_Key__c").text
    assert "ends with __c" in browser.post("/ui/setup/key", object="Account", key="page key").text


def test_an_app_is_registered(browser: Browser) -> None:
    fields = {"name": "Mine", "client_id": "mine", "callback": "https://me.example/cb", "rotation": "on"}
    browser.post("/ui/setup/app", **fields)
    (app,) = [app for app in browser.org.control("GET", "/apps") if app["client_id"] == "mine"]
    assert (app["callbacks"], app["rotation"], app["pkce_required"]) == (
        ["https://me.example/cb"],
        True,
        False,
    )
    assert "PEM" in browser.post("/ui/setup/app", certificate="nonsense").text


def test_signing_out_ends_the_session(browser: Browser) -> None:
    browser.post("/ui/sign-out")
    assert browser.get("/ui/Contact").headers["location"] == "/"


def test_an_unknown_page_is_a_404_in_words(browser: Browser) -> None:
    assert browser.get("/ui/Nothing").status in (400, 404)
    assert "no such page" in browser.get("/lightning/r/Account/x/view").text
