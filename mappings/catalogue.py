"""What may be mapped: each app that owns records registers their fields here (design, *The house*).

The catalogue drives forms, validation and the sync alike, so a field is described once.
"""

from dataclasses import dataclass

from mappings.field_types import FieldType

SALESFORCE_OBJECTS = {"Account": "account", "Contact": "contact", "Lead": "contact", "Opportunity": "deal"}
"""The mapped Salesforce objects and the kind of record each becomes (spec: *a person*)."""


@dataclass(frozen=True, slots=True)
class MappableField:
    """One workspace field. `column` is the table's column; a custom field has none and lives in `custom`."""

    kind: str
    key: str
    label: str
    type: FieldType
    column: str | None = None
    max_length: int | None = None
    max_digits: tuple[int, int] | None = None
    only_for: frozenset[str] | None = None  # Salesforce objects, where not all of the kind's fit


class UnknownField(LookupError):
    """No such workspace field."""


_fields: dict[str, dict[str, MappableField]] = {}


def register(*fields: MappableField) -> None:
    """Called in `AppConfig.ready`; registering a key again replaces it, so reloading is harmless."""
    for field in fields:
        _fields.setdefault(field.kind, {})[field.key] = field


def built_in_fields(kind: str) -> dict[str, MappableField]:
    return dict(_fields.get(kind, {}))


def built_in_field(kind: str, key: str) -> MappableField:
    try:
        return _fields[kind][key]
    except KeyError:
        raise UnknownField(f"{kind} has no field “{key}”") from None
