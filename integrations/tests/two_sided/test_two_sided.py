"""Whatever happens on the two sides, in whatever order: in the end they agree (spec C11, D9)."""

import os
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, seed, settings

from integrations.tests.two_sided.steps import Script, scripts

pytestmark = pytest.mark.django_db(transaction=True)
SUPPRESSED = list(HealthCheck)
Run = Callable[[Script], None]


def test_thirty_random_scripts_end_in_agreement(run_script: Run) -> None:
    @settings(
        max_examples=30, derandomize=True, deadline=None, database=None, suppress_health_check=SUPPRESSED
    )
    @given(scripts(longest=10))
    def holds(script: Script) -> None:
        run_script(script)

    holds()


@pytest.mark.skipif("SOAK_SECONDS" not in os.environ, reason="runs with make soak")
def test_random_scripts_end_in_agreement_for_as_long_as_told(run_script: Run) -> None:
    ends_at = time.monotonic() + int(os.environ["SOAK_SECONDS"])
    ran, round_ = 0, int(os.environ.get("SOAK_SEED", time.time()))

    @settings(
        max_examples=50,
        deadline=None,
        database=None,
        print_blob=False,
        suppress_health_check=SUPPRESSED,
    )
    @given(scripts(longest=16))
    def holds(script: Script) -> None:
        nonlocal ran
        if time.monotonic() < ends_at:
            run_script(script)
            ran += 1

    while time.monotonic() < ends_at:
        seed(round_)(holds)()
        round_ += 1
    os.write(2, f"{ran} scripts ended in agreement\n".encode())
