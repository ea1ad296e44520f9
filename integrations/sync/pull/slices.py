"""A bounded piece of a run: what a task, a command or a test calls, again until it says it is over."""

from collections.abc import Callable
from datetime import datetime

from integrations.models import SyncRun
from integrations.salesforce.org import Org

Clock = Callable[[], datetime]


def work_on(run: SyncRun, *, org: Org, clock: Clock, seconds: float) -> bool:
    """Work on a parent run for about `seconds`; True when the run has ended, well or not.

    Takes the run's lease; returns False at once where another worker holds it. Whatever was done is kept
    at each checkpoint; a killed call loses nothing (C2).
    """
    raise NotImplementedError
