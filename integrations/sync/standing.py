"""Where everything stands, as one JSON object (spec, *Command line*: `status`)."""

from datetime import datetime
from typing import Any

from django.db.models import Count

from integrations.models import (
    ApiAllowance,
    ApiUsage,
    Connection,
    ConnectionState,
    FieldConflict,
    OutboxEntry,
    SyncedObject,
    SyncError,
)
from integrations.sync.pull.runs import PULL_ORDER


def standing(now: datetime) -> dict[str, Any]:
    """`state` and what belongs to the live connection; of none, all is zero or null."""
    connection = Connection.objects.live().first()
    window = connection.window_ends_at if connection and connection.in_window else None
    return {
        "state": (connection.state if connection else ConnectionState.DISCONNECTED).value,
        "window_ends_at": window.isoformat() if window else None,
        "org_id": connection.org_id if connection else None,
        "org_name": connection.org_name if connection else None,
        "objects": {name: _object(connection, name, now) for name in PULL_ORDER},
        "outbox": outbox_counts(),
        "errors": _errors(connection),
        "conflicts": FieldConflict.objects.open().filter(connection=connection).count(),
        "api": _api(connection, now),
    }


def outbox_counts() -> dict[str, int]:
    """Rows by state, exact. Settled rows are deleted, so there are only those that wait."""
    counted = dict(OutboxEntry.objects.values_list("state").annotate(rows=Count("pk")).order_by())
    return {state: counted.get(state, 0) for state in OutboxEntry.State.values}


def _object(connection: Connection | None, name: str, now: datetime) -> dict[str, Any]:
    synced = SyncedObject.objects.filter(connection=connection, name=name).first() if connection else None
    synced = synced or SyncedObject(name=name)
    lag = int((now - synced.pulled_at).total_seconds()) if synced.pulled_at else None
    return {
        "linked": synced.linked,
        "suppressed": synced.suppressed,
        "gone": synced.gone,
        "hidden": synced.hidden,
        "watermark": synced.watermark.isoformat() if synced.watermark else None,
        "lag_seconds": None if lag is None else max(lag, 0),
    }


def _errors(connection: Connection | None) -> dict[str, int]:
    open_errors = SyncError.objects.filter(connection=connection, state=SyncError.State.OPEN)
    return dict(open_errors.values_list("code").annotate(rows=Count("pk")).order_by("code"))


def _api(connection: Connection | None, now: datetime) -> dict[str, Any]:
    if connection is None:
        return {"used_by_us": 0, "used_by_org": None, "limit": None, "waiting": False}
    allowance = ApiAllowance.objects.filter(connection=connection).first()
    return {
        "used_by_us": ApiUsage.objects.all().last_day(connection, now).calls(),
        "used_by_org": allowance.used if allowance else None,
        "limit": allowance.limit if allowance else None,
        "waiting": bool(allowance and allowance.waiting(now)),
    }
