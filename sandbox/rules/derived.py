"""What follows from a row's values: names, defaults, and what a stage means."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandbox.rules import activities
from sandbox.schema.objects import ObjectType

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


_BY_OBJECT: dict[str, "Callable[[Org, Row, Row], None]"] = {
    "Opportunity": stage,
    "Task": activities.task,
    "Event": activities.event,
}
