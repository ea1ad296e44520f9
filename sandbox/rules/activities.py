"""What tasks and events must be: closed or open, who and what they are about, when they begin and end."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sandbox.errors import ApiError
from sandbox.stamps import parse, stamp

if TYPE_CHECKING:
    from sandbox.org import Org

Row = dict[str, Any]
DAY = 24 * 60
LONGEST = 14 * DAY


def task(org: "Org", row: Row, changed: Row) -> None:
    related(org, row)
    row["IsClosed"] = int(org.listed("TaskStatus", row.get("Status"), "IsClosed"))
    row["IsHighPriority"] = int(org.listed("TaskPriority", row.get("Priority"), "IsHighPriority"))
    if not row["IsClosed"]:
        row["CompletedDateTime"] = None
    elif not row.get("CompletedDateTime"):
        row["CompletedDateTime"] = org.stamp()
    row["TaskSubtype"] = row.get("TaskSubtype") or "Task"


def event(org: "Org", row: Row, changed: Row) -> None:
    """A start, and how long it takes or when it ends; what wasn't given follows, what was has to agree.

    An event of whole days begins at midnight UTC, lasts days, and ends at the midnight that begins its last day.
    """
    related(org, row)
    whole_days = bool(row.get("IsAllDayEvent"))
    start = _start(row, changed, whole_days=whole_days)
    minutes = _minutes(row, changed, start, whole_days=whole_days)
    if not 0 <= minutes <= LONGEST or (whole_days and minutes % DAY):
        raise _integrity(_why_not_so_long(minutes), "DurationInMinutes")
    row["StartDateTime"] = row["ActivityDateTime"] = start
    row["ActivityDate"], row["DurationInMinutes"] = start[:10], minutes
    row["EndDateTime"] = _end(start, minutes, whole_days=whole_days)
    row["EndDate"] = row["EndDateTime"][:10]
    row["EventSubtype"] = row.get("EventSubtype") or "Event"


def related(org: "Org", row: Row) -> None:
    """The activity's account; a lead and a related record exclude each other."""
    who, what = row.get("WhoId"), row.get("WhatId")
    if who and what and who.startswith("00Q"):
        message = "field integrity exception: WhoId, WhatId (Cannot relate a lead and another record)"
        raise ApiError(400, "FIELD_INTEGRITY_EXCEPTION", message, ["WhoId", "WhatId"])
    account = what if what and what.startswith("001") else org.parent_account(what)
    row["AccountId"] = account or org.parent_account(who)


def _start(row: Row, changed: Row, *, whole_days: bool) -> str:
    """The three fields that say it must agree where several are given."""
    given = [changed[name] for name in ("StartDateTime", "ActivityDateTime") if changed.get(name)]
    day = changed.get("ActivityDate")
    if len(set(given)) > 1 or (day and given and given[0][:10] != day):
        message = "StartDateTime, ActivityDateTime and ActivityDate must be the same time"
        raise _integrity(message, "StartDateTime", "ActivityDateTime")
    before = row.get("StartDateTime")
    if not given and not day and not before:
        raise _integrity(EITHER, "DurationInMinutes")
    if whole_days:
        return _midnight((given[0] if given else day or str(before))[:10])
    if given:
        return str(given[0])
    return f"{day}{before[10:]}" if day and before else str(before or _midnight(str(day)))


def _minutes(row: Row, changed: Row, start: str, *, whole_days: bool) -> int:
    duration, end = changed.get("DurationInMinutes"), changed.get("EndDateTime")
    lasts = None if end is None else _between(start, end, whole_days=whole_days)
    if duration is not None and lasts is not None and duration != lasts:
        message = "DurationInMinutes and EndDateTime must say the same"
        raise _integrity(message, "DurationInMinutes", "EndDateTime")
    minutes = duration if duration is not None else lasts
    if minutes is None:
        minutes = row.get("DurationInMinutes")
    if whole_days and (minutes is None or "IsAllDayEvent" in changed and duration is None and lasts is None):
        return max(DAY, -(-(minutes or 0) // DAY) * DAY)
    if minutes is None:
        raise _integrity(EITHER, "DurationInMinutes")
    return int(minutes)


EITHER = "Either Duration or End time must be specified, with a start: StartDateTime, DurationInMinutes"


def _between(start: str, end: str, *, whole_days: bool) -> int:
    if whole_days:
        return ((parse(_midnight(end[:10])) - parse(start)).days + 1) * DAY
    return int((parse(end) - parse(start)).total_seconds() // 60)


def _end(start: str, minutes: int, *, whole_days: bool) -> str:
    return stamp(parse(start) + timedelta(minutes=minutes - DAY if whole_days else minutes))


def _midnight(day: str) -> str:
    return f"{day}T00:00:00.000+0000"


def _why_not_so_long(minutes: int) -> str:
    if minutes < 0:
        return "An event cannot end before it begins"
    return (
        "An event cannot last more than 14 days" if minutes > LONGEST else "An all-day event lasts whole days"
    )


def _integrity(message: str, *fields: str) -> ApiError:
    return ApiError(400, "FIELD_INTEGRITY_EXCEPTION", message, list(fields))
