from datetime import UTC, datetime, timedelta

from sandbox.clock import Clock

NOON = datetime(2030, 1, 31, 12, tzinfo=UTC)


def frozen_at_noon() -> Clock:
    clock = Clock()
    clock.freeze()
    clock.set(NOON)
    return clock


def test_a_frozen_clock_stands_and_can_be_moved() -> None:
    clock = frozen_at_noon()
    assert clock.now() == clock.now() == NOON
    assert clock.advance(90) == NOON + timedelta(seconds=90)


def test_a_thawed_clock_goes_on_from_where_it_stood() -> None:
    clock = frozen_at_noon()
    clock.thaw()
    assert NOON <= clock.now() < NOON + timedelta(minutes=1)


def test_its_state_makes_the_same_clock_again() -> None:
    assert Clock(frozen_at_noon().state()).now() == NOON


def test_reset_is_real_time() -> None:
    clock = frozen_at_noon()
    clock.reset()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=1)
