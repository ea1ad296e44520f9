"""Is a proposed map row possible? Asked by the map editor and the configuration file alike (spec F3)."""

from collections.abc import Mapping
from dataclasses import dataclass

from mappings.catalogue import MappableField
from mappings.compatibility import SalesforceField, directions, is_read_only, types_go
from mappings.models import Direction


@dataclass(frozen=True, slots=True)
class RowProblem:
    """`key` names the part of the row that is wrong: `field`, `salesforce` or `direction`."""

    key: str
    problem: str


def row_problems(
    object_name: str,
    key: str,
    salesforce: str,
    direction: Direction,
    *,
    fields: Mapping[str, MappableField],
    schema: Mapping[str, SalesforceField],
) -> list[RowProblem]:
    """What keeps workspace field `key` and `salesforce` from being mapped; nothing if they may be.

    `fields` are the workspace's, custom ones as `custom.NAME`; `schema` is the object's describe by API name.
    """
    field, there = fields.get(key), schema.get(salesforce)
    problems = [
        *_field_problems(object_name, key, field),
        *_salesforce_problems(object_name, salesforce, there, schema),
    ]
    if field and there and not problems:
        problems = _pair_problems(field, there, direction)
    return problems


def _field_problems(object_name: str, key: str, field: MappableField | None) -> list[RowProblem]:
    if field is None:
        remedy = ' Add "create": true to make it.' if key.startswith("custom.") else ""
        return [RowProblem("field", f"There is no workspace field “{key}”.{remedy}")]
    if field.only_for is not None and object_name not in field.only_for:
        return [RowProblem("field", f"{field.label} can't be mapped for {object_name}.")]
    return []


def _salesforce_problems(
    object_name: str, name: str, there: SalesforceField | None, schema: Mapping[str, SalesforceField]
) -> list[RowProblem]:
    if there is not None:
        return []
    meant = next((known for known in schema if known.lower() == name.lower()), None)
    hint = (
        f"Write it {meant}."
        if meant
        else "It may not exist, or the connected user may not read it: check it in Salesforce."
    )
    return [RowProblem("salesforce", f"{object_name} has no field “{name}”. {hint}")]


def _pair_problems(field: MappableField, there: SalesforceField, direction: Direction) -> list[RowProblem]:
    if not types_go(field.type, there):
        return [
            RowProblem(
                "salesforce",
                f"{there.label} ({there.type}) can't be mapped to {field.label} ({field.type.label}).",
            )
        ]
    if direction in directions(field.type, there):
        return []
    why = (
        f"Salesforce doesn't let us write {there.label}"
        if is_read_only(there)
        else f"{field.label} ({field.type.label}) can't be written to {there.label} ({there.type})"
    )
    return [RowProblem("direction", f"{why}. Set the direction to pull.")]
