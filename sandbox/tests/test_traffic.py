from datetime import UTC, datetime, timedelta

from sandbox.traffic import Allowance, Entry, RequestLog

NOON = datetime(2030, 1, 31, 12, tzinfo=UTC)


def test_the_allowance_ends_and_comes_back_after_a_day() -> None:
    allowance = Allowance(daily=2)
    assert [allowance.spend(NOON) for _ in range(3)] == [True, True, False]
    assert allowance.used(NOON) == 2
    assert allowance.spend(NOON + timedelta(hours=25))


def test_calls_at_once_are_counted_down_again() -> None:
    allowance = Allowance(concurrent=1)
    with allowance.running() as first, allowance.running() as second:
        assert (first, second) == (True, False)
    with allowance.running() as later:
        assert later


def test_the_log_keeps_the_newest() -> None:
    log = RequestLog(size=2)
    for path in ("/a", "/b", "/c"):
        log.add(Entry("", "GET", path, "", "", 200, 1.0, True))
    assert [entry["path"] for entry in log.entries()] == ["/b", "/c"]
    assert log.counts()["api_calls"] == 2
