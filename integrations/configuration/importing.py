from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crm.models import User
from integrations.configuration.changes import Change


def import_configuration(
    data: Any,
    *,
    actor: User | None,
    now: datetime,
    dry_run: bool = False,
    seen: Mapping[str, Any] | None = None,
) -> list[Change]:
    """Bring settings and maps to what the file says, all or nothing, and audit it; the changes made.

    Keys left out keep their value; an object listed under `maps` replaces that object's whole map.
    `seen` is the part of an export that a page showed: where it no longer holds, ChangedMeanwhile is raised.
    Raises InvalidConfiguration with every problem at once. With `dry_run` nothing is written.
    """
    raise NotImplementedError
