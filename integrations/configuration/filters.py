"""Pull filters (spec C12): their shape here, their fields and values against the schema once it is read."""

from collections.abc import Mapping
from typing import Any

from integrations.configuration.checks import BadValue, text
from integrations.pull_filters.conditions import LARGEST, OPERATORS, UNARY, Unusable, soql
from integrations.salesforce.describes import FieldDescribe
from mappings.catalogue import SALESFORCE_OBJECTS

MOST = 50

Filters = dict[str, list[dict[str, Any]]]


def filters(value: Any) -> Filters:
    """Whatever the org: known objects, whole conditions, operators that exist."""
    if not isinstance(value, dict) or not set(value) <= set(SALESFORCE_OBJECTS):
        raise BadValue(f"This must be an object with any of: {', '.join(SALESFORCE_OBJECTS)}.")
    for name, conditions in value.items():
        if not isinstance(conditions, list) or len(conditions) > MOST:
            raise BadValue(f"{name} must have a list of at most {MOST} conditions.")
        for place, condition in enumerate(conditions):
            _shape(f"{name}, condition {place + 1}", condition)
    return {name: conditions for name, conditions in value.items() if conditions}


def _shape(where: str, condition: Any) -> None:
    if not isinstance(condition, dict) or not {"field", "operator"} <= set(condition):
        raise BadValue(f'{where} must be {{"field": …, "operator": …, "value": …}}.')
    if unknown := sorted(str(key) for key in set(condition) - {"field", "operator", "value"}):
        raise BadValue(f"{where} has an unknown key “{unknown[0][:80]}”.")
    operator = condition["operator"]
    _text(f"{where}, field", condition["field"], 120)
    if operator not in OPERATORS:
        raise BadValue(f"{where}: the operator must be one of: {' '.join(OPERATORS)}.")
    if operator in UNARY:
        if condition.get("value") is not None:
            raise BadValue(f"{where}: “{operator}” takes no value.")
        return
    _values(where, condition)


def _text(where: str, value: Any, most: int) -> None:
    try:
        text(value, most)
    except BadValue as bad:
        raise BadValue(f"{where}: {bad}") from None


def _values(where: str, condition: Mapping[str, Any]) -> list[Any]:
    value = condition.get("value")
    if condition["operator"] == "in":
        if not isinstance(value, list) or not 1 <= len(value) <= 200:
            raise BadValue(f"{where}: “in” takes a list of 1 to 200 values.")
        values = value
    else:
        values = [value]
    for item in values:
        if not isinstance(item, str | int | float):
            raise BadValue(f"{where}: the value must be a text, a number, or true or false.")
        if not isinstance(item, str) and not -LARGEST < item < LARGEST:
            raise BadValue(f"{where}: a number may have at most 18 digits.")
        if isinstance(item, str):
            _text(where, item, 255)
    return values


def schema_problems(
    value: Filters, schema: Mapping[str, Mapping[str, FieldDescribe]]
) -> list[tuple[str, str]]:
    """What the org can't do: (place, sentence), the place as `Contact[0].field`."""
    return [
        (f"{name}[{place}].{problem[0]}", problem[1])
        for name, conditions in value.items()
        for place, condition in enumerate(conditions)
        if (problem := _condition_problem(name, condition, schema.get(name, {})))
    ]


def _condition_problem(
    name: str, condition: Mapping[str, Any], fields: Mapping[str, FieldDescribe]
) -> tuple[str, str] | None:
    try:
        soql(condition, fields, object_name=name)
    except Unusable as problem:
        return problem.part, str(problem)
    return None
