"""What follows from a row's values: names, defaults, and what a stage, a status or a time means."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sandbox.errors import ApiError
from sandbox.schema.objects import ObjectType
from sandbox.stamps import parse, stamp

if TYPE_CHECKING:
    from sandbox.org import Org

Row = dict[str, Any]
_FORECAST_BY_NAME = {"Best Case": "BestCase", "Commit": "Forecast", "Most Likely": "MostLikely"}
_NAME_PARTS = ("FirstName", "MiddleName", "LastName", "Suffix")


def defaults(kind: ObjectType, row: Row) -> None:
    """Fills what a new row was not given and its fields have a default for."""
    for field in kind.fields.values():
        if not field.stored or field.formula or row.get(field.name) is not None:
            continue
        if field.type == "boolean":
            row[field.name] = int(field.attributes.get("defaultValue") is True)
        elif field.attributes.get("defaultValue") is not None and field.name not in row:
            row[field.name] = field.attributes["defaultValue"]
    if kind.has("RecordTypeId") and row.get("RecordTypeId") is None:
        row["RecordTypeId"] = next((each.id for each in kind.record_types if each.default), None)


def person_name(kind: ObjectType, row: Row) -> None:
    if kind.has("LastName") and kind.has("Name"):
        row["Name"] = " ".join(str(row[part]) for part in _NAME_PARTS if row.get(part)) or None


def derive(org: "Org", kind: ObjectType, row: Row, changed: Row) -> Row:
    """The further columns that a write sets; `row` is the whole row with the change in it, `changed` the
    change.

    Raises FIELD_INTEGRITY_EXCEPTION for combinations that cannot be.
    """
    before = dict(row)
    person_name(kind, row)
    special = _BY_OBJECT.get(kind.name)
    if special is not None:
        special(org, row, changed)
    return {name: row[name] for name in row if kind.has(name) and row[name] != before.get(name)}


def stage(org: "Org", row: Row, changed: Row) -> None:
    """Stage to probability, forecast and whether it is closed or won; the first two may be given instead."""
    if "StageName" in changed:
        found = org.stage(row.get("StageName"))
        row["IsClosed"], row["IsWon"] = int(found["IsClosed"]), int(found["IsWon"])
        row["LastStageChangeDate"] = org.stamp()
        if changed.get("Probability") is None:
            row["Probability"] = found["DefaultProbability"]
        if changed.get("ForecastCategoryName") is None:
            row["ForecastCategoryName"] = found["ForecastCategoryName"]
    forecast = row.get("ForecastCategoryName")
    row["ForecastCategory"] = _FORECAST_BY_NAME.get(str(forecast), forecast)
    row["ExpectedRevenue"] = _share(row.get("Amount"), row.get("Probability"))
    if row.get("CloseDate"):
        year, month = int(row["CloseDate"][:4]), int(row["CloseDate"][5:7])
        row["FiscalYear"], row["FiscalQuarter"] = year, (month + 2) // 3
        row["Fiscal"] = f"{year} {row['FiscalQuarter']}"


def _share(amount: float | None, percent: float | None) -> float | None:
    return None if amount is None else round(amount * (percent or 0) / 100, 2)


def task(org: "Org", row: Row, changed: Row) -> None:
    _related(org, row)
    row["IsClosed"] = int(org.listed("TaskStatus", row.get("Status"), "IsClosed"))
    row["IsHighPriority"] = int(org.listed("TaskPriority", row.get("Priority"), "IsHighPriority"))
    if not row["IsClosed"]:
        row["CompletedDateTime"] = None
    elif not row.get("CompletedDateTime"):
        row["CompletedDateTime"] = org.stamp()
    row["TaskSubtype"] = row.get("TaskSubtype") or "Task"


def event(org: "Org", row: Row, changed: Row) -> None:
    """A start, and either how long it takes or when it ends; the third follows."""
    _related(org, row)
    start = changed.get("StartDateTime") or changed.get("ActivityDateTime") or row.get("StartDateTime")
    if not start and row.get("ActivityDate"):
        start = f"{row['ActivityDate']}T00:00:00.000+0000"
    minutes, end = row.get("DurationInMinutes"), row.get("EndDateTime")
    if not start or (minutes is None and not end):
        message = (
            "Either Duration or End time must be specified, with a start: StartDateTime, DurationInMinutes"
        )
        raise ApiError(400, "FIELD_INTEGRITY_EXCEPTION", message, ["DurationInMinutes"])
    if "EndDateTime" in changed or minutes is None:
        minutes = int((parse(str(end)) - parse(start)).total_seconds() // 60)
    row["StartDateTime"] = row["ActivityDateTime"] = start
    row["ActivityDate"], row["DurationInMinutes"] = start[:10], minutes
    row["EndDateTime"] = stamp(parse(start) + timedelta(minutes=minutes))
    row["EndDate"] = row["EndDateTime"][:10]


def _related(org: "Org", row: Row) -> None:
    """The activity's account; a lead and a related record exclude each other."""
    who, what = row.get("WhoId"), row.get("WhatId")
    if who and what and who.startswith("00Q"):
        message = "field integrity exception: WhoId, WhatId (Cannot relate a lead and another record)"
        raise ApiError(400, "FIELD_INTEGRITY_EXCEPTION", message, ["WhoId", "WhatId"])
    account = what if what and what.startswith("001") else org.parent_account(what)
    row["AccountId"] = account or org.parent_account(who)


_BY_OBJECT: dict[str, "Callable[[Org, Row, Row], None]"] = {
    "Opportunity": stage,
    "Task": task,
    "Event": event,
}
