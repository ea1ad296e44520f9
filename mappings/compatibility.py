"""Which Salesforce field may be mapped to which workspace field, and in which directions (spec F3)."""

from collections.abc import Sequence
from typing import Protocol

from mappings.field_types import FieldType as T
from mappings.models import Direction

ANY_WAY = frozenset(Direction)
PULL_ONLY = frozenset({Direction.PULL})
NO_WAY: frozenset[Direction] = frozenset()


class PicklistEntry(Protocol):
    @property
    def value(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def active(self) -> bool: ...


class SalesforceField(Protocol):
    """What these rules need to know of a field's describe."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def length(self) -> int: ...
    @property
    def createable(self) -> bool: ...
    @property
    def updateable(self) -> bool: ...
    @property
    def calculated(self) -> bool: ...
    @property
    def auto_number(self) -> bool: ...
    @property
    def required_on_create(self) -> bool: ...
    @property
    def restricted_picklist(self) -> bool: ...
    @property
    def filterable(self) -> bool: ...
    @property
    def reference_to(self) -> tuple[str, ...]: ...
    @property
    def picklist_values(self) -> Sequence[PicklistEntry]: ...


_SHORT_TEXTS = ("string", "email", "phone", "url", "picklist", "combobox", "encryptedstring")
_NUMBERS = ("int", "long", "double", "currency", "percent")
_SHOWN_AS_TEXT = ("id", "reference", "boolean", "date", "datetime", "time", *_NUMBERS)

TABLE: dict[T, dict[str, frozenset[Direction]]] = {
    T.TEXT: {**dict.fromkeys(_SHORT_TEXTS, ANY_WAY), **dict.fromkeys(_SHOWN_AS_TEXT, PULL_ONLY)},
    T.LONG_TEXT: {
        **dict.fromkeys(("textarea", *_SHORT_TEXTS), ANY_WAY),
        **dict.fromkeys(("multipicklist", *_SHOWN_AS_TEXT), PULL_ONLY),
    },
    T.NUMBER: dict.fromkeys(_NUMBERS, ANY_WAY),
    T.CURRENCY: dict.fromkeys(_NUMBERS, ANY_WAY),
    T.PERCENT: dict.fromkeys(_NUMBERS, ANY_WAY),
    T.DATE: {"date": ANY_WAY, "datetime": PULL_ONLY},
    T.DATETIME: {"datetime": ANY_WAY},
    T.CHECKBOX: {"boolean": ANY_WAY},
    T.PICKLIST: dict.fromkeys(("picklist", "combobox", "string"), ANY_WAY),
    T.MULTIPICKLIST: {"multipicklist": ANY_WAY, "picklist": PULL_ONLY},
    T.URL: dict.fromkeys(("url", "string"), ANY_WAY),
    T.PHONE: dict.fromkeys(("phone", "string"), ANY_WAY),
    T.EMAIL: dict.fromkeys(("email", "string"), ANY_WAY),
    T.USER: {"reference": ANY_WAY},
    T.ACCOUNT: {"reference": ANY_WAY},
    T.STAGE: {"picklist": ANY_WAY},
}
"""Workspace type → Salesforce types. What isn't listed doesn't go."""

_LOOKS_UP = {T.USER: "User", T.ACCOUNT: "Account"}

_CUSTOM_TYPES = {
    "string": T.TEXT,
    "encryptedstring": T.TEXT,
    "textarea": T.LONG_TEXT,
    **dict.fromkeys(("int", "long", "double"), T.NUMBER),
    "currency": T.CURRENCY,
    "percent": T.PERCENT,
    "date": T.DATE,
    "datetime": T.DATETIME,
    "boolean": T.CHECKBOX,
    **dict.fromkeys(("picklist", "combobox"), T.PICKLIST),
    "multipicklist": T.MULTIPICKLIST,
    "url": T.URL,
    "phone": T.PHONE,
    "email": T.EMAIL,
}


def is_read_only(field: SalesforceField) -> bool:
    """Formulas, numbers that Salesforce counts up, and what the connected user may not write."""
    return field.calculated or field.auto_number or not field.updateable


def types_go(type: T, field: SalesforceField) -> bool:
    looked_up = _LOOKS_UP.get(type)
    if looked_up and looked_up not in field.reference_to:
        return False
    return field.type in TABLE[type]


def directions(type: T, field: SalesforceField) -> frozenset[Direction]:
    """The directions in which the pair may be mapped; none where it can't be."""
    if not types_go(type, field):
        return NO_WAY
    allowed = TABLE[type][field.type]
    return allowed & PULL_ONLY if is_read_only(field) else allowed


def custom_type(field: SalesforceField) -> T | None:
    """The type of a workspace field made for `field` (spec F2); None where none fits."""
    if field.type == "reference":
        return T.USER if "User" in field.reference_to else None
    return _CUSTOM_TYPES.get(field.type)
