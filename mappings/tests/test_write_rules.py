from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.models import Conflict
from mappings.write_rules import NO_BASE, NO_LOSER, Decision, Outcome, decide

EARLIER, LATER = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 1, 2, tzinfo=UTC)
SALESFORCE, WORKSPACE, NEWEST, ASK = Conflict
AGREE, THEIRS, OURS, OPEN = Outcome

values = st.sampled_from([None, "", "a", "b", "c"])
rules = st.sampled_from(Conflict)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "rule", "expected"),
    [
        pytest.param("a", "a", "a", SALESFORCE, Decision(AGREE, "a"), id="nothing changed"),
        pytest.param("a", "a", "b", WORKSPACE, Decision(THEIRS, "b"), id="changed there"),
        pytest.param("a", "b", "a", SALESFORCE, Decision(OURS, "a"), id="changed here"),
        pytest.param("a", "b", "b", ASK, Decision(AGREE, "b"), id="both to the same"),
        pytest.param("a", "a", None, WORKSPACE, Decision(THEIRS, None), id="blanked there"),
        pytest.param("a", "", "a", SALESFORCE, Decision(OURS, "a"), id="blanked here"),
        pytest.param("a", "", None, ASK, Decision(AGREE, None), id="blanked on both sides"),
        pytest.param("a", "b", "c", SALESFORCE, Decision(THEIRS, "c", loser="b"), id="Salesforce wins"),
        pytest.param("a", "b", "c", WORKSPACE, Decision(OURS, "c", loser="c"), id="workspace wins"),
        pytest.param("a", "b", "c", ASK, Decision(OPEN, "a"), id="a person decides"),
        pytest.param(NO_BASE, "a", "a", ASK, Decision(AGREE, "a"), id="first meeting, equal"),
        pytest.param(NO_BASE, "", "a", WORKSPACE, Decision(THEIRS, "a"), id="first meeting, blank here"),
        pytest.param(NO_BASE, "a", None, SALESFORCE, Decision(OURS, None), id="first meeting, blank there"),
        pytest.param(NO_BASE, "a", "b", SALESFORCE, Decision(THEIRS, "b", loser="a"), id="first, Salesforce"),
        pytest.param(NO_BASE, "a", "b", WORKSPACE, Decision(OURS, "b", loser="b"), id="first, workspace"),
        pytest.param(NO_BASE, "a", "b", ASK, Decision(OPEN, NO_BASE), id="first, ask"),
    ],
)
def test_one_field_is_merged(
    base: object, ours: object, theirs: object, rule: Conflict, expected: Decision
) -> None:
    assert decide(base, ours, theirs, rule) == expected


@pytest.mark.parametrize(
    ("ours_at", "theirs_at", "winner"),
    [
        (LATER, EARLIER, OURS),
        (EARLIER, LATER, THEIRS),
        (EARLIER, EARLIER, THEIRS),
        (None, EARLIER, THEIRS),
        (LATER, None, THEIRS),
    ],
)
def test_the_newest_wins_and_salesforce_where_that_is_unknown(
    ours_at: datetime | None, theirs_at: datetime | None, winner: Outcome
) -> None:
    decision = decide("a", "b", "c", NEWEST, ours_at=ours_at, theirs_at=theirs_at)

    assert decision.outcome is winner


def test_ours_is_compared_with_the_base_as_converted() -> None:
    decision = decide("Web site", "Web", "Phone", ASK, here={"Web site": "Web", "Phone": "Call"}.get)

    assert decision == Decision(THEIRS, "Phone")


def test_a_value_that_changed_there_only_in_spelling_needs_no_write() -> None:
    assert decide("WEB", "web", "Web", ASK, here=str.lower) == Decision(AGREE, "Web")


@given(st.one_of(st.just(NO_BASE), values), values, values, rules)
def test_deciding_again_after_a_pull_changes_nothing(
    base: object, ours: str | None, theirs: str | None, rule: Conflict
) -> None:
    first = decide(base, ours, theirs, rule)
    ours_now = theirs if first.outcome is THEIRS else ours

    again = decide(first.base, ours_now, theirs, rule)

    assert again.outcome is (AGREE if first.outcome is THEIRS else first.outcome)
    assert first.outcome is OPEN or not again.is_conflict


@given(values, values, rules)
def test_a_value_that_nobody_changed_here_never_wins(
    base: str | None, theirs: str | None, rule: Conflict
) -> None:
    decision = decide(base, base, theirs, rule)

    assert decision.outcome in (AGREE, THEIRS)
    assert decision.loser is NO_LOSER
