"""Named places where a kill test ends the process, to show that nothing is lost there.

`LOCKSTEP_FAILPOINT="pull.page staged:3"` kills the process the third time it reaches that point. Unset,
which is always so in production, a point costs one comparison.
"""

import os
import signal
from collections.abc import Callable

POINTS = (
    "pull.query started",
    "pull.page staged",
    "pull.extract ended",
    "pull.chunk written",
    "pull.chunk committed",
    "pull.object ended",
    "pull.run ended",
    "check.chunk counted",
    "push.claimed",
    "push.waits",
    "push.composed",
    "push.marked",
    "push.answered",
    "push.settled",
    "push.looked up",
)


def die() -> None:
    """As if the machine had lost power."""
    os.kill(os.getpid(), signal.SIGKILL)


_armed = ""
_left = 1
_then: Callable[[], object] = die


def arm(place: str, then: Callable[[], object] = die) -> None:
    """`place` is a point and which of its turns counts, such as `pull.page staged:3`; empty disarms.

    There, `then` happens: death, or what a test lets happen in between.
    """
    global _armed, _left, _then
    _armed, _, turn = place.partition(":")
    _left = int(turn or 1)
    _then = then


def reach(point: str) -> None:
    """Let happen what was armed, if this is the armed point's turn; once."""
    global _armed, _left
    if point != _armed:
        return
    _left -= 1
    if _left <= 0:
        _armed = ""
        _then()


arm(os.environ.get("LOCKSTEP_FAILPOINT", ""))
