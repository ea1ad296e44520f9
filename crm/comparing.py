"""Two records of one kind side by side, field by field, before one is merged into the other (spec C9)."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any

from django.db import models

from crm.layout import ShownField, groups_of
from crm.models import Record
from mappings.field_types import FieldType

CONSENT = frozenset({"email_opt_out", "do_not_call"})
"""Who opted out as one of the two stays opted out, unless somebody says otherwise (spec F1)."""
CUSTOM = "custom."


@dataclass(frozen=True, slots=True)
class Pair:
    """One field: what the record that stays holds of it, and what the other does."""

    kept: ShownField
    other: ShownField

    @property
    def key(self) -> str:
        return self.kept.key

    @property
    def label(self) -> str:
        return self.kept.label

    @property
    def is_same(self) -> bool:
        if self.kept.type == FieldType.CHECKBOX:
            return bool(self.kept.value) == bool(self.other.value)
        return self.kept.value == self.other.value or self.kept.is_empty and self.other.is_empty

    @property
    def takes_other(self) -> bool:
        """What is proposed: the value of the record that stays, or the other's where it has none."""
        if self.key in CONSENT:
            return bool(self.other.value) and not self.kept.value
        return self.kept.is_empty and not self.other.is_empty


@dataclass(frozen=True, slots=True)
class Comparison:
    """`groups` hold what differs, under the titles of the record's page; `same` what both hold alike."""

    kept: Record
    other: Record
    groups: list[tuple[str, list[Pair]]]
    same: list[ShownField]
    fingerprint: str

    @property
    def differing(self) -> list[str]:
        return [pair.key for _, pairs in self.groups for pair in pairs]

    @property
    def proposed(self) -> frozenset[str]:
        """The fields whose value the other one gives, where nobody chose."""
        return frozenset(pair.key for _, pairs in self.groups for pair in pairs if pair.takes_other)


def compare(kept: Record, other: Record) -> Comparison:
    """As many queries for three hundred fields as for one."""
    grouped = [
        (ours.title, [Pair(*pair) for pair in zip(ours.fields, theirs.fields, strict=True)])
        for ours, theirs in zip(groups_of(kept), groups_of(other), strict=True)
    ]
    pairs = [pair for _, pairs in grouped for pair in pairs]
    groups = [(title, [pair for pair in pairs if not pair.is_same]) for title, pairs in grouped]
    return Comparison(
        kept=kept,
        other=other,
        groups=[(title, pairs) for title, pairs in groups if pairs],
        same=[pair.kept for pair in pairs if pair.is_same and not pair.kept.is_empty],
        fingerprint=fingerprint(pairs),
    )


def fingerprint(pairs: Collection[Pair]) -> str:
    """Changes as soon as any value of either record does."""
    values = [[pair.key, plain(pair.kept.value), plain(pair.other.value)] for pair in pairs]
    return sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:16]


def plain(value: Any) -> Any:
    if isinstance(value, models.Model):
        return value.pk
    if isinstance(value, Decimal):
        return str(value.normalize())
    return value.isoformat() if isinstance(value, date) else value


def values_of(record: Record, keys: Collection[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The record's values of these fields as another's `change` takes them: its own fields, and custom ones."""
    own = [record._meta.get_field(key) for key in keys if not key.startswith(CUSTOM)]
    custom = [key.removeprefix(CUSTOM) for key in keys if key.startswith(CUSTOM)]
    return (
        {field.attname: getattr(record, field.attname) for field in own if isinstance(field, models.Field)},
        {name: record.custom.get(name) for name in custom},
    )
