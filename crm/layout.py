"""How the fields of a record stand on its page and in its form, custom ones last."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from crm.models import CustomField, Kind, Record, User
from mappings.catalogue import built_in_fields
from mappings.field_types import FieldType

ADDRESS = ("Address", ("street", "city", "state", "postal_code", "country"))

GROUPS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    Kind.CONTACT: (
        ("", ("first_name", "last_name", "title", "email", "account", "company_name", "stage", "owner")),
        ("Phones", ("phone", "mobile_phone", "home_phone", "other_phone")),
        ADDRESS,
        ("Origin and consent", ("source", "email_opt_out", "do_not_call")),
    ),
    Kind.ACCOUNT: (
        ("", ("name", "domain", "website", "phone", "stage", "owner")),
        ("Company", ("industry", "employees", "annual_revenue", "description")),
        ADDRESS,
    ),
    Kind.DEAL: (
        ("", ("name", "account", "amount", "stage", "close_date", "probability", "owner")),
        ("Next", ("next_step", "description")),
    ),
}
WIDE = frozenset({FieldType.LONG_TEXT})


@dataclass(frozen=True, slots=True)
class ShownField:
    """One field with its value: a model instance for references, plain JSON for custom fields."""

    key: str
    label: str
    type: FieldType
    value: Any

    @property
    def is_wide(self) -> bool:
        return self.type in WIDE and len(str(self.value or "")) > 60

    @property
    def is_empty(self) -> bool:
        return self.value in (None, "", [])


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    fields: list[ShownField]


def groups_of(record: Record) -> list[Group]:
    known = built_in_fields(record.kind)
    groups = [
        Group(
            title,
            [ShownField(key, known[key].label, known[key].type, getattr(record, key)) for key in keys],
        )
        for title, keys in GROUPS[record.kind]
    ]
    custom = custom_values(record)
    return [*groups, Group("More", custom)] if custom else groups


def custom_values(record: Record) -> list[ShownField]:
    """As `custom` holds them, but times as times and users as users."""
    fields = custom_fields(record.kind)
    stored = {f.name: record.custom.get(f.name) for f in fields}
    ids = [stored[f.name] for f in fields if f.type == FieldType.USER and isinstance(stored[f.name], int)]
    users = User.objects.in_bulk(ids) if ids else {}
    shown: dict[str, Callable[[Any], Any]] = {
        FieldType.USER: lambda value: users.get(value) if isinstance(value, int) else value,
        FieldType.DATETIME: lambda value: moment_in(value) or value if isinstance(value, str) else value,
    }
    return [
        ShownField(
            f"custom.{f.name}",
            f.label,
            FieldType(f.type),
            shown.get(f.type, lambda value: value)(stored[f.name]),
        )
        for f in fields
    ]


def moment_in(text: str) -> datetime | None:
    """The time that a stored text names; None for any other text."""
    try:
        return parse_datetime(text)
    except ValueError:
        return None


def several(value: Any) -> list[Any]:
    """The values of a field that takes several: `a;b` as a pull gives it, or a list as SQL may write it."""
    if isinstance(value, list):
        return value
    return str(value).split(";") if value not in (None, "") else []


def custom_fields(kind: str) -> list[CustomField]:
    return list(CustomField.objects.filter(kind=kind))


def labels_of(kind: str) -> dict[str, str]:
    """What each field is called, by the key the journal uses."""
    labels = {key: field.label for key, field in built_in_fields(kind).items()}
    return labels | {f"custom.{f.name}": f.label for f in custom_fields(kind)}


def type_of(kind: str, key: str) -> FieldType | None:
    if key.startswith("custom."):
        found = CustomField.objects.filter(kind=kind, name=key.removeprefix("custom.")).first()
        return FieldType(found.type) if found else None
    field = built_in_fields(kind).get(key)
    return field.type if field else None
