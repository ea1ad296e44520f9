"""Which record in Salesforce is a create of ours (spec C6, D9)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.sync.adopting import Candidate, Create, pair

SENT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

ADA = {"Email": None, "FirstName": "Ada", "LastName": "Lovelace", "Company": "Acme"}
ALIKE: list[tuple[str, dict[str, Any], dict[str, Any], bool]] = [
    ("Account", {"Name": "Acme"}, {"Name": " ACME "}, True),
    ("Account", {"Name": "Acme"}, {"Name": "Acme Inc."}, False),
    ("Account", {"Name": "Straße"}, {"Name": "STRASSE"}, True),
    ("Contact", {"Email": "Ada@acme.com", "LastName": "Lovelace"}, {"Email": "ada@acme.com"}, True),
    ("Contact", ADA | {"Email": "ada@acme.com"}, ADA, False),
    ("Contact", ADA, ADA | {"Email": "a@acme.com"}, True),
    ("Contact", ADA, ADA | {"FirstName": None}, False),
    ("Contact", {"LastName": "Lovelace"}, {"LastName": "Lovelace", "FirstName": None}, True),
    ("Contact", {}, {"LastName": None}, False),
    ("Lead", ADA, ADA | {"Company": "acme"}, True),
    ("Lead", ADA, ADA | {"Company": "Other"}, False),
    ("Opportunity", {"Name": "Big"}, {"Name": "big"}, True),
    (
        "OpportunityContactRole",
        {"OpportunityId": "006A", "ContactId": "003A"},
        {"OpportunityId": "006A"},
        False,
    ),
    (
        "OpportunityContactRole",
        {"OpportunityId": "006A", "ContactId": "003A", "Role": "Buyer"},
        {"OpportunityId": "006A", "ContactId": "003A"},
        True,
    ),
]


def create(id: int = 1, sent_at: datetime = SENT, **values: Any) -> Create:
    return Create(id, sent_at, values or {"Name": "Acme"})


def candidate(id: str = "001A", seconds: float = 1, **values: Any) -> Candidate:
    return Candidate(id, SENT + timedelta(seconds=seconds), values or {"Name": "Acme"})


@pytest.mark.parametrize(("object_name", "sent", "there", "is_it"), ALIKE)
def test_the_key_fields_decide(
    object_name: str, sent: dict[str, Any], there: dict[str, Any], is_it: bool
) -> None:
    outcome = pair(object_name, [Create(1, SENT, sent)], [Candidate("x", SENT, there)])
    assert outcome.pairs == ({1: "x"} if is_it else {})
    assert outcome.unmatched == ([] if is_it else [1])


@pytest.mark.parametrize(("seconds", "is_it"), [(-3, False), (-2, True), (0, True), (600, True)])
def test_what_was_there_before_the_send_is_not_ours(seconds: float, is_it: bool) -> None:
    assert bool(pair("Account", [create()], [candidate(seconds=seconds)]).pairs) == is_it


def test_of_several_hits_none_is_guessed() -> None:
    outcome = pair("Account", [create()], [candidate("001A"), candidate("001B")])
    assert (outcome.pairs, outcome.ambiguous) == ({}, {1: ["001A", "001B"]})


def test_a_record_that_two_creates_claim_is_neithers() -> None:
    outcome = pair("Account", [create(1), create(2)], [candidate()])
    assert (outcome.pairs, outcome.ambiguous) == ({}, {1: ["001A"], 2: ["001A"]})


def test_each_create_finds_its_own() -> None:
    creates = [create(1, Name="Acme"), create(2, Name="Initech"), create(3, Name="Hooli")]
    there = [candidate("001I", Name="Initech"), candidate("001A", Name="Acme"), candidate("001X", Name="X")]
    outcome = pair("Account", creates, there)
    assert (outcome.pairs, outcome.unmatched) == ({1: "001A", 2: "001I"}, [3])
    assert outcome.undecided == {3}


def test_a_later_create_does_not_claim_an_earlier_ones_record() -> None:
    outcome = pair("Account", [create(1), create(2, sent_at=SENT + timedelta(minutes=1))], [candidate()])
    assert (outcome.pairs, outcome.unmatched) == ({1: "001A"}, [2])
