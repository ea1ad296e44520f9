"""A system check for what only the database knows: are the triggers that capture changes installed?"""

from collections.abc import Sequence
from typing import Any

import pgtrigger
from django.apps import AppConfig
from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import connection

REMEDY = "Run `manage.py migrate`, then `manage.py pgtrigger install`."


@register(Tags.database)
def capture_triggers(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Compare declared with installed triggers; asked for by `check --database default` and by `migrate`.

    A warning, since an error would keep `migrate` from installing what is missing.
    """
    if "default" not in (databases or ()) or "crm_contact" not in connection.introspection.table_names():
        return []  # no database asked for, or nothing in it yet
    return [
        Warning(
            f"The trigger {trigger.name} on {model._meta.db_table} is {fault}.", hint=REMEDY, id="crm.W001"
        )
        for model, trigger in pgtrigger.registered()
        if (fault := _fault(*trigger.get_installation_status(model)))
    ]


def _fault(status: str, enabled: bool | None) -> str:
    """Why edits of the table would go unseen, or nothing."""
    if status != "INSTALLED":
        return "missing" if status == "UNINSTALLED" else "not the one declared"
    return "" if enabled else "disabled"
