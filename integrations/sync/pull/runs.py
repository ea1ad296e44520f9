"""Starting a pull, and who may work on it."""

from collections.abc import Sequence
from datetime import datetime

from crm.models import User
from integrations.models import Connection, SyncRun

PULL_ORDER = ("Account", "Contact", "Lead", "Opportunity")
"""Parents first, contacts before leads, so that a lead finds the contact that suppresses it (C4)."""


def start_pull(
    *,
    connection: Connection,
    trigger: SyncRun.Trigger,
    now: datetime,
    objects: Sequence[str] | None = None,
    full: bool = False,
    user: User | None = None,
) -> SyncRun:
    """Record a run (a parent with one child an object) for someone to work on; send no message.

    While the window is open, a run only reads into staging (kind `extract`, A4); a manual one is refused.
    Raises Refused (window open, paused, needs sign-in, not connected, another run of the object is open).
    """
    raise NotImplementedError
