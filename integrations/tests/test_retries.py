from datetime import UTC, datetime

import pytest

from integrations.salesforce.errors import Scope
from integrations.sync.retries import PACES, next_try, uses_up_a_try

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SCOPES: tuple[Scope, ...] = ("request", "concurrency", "daily limit", "maintenance", "network")


def wait(attempts: int, random: float, after: float | None = None, scope: Scope = "request") -> float:
    at = next_try(now=NOW, attempts=attempts, after=after, scope=scope, random=lambda: random)
    return (at - NOW).total_seconds()


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(0, 2), (1, 2), (2, 4), (3, 8), (6, 64), (9, 512), (10, 900), (1000, 900)]
)
def test_the_longest_wait_doubles_up_to_fifteen_minutes(attempts: int, seconds: float) -> None:
    assert wait(attempts, random=1.0) == seconds


@pytest.mark.parametrize(("random", "seconds"), [(0.0, 0), (0.25, 2), (0.5, 4), (1.0, 8)])
def test_a_wait_lies_anywhere_below_the_longest(random: float, seconds: float) -> None:
    assert wait(3, random=random) == seconds


@pytest.mark.parametrize(
    ("scope", "shortest", "longest"),
    [
        ("request", 0, 900),
        ("network", 0, 900),
        ("concurrency", 1, 31),
        ("maintenance", 15, 900),
        ("daily limit", 300, 900),
    ],
)
def test_each_scope_keeps_its_own_pace(scope: Scope, shortest: float, longest: float) -> None:
    assert wait(1, random=0.0, scope=scope) == shortest
    assert wait(50, random=1.0, scope=scope) == longest


@pytest.mark.parametrize(
    ("after", "random", "seconds"),
    [(60, 0.0, 60), (60, 1.0, 62), (0, 0.0, 0), (898, 1.0, 900), (3600, 1.0, 3600)],
)
def test_what_salesforce_asks_for_is_the_least(after: float, random: float, seconds: float) -> None:
    assert wait(1, random=random, after=after) == seconds


@pytest.mark.parametrize(
    ("scope", "counts"),
    [
        ("request", True),
        ("concurrency", False),
        ("daily limit", False),
        ("maintenance", False),
        ("network", False),
    ],
)
def test_only_what_the_request_met_uses_up_a_try(scope: Scope, counts: bool) -> None:
    assert uses_up_a_try(scope) is counts


def test_every_scope_has_a_pace() -> None:
    assert set(PACES) == set(SCOPES)
