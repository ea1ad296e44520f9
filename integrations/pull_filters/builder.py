"""The condition builder: what the page offers for each condition, and the conditions as its form sends them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from django.http import QueryDict

from integrations.models import Connection, SalesforceOwner
from integrations.pull_filters.conditions import UNARY, WORDS, Family, Unusable, family, soql
from integrations.salesforce.describes import FieldDescribe
from mappings.converters import CannotConvert, normalise

Fields = Mapping[str, FieldDescribe]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d", re.ASCII)
CHECKED = [("true", "ticked"), ("false", "not ticked")]
INPUTS = {Family.DATE: "date", Family.TIME: "datetime-local", Family.NUMBER: "number"}


@dataclass
class Row:
    """One condition on the page. `input` is how its value is typed; `number` tells its row from others."""

    number: str
    field: str
    operator: str
    values: list[str]
    fields: list[tuple[str, str]]
    operators: list[tuple[str, str]]
    input: str
    choices: Sequence[tuple[str, str]] = ()
    hint: str = ""
    problem: str = ""

    @property
    def value(self) -> str:
        return self.values[0] if self.values else ""

    @property
    def lines(self) -> str:
        return "\n".join(self.values)


class Builder:
    """The rows of one object's conditions."""

    def __init__(self, object_name: str, fields: Fields, connection: Connection | None) -> None:
        self.object = object_name
        self.fields = fields
        self.connection = connection
        self.offered = sorted(
            ((name, item.label) for name, item in fields.items() if family(item) is not None),
            key=lambda choice: (choice[1].casefold(), choice[0]),
        )

    def rows(self, conditions: Sequence[Mapping[str, Any]], *, check: bool) -> list[Row]:
        """With `check`, each says what is wrong with it."""
        return [
            self.row(condition, number=str(place), check=check) for place, condition in enumerate(conditions)
        ]

    def new_row(self) -> Row:
        first = self.offered[0][0] if self.offered else ""
        return self.row({"field": first, "operator": ""}, number=token_hex(4), check=False)

    def row(self, condition: Mapping[str, Any], *, number: str, check: bool) -> Row:
        """As a condition stands, or is being typed: an operator that doesn't fit the field gives way."""
        name, values = condition["field"], as_typed(condition)
        described = self.fields.get(name)
        kind = family(described) if described else None
        if kind is Family.TIME:
            values = [_as_time(value) for value in values]
        words = WORDS[kind] if kind else {}
        operator = condition["operator"]
        if kind and operator not in words:
            operator = next(iter(words))
        problem = self._problem({**condition, "operator": operator}) if check or not kind else ""
        offered = self.offered if kind else [(name, f"{name} (not there any more)"), *self.offered]
        row = Row(number, name, operator, values, offered, list(words.items()), "none", problem=problem)
        if described and kind and operator not in UNARY:
            row.choices = self._choices(described, kind, values)
            row.input = _input(kind, operator, bool(row.choices))
            row.hint = _hint(described, kind, row.input)
        return row

    def _problem(self, condition: Mapping[str, Any]) -> str:
        try:
            soql(condition, self.fields, object_name=self.object)
        except Unusable as problem:
            return str(problem)
        return ""

    def _choices(
        self, described: FieldDescribe, kind: Family, chosen: Sequence[str]
    ) -> list[tuple[str, str]]:
        if kind is Family.CHECKBOX:
            return CHECKED
        if kind in (Family.CHOICE, Family.SEVERAL):
            choices = [(item.value, item.label) for item in described.picklist_values if item.active]
        elif kind is Family.REFERENCE and "User" in described.reference_to:
            owners = SalesforceOwner.objects.filter(connection=self.connection).order_by("name")
            choices = list(owners.values_list("salesforce_id", "name")[:500])
        else:
            return []
        listed = {value for value, _ in choices}
        return [*choices, *((value, value) for value in chosen if value not in listed)]


def _input(kind: Family, operator: str, has_choices: bool) -> str:
    if operator in ("contains", "starts"):
        return "text"
    if operator == "in":
        return "several" if has_choices else "lines"
    return "choice" if has_choices else INPUTS.get(kind, "text")


def _hint(described: FieldDescribe, kind: Family, input: str) -> str:
    """What isn't to be seen from the controls."""
    hints = {"lines": "One value a line.", "datetime-local": "In UTC."}
    words = [hints[input]] if input in hints else []
    if kind is Family.REFERENCE and input in ("text", "lines"):
        words.append("The Salesforce id of the record.")
    if described.calculated:
        words.append(
            "A formula: Salesforce doesn't tell when its value changes, so that a record enters or leaves with its"
            " next edit there."
        )
    return " ".join(words)


def as_typed(condition: Mapping[str, Any]) -> list[str]:
    """A condition's values as its controls hold them."""
    value = condition.get("value")
    values = value if isinstance(value, list) else [] if value is None else [value]
    return [str(item).lower() if isinstance(item, bool) else str(item) for item in values]


def _as_time(text: str) -> str:
    """A control for times knows no zone and no seconds: what it shows is UTC."""
    try:
        return (normalise(text, "datetime", field="") or "")[:16]
    except CannotConvert:
        return text


def read_conditions(sent: QueryDict, seen: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The conditions that a form holds; those that say what `seen` said are kept as they were written there."""
    conditions = []
    for number in sent.getlist("filter"):
        condition = read_condition(sent, number)
        same = [dict(old) for old in seen if _alike(old, condition)]
        conditions.append(same[0] if same else condition)
    return conditions


def read_condition(sent: QueryDict, number: str) -> dict[str, Any]:
    stem = f"filter.{number}"
    condition: dict[str, Any] = {
        "field": sent.get(f"{stem}.field", ""),
        "operator": sent.get(f"{stem}.operator", ""),
    }
    values = [text.strip() for text in sent.getlist(f"{stem}.value")]
    if condition["operator"] == "in":
        lines = [line.strip() for value in values for line in value.splitlines()]
        condition["value"] = [line for line in lines if line]
    elif condition["operator"] not in UNARY:
        condition["value"] = values[0] if values else ""
    return condition


def _alike(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    same_question = (old["field"], old["operator"]) == (new["field"], new["operator"])
    ours, theirs = as_typed(old), as_typed(new)
    return same_question and len(ours) == len(theirs) and all(map(_shown_as, ours, theirs))


def _shown_as(stored: str, typed: str) -> bool:
    return stored == typed or bool(TIME.fullmatch(typed)) and _as_time(stored) == typed
