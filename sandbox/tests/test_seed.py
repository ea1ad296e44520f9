"""The demo org: always the same, and with every oddity a sync must survive."""

from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from sandbox.seed.demo import long_text, names
from sandbox.testing import RunningOrg, start_org


def soql(org: RunningOrg, query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = org.control("GET", "/query?" + urlencode({"q": query, "all": "1"}))[
        "records"
    ]
    return found


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("Account", 36, 44),
        ("Contact", 380, 420),
        ("Lead", 140, 160),
        ("Opportunity", 110, 130),
        ("User", 12, 12),
    ],
)
def test_it_has_the_size_promised(demo: RunningOrg, name: str, least: int, most: int) -> None:
    assert least <= demo.control("GET", "/counts")[name] <= most


def test_it_is_the_same_every_time(demo: RunningOrg, tmp_path: Path) -> None:
    query = "SELECT Id, FirstName, LastName, Email, AccountId, OwnerId, Title FROM Contact ORDER BY Id"
    with start_org(tmp_path, seed="demo") as again:
        assert soql(again, query) == soql(demo, query)


@pytest.mark.parametrize(
    ("query", "least"),
    [
        ("SELECT Id FROM Lead WHERE IsConverted = true AND ConvertedContactId != null", 10),
        ("SELECT Id FROM Lead WHERE Email LIKE '%@gmail.com'", 1),
        ("SELECT Id FROM Lead WHERE OwnerId IN (SELECT Id FROM Group)", 5),
        ("SELECT Id FROM Contact WHERE IsDeleted = true AND MasterRecordId != null", 5),
        ("SELECT Id FROM Contact WHERE IsDeleted = true AND MasterRecordId = null", 5),
        ("SELECT Id FROM Account WHERE IsDeleted = true AND MasterRecordId != null", 1),
        ("SELECT Id FROM Contact WHERE AccountId = null", 5),
        ("SELECT Id FROM Contact WHERE Owner.IsActive = false", 5),
        ("SELECT Id FROM Opportunity WHERE IsWon = true AND IsClosed = true AND Probability = 100", 3),
        ("SELECT Id FROM OpportunityContactRole WHERE IsPrimary = true", 50),
        ("SELECT Id FROM User WHERE IsActive = false", 3),
        ("SELECT Id FROM Group WHERE Type = 'Queue'", 2),
        ("SELECT Id FROM Contact WHERE LastName LIKE '%🚀%'", 1),
    ],
)
def test_it_has_every_oddity(demo: RunningOrg, query: str, least: int) -> None:
    assert len(soql(demo, query)) >= least


def test_some_contacts_share_an_e_mail_but_for_its_case(demo: RunningOrg) -> None:
    mails = [
        row["Email"]
        for row in soql(demo, "SELECT Email FROM Contact WHERE Email != null AND IsDeleted = false")
    ]
    assert len(set(mails)) == len(mails)
    assert len({mail.lower() for mail in mails}) <= len(mails) - 8


def test_some_leads_are_contacts(demo: RunningOrg) -> None:
    contacts = {row["Email"].lower() for row in soql(demo, "SELECT Email FROM Contact WHERE Email != null")}
    leads = soql(demo, "SELECT Email FROM Lead WHERE IsConverted = false AND IsDeleted = false")
    assert sum(row["Email"].lower() in contacts for row in leads if row["Email"]) >= 10


def test_many_rows_share_one_stamp(demo: RunningOrg) -> None:
    stamps = Counter(row["SystemModstamp"] for row in soql(demo, "SELECT SystemModstamp FROM Contact"))
    assert stamps.most_common(1)[0][1] >= 60


def test_nothing_is_dated_in_the_future(demo: RunningOrg) -> None:
    now = demo.control("GET", "/clock")["now"]
    for name in ("Account", "Contact", "Lead", "Opportunity"):
        rows = soql(demo, f"SELECT SystemModstamp FROM {name}")
        assert all(row["SystemModstamp"][:19] <= now[:19] for row in rows)


def test_a_long_text_is_as_long_as_allowed() -> None:
    assert len(long_text(3)) == 32_000
    assert '"' in long_text(3)
    assert "\r\n" in long_text(3)


def test_names_come_from_all_languages_at_once() -> None:
    first = "".join(first + last for first, last in names()[:17])
    assert all(
        any(low <= char <= high for char in first) for low, high in (("α", "ω"), ("ا", "ي"), ("一", "龥"))
    )
