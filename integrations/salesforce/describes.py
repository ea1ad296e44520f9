"""The shape of objects, fields and picklists, from what Salesforce's describes and its UI API answer."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from integrations.salesforce.ids import to18


@dataclass(frozen=True)
class PicklistValue:
    """One value; `valid_for`: indexes of the controlling field's values, None where nothing controls."""

    value: str
    label: str
    active: bool = True
    default: bool = False
    valid_for: tuple[int, ...] | None = None


@dataclass(frozen=True)
class FieldDescribe:
    """One field as Salesforce describes it; all it says is in `raw`."""

    name: str
    label: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    digits: int = 0
    nillable: bool = True
    createable: bool = False
    updateable: bool = False
    defaulted_on_create: bool = False
    calculated: bool = False
    auto_number: bool = False
    custom: bool = False
    external_id: bool = False
    id_lookup: bool = False
    unique: bool = False
    case_sensitive: bool = False
    filterable: bool = True
    sortable: bool = True
    restricted_picklist: bool = False
    dependent_picklist: bool = False
    controller_name: str | None = None
    picklist_values: tuple[PicklistValue, ...] = ()
    reference_to: tuple[str, ...] = ()
    relationship_name: str | None = None
    polymorphic: bool = False
    compound_field_name: str | None = None
    name_field: bool = False
    help_text: str | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def required_on_create(self) -> bool:
        """Salesforce refuses a create without it (page layouts and validation rules may ask for more)."""
        return self.createable and not self.nillable and not self.defaulted_on_create

    @property
    def compound(self) -> bool:
        """A whole made of other fields: readable over REST, not in Bulk queries, never writable."""
        return self.type in ("address", "location")

    @property
    def usable_external_id(self) -> bool:
        """May carry our own key, so that a create can be sent twice without harm (spec D9)."""
        return self.external_id and self.unique and self.createable and self.updateable


@dataclass(frozen=True)
class RecordTypeInfo:
    """A record type as the connected user sees it."""

    id: str
    name: str
    developer_name: str
    active: bool
    available: bool
    default: bool
    master: bool


@dataclass(frozen=True)
class ObjectDescribe:
    """One object with its fields, as the connected user sees them."""

    name: str
    label: str
    label_plural: str
    key_prefix: str | None
    custom: bool
    createable: bool
    updateable: bool
    deletable: bool
    queryable: bool
    replicateable: bool
    fields: tuple[FieldDescribe, ...]
    record_types: tuple[RecordTypeInfo, ...]
    last_modified: datetime | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def field(self, api_name: str) -> FieldDescribe | None:
        """The field of that name, whatever its case; None where the user doesn't see one."""
        return next((item for item in self.fields if item.name.lower() == api_name.lower()), None)


@dataclass(frozen=True)
class ObjectSummary:
    """One line of describeGlobal."""

    name: str
    label: str
    key_prefix: str | None
    custom: bool
    createable: bool
    updateable: bool
    deletable: bool
    queryable: bool
    replicateable: bool
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True)
class FieldPicklist:
    """A picklist as one record type allows it."""

    field: str
    values: tuple[PicklistValue, ...]
    default: str | None
    controllers: Mapping[str, int]


def parse_describe(raw: Mapping[str, Any], *, last_modified: datetime | None = None) -> ObjectDescribe:
    """An ObjectDescribe from what Salesforce answers (or answered once: `raw` may come from storage)."""
    return ObjectDescribe(
        name=raw["name"],
        label=raw.get("label") or raw["name"],
        label_plural=raw.get("labelPlural") or raw.get("label") or raw["name"],
        key_prefix=raw.get("keyPrefix"),
        **{flag: bool(raw.get(flag)) for flag in _OBJECT_FLAGS},
        fields=tuple(_field(item) for item in raw.get("fields") or ()),
        record_types=tuple(_record_type(item) for item in raw.get("recordTypeInfos") or ()),
        last_modified=last_modified,
        raw=raw,
    )


_OBJECT_FLAGS = ("custom", "createable", "updateable", "deletable", "queryable", "replicateable")


def parse_summary(raw: Mapping[str, Any]) -> ObjectSummary:
    """One line of describeGlobal."""
    return ObjectSummary(
        name=raw["name"],
        label=raw.get("label") or raw["name"],
        key_prefix=raw.get("keyPrefix"),
        **{flag: bool(raw.get(flag)) for flag in _OBJECT_FLAGS},
        raw=raw,
    )


def _field(raw: Mapping[str, Any]) -> FieldDescribe:
    return FieldDescribe(
        name=raw["name"],
        label=raw.get("label") or raw["name"],
        type=raw["type"],
        length=raw.get("length") or 0,
        precision=raw.get("precision") or 0,
        scale=raw.get("scale") or 0,
        digits=raw.get("digits") or 0,
        nillable=bool(raw.get("nillable", True)),
        createable=bool(raw.get("createable")),
        updateable=bool(raw.get("updateable")),
        defaulted_on_create=bool(raw.get("defaultedOnCreate")),
        calculated=bool(raw.get("calculated")),
        auto_number=bool(raw.get("autoNumber")),
        custom=bool(raw.get("custom")),
        external_id=bool(raw.get("externalId")),
        id_lookup=bool(raw.get("idLookup")),
        unique=bool(raw.get("unique")),
        case_sensitive=bool(raw.get("caseSensitive")),
        filterable=bool(raw.get("filterable", True)),
        sortable=bool(raw.get("sortable", True)),
        restricted_picklist=bool(raw.get("restrictedPicklist")),
        dependent_picklist=bool(raw.get("dependentPicklist")),
        controller_name=raw.get("controllerName"),
        picklist_values=tuple(_value(item) for item in raw.get("picklistValues") or ()),
        reference_to=tuple(raw.get("referenceTo") or ()),
        relationship_name=raw.get("relationshipName"),
        polymorphic=bool(raw.get("polymorphicForeignKey")),
        compound_field_name=raw.get("compoundFieldName"),
        name_field=bool(raw.get("nameField")),
        help_text=raw.get("inlineHelpText"),
        raw=raw,
    )


def _record_type(raw: Mapping[str, Any]) -> RecordTypeInfo:
    return RecordTypeInfo(
        id=to18(raw["recordTypeId"]),
        name=raw.get("name") or "",
        developer_name=raw.get("developerName") or "",
        active=bool(raw.get("active", True)),
        available=bool(raw.get("available")),
        default=bool(raw.get("defaultRecordTypeMapping")),
        master=bool(raw.get("master")),
    )


def _value(raw: Mapping[str, Any]) -> PicklistValue:
    return PicklistValue(
        value=raw["value"],
        label=raw.get("label") or raw["value"],
        active=bool(raw.get("active", True)),
        default=bool(raw.get("defaultValue")),
        valid_for=_valid_for(raw.get("validFor")),
    )


def _valid_for(raw: Any) -> tuple[int, ...] | None:
    """A describe gives a base64 bitmap (first bit: the high bit of the first byte), the UI API a list."""
    if not raw:
        return None
    if not isinstance(raw, str):
        return tuple(raw)
    try:
        bits = base64.b64decode(raw, validate=True)
    except binascii.Error:
        return None
    return tuple(index for index in range(len(bits) * 8) if bits[index // 8] >> (7 - index % 8) & 1)


def parse_field_picklist(api_name: str, raw: Mapping[str, Any]) -> FieldPicklist:
    """One field of the UI API's picklist values."""
    default = raw.get("defaultValue")
    values = (
        PicklistValue(
            value=item["value"],
            label=item.get("label") or item["value"],
            default=default is not None and item["value"] == default.get("value"),
            valid_for=_valid_for(item.get("validFor")),
        )
        for item in raw.get("values") or ()
    )
    return FieldPicklist(
        field=api_name,
        values=tuple(values),
        default=default.get("value") if default else None,
        controllers=raw.get("controllerValues") or {},
    )
