"""Named places where a kill test ends the process, to show that nothing is lost there.

`LOCKSTEP_FAILPOINT="pull.page staged:3"` kills the process the third time it reaches that point. Unset,
which is always so in production, a point costs one comparison.
"""

import os
import signal

POINTS = (
    "pull.query started",
    "pull.page staged",
    "pull.extract ended",
    "pull.chunk written",
    "pull.chunk committed",
    "pull.object ended",
    "pull.run ended",
    "push.claimed",
    "push.composed",
    "push.marked",
    "push.answered",
    "push.settled",
    "push.looked up",
)

_armed = ""
_left = 1


def arm(place: str) -> None:
    """`place` is a point and which of its turns kills, such as `pull.page staged:3`; empty disarms."""
    global _armed, _left
    _armed, _, turn = place.partition(":")
    _left = int(turn or 1)


def reach(point: str) -> None:
    """Die here, as if the machine had lost power, if this is the armed point's turn."""
    global _left
    if point != _armed:
        return
    _left -= 1
    if _left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get("LOCKSTEP_FAILPOINT", ""))
