"""A field is its describe: the whole attribute set, derived from its type where a caller says nothing."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

TEXT_TYPES = frozenset(
    {
        "string",
        "textarea",
        "picklist",
        "multipicklist",
        "combobox",
        "email",
        "phone",
        "url",
        "encryptedstring",
    }
    | {"id", "reference", "base64", "anyType", "time"}
)
NUMBER_TYPES = frozenset({"int", "double", "currency", "percent"})
COMPOUND_TYPES = frozenset({"address", "location", "complexvalue"})

_SOAP = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "time": "xsd:time",
    "address": "urn:address",
    "location": "urn:location",
    "base64": "xsd:base64Binary",
}
_LENGTHS = {"id": 18, "reference": 18, "picklist": 255, "phone": 40, "url": 255, "email": 80, "string": 255}
_LENGTHS |= {"textarea": 255, "combobox": 255, "multipicklist": 4099, "encryptedstring": 175}
_NUMBERS = {"double": (18, 0, 0), "currency": (18, 2, 0), "percent": (3, 0, 0), "int": (0, 0, 8)}
_NOT_GROUPABLE = NUMBER_TYPES - {"int"} | COMPOUND_TYPES | {"datetime", "multipicklist", "base64", "combobox"}

_NEUTRAL: dict[str, Any] = {
    "aggregatable": True,
    "aiPredictionField": False,
    "autoNumber": False,
    "byteLength": 0,
    "calculated": False,
    "calculatedFormula": None,
    "cascadeDelete": False,
    "caseSensitive": False,
    "compoundFieldName": None,
    "controllerName": None,
    "createable": True,
    "custom": False,
    "defaultValue": None,
    "defaultValueFormula": None,
    "defaultedOnCreate": False,
    "dependentPicklist": False,
    "deprecatedAndHidden": False,
    "digits": 0,
    "displayLocationInDecimal": False,
    "encrypted": False,
    "externalId": False,
    "extraTypeInfo": None,
    "filterable": True,
    "filteredLookupInfo": None,
    "formulaTreatNullNumberAsZero": False,
    "groupable": True,
    "highScaleNumber": False,
    "htmlFormatted": False,
    "idLookup": False,
    "inlineHelpText": None,
    "label": "",
    "length": 0,
    "mask": None,
    "maskType": None,
    "name": "",
    "nameField": False,
    "namePointing": False,
    "nillable": True,
    "permissionable": True,
    "picklistValues": [],
    "polymorphicForeignKey": False,
    "precision": 0,
    "queryByDistance": False,
    "referenceTargetField": None,
    "referenceTo": [],
    "relationshipName": None,
    "relationshipOrder": None,
    "restrictedDelete": False,
    "restrictedPicklist": False,
    "scale": 0,
    "searchPrefilterable": False,
    "soapType": "xsd:string",
    "sortable": True,
    "type": "string",
    "unique": False,
    "updateable": True,
    "writeRequiresMasterRead": False,
}


@dataclass
class Field:
    """`attributes` is the describe. `formula` is a SQLite expression over the row's columns, for
    calculated fields.

    `child` says how the parent names this lookup: (relationship name or None, deletes cascade, deletes are
    refused).
    """

    attributes: dict[str, Any]
    formula: str | None = None
    child: tuple[str | None, bool, bool] = field(default=(None, False, False))

    @property
    def name(self) -> str:
        return str(self.attributes["name"])

    @property
    def type(self) -> str:
        return str(self.attributes["type"])

    @property
    def label(self) -> str:
        return str(self.attributes["label"])

    @property
    def length(self) -> int:
        return int(self.attributes.get("length") or 0)

    @property
    def reference_to(self) -> list[str]:
        return list(self.attributes.get("referenceTo") or [])

    @property
    def relationship(self) -> str | None:
        name = self.attributes.get("relationshipName")
        return None if name is None else str(name)

    @property
    def values(self) -> list[str]:
        """The active picklist values."""
        return [
            str(value["value"]) for value in self.attributes.get("picklistValues") or [] if value["active"]
        ]

    @property
    def stored(self) -> bool:
        """Whether the table has a column for it: compounds are put together when read."""
        return self.type not in COMPOUND_TYPES

    @property
    def case_sensitive(self) -> bool:
        return bool(self.attributes.get("caseSensitive")) or self.type in {"id", "reference"}

    def says(self, attribute: str) -> bool:
        return bool(self.attributes.get(attribute))

    @property
    def required(self) -> bool:
        """Required on create: createable, not nillable, no default (api.md section 3)."""
        return self.says("createable") and not self.says("nillable") and not self.says("defaultedOnCreate")


def picklist_values(values: Iterable[str], default: str | None = None) -> list[dict[str, Any]]:
    return [
        {"active": True, "defaultValue": value == default, "label": value, "validFor": None, "value": value}
        for value in values
    ]


def derived(type: str, length: int) -> dict[str, Any]:
    """The attributes that follow from a type and a length."""
    precision, scale, digits = _NUMBERS.get(type, (0, 0, 0))
    long_text = type == "textarea" and length > 255
    plain = not long_text and type not in COMPOUND_TYPES | {"base64", "encryptedstring"}
    found: dict[str, Any] = {
        "type": type,
        "length": length,
        "byteLength": length if type in {"id", "reference"} else length * 3,
        "soapType": _SOAP.get(type, "xsd:string"),
        "precision": precision,
        "scale": scale,
        "digits": digits,
        "filterable": not long_text and type not in {"encryptedstring", "base64"},
        "sortable": plain and type != "multipicklist",
        "groupable": plain and type not in _NOT_GROUPABLE,
        "aggregatable": plain and type not in {"boolean", "multipicklist"},
    }
    if type == "boolean":
        found |= {"nillable": False, "defaultedOnCreate": True, "defaultValue": False}
    if type in COMPOUND_TYPES:
        found |= {"createable": False, "updateable": False, "queryByDistance": True}
    if type == "textarea":
        found["extraTypeInfo"] = "plaintextarea"
    if type == "email":
        found["idLookup"] = True
    return found


def make(
    name: str,
    label: str,
    type: str = "string",
    length: int | None = None,
    *,
    values: Iterable[str] | None = None,
    default: Any = None,
    required: bool = False,
    readonly: bool = False,
    to: str | list[str] | None = None,
    child: str | None = None,
    cascade: bool = False,
    restrict: bool = False,
    formula: str | None = None,
    **attributes: Any,
) -> Field:
    """A field from a few words; any describe attribute may be given by its own name and wins.

    `to` are the objects a lookup points to, `child` its name on the parent, `cascade`/`restrict` what
    deleting the parent does. `formula` makes it calculated.
    """
    made = {**_NEUTRAL, **derived(type, _LENGTHS.get(type, 0) if length is None else length)}
    made |= {"name": name, "label": label, "custom": name.endswith("__c")}
    if values is not None:
        made["picklistValues"] = picklist_values(values, default if isinstance(default, str) else None)
    if default is not None:
        made |= {"defaultValue": default, "defaultedOnCreate": True}
    if required:
        made |= {"nillable": False, "permissionable": False}
    if readonly or formula:
        made |= {"createable": False, "updateable": False, "permissionable": made["custom"]}
    if formula:
        made |= {"calculated": True, "calculatedFormula": attributes.pop("calculatedFormula", formula)}
    if to:
        made |= _lookup(name, [to] if isinstance(to, str) else to)
    if attributes.get("externalId"):
        made["idLookup"] = True
    return Field({**made, **attributes}, formula, (child, cascade, restrict))


def _lookup(name: str, targets: list[str]) -> dict[str, Any]:
    relation = f"{name[:-3]}__r" if name.endswith("__c") else name.removesuffix("Id")
    return {
        "referenceTo": targets,
        "relationshipName": relation,
        "polymorphicForeignKey": len(targets) > 1,
        "namePointing": len(targets) > 1,
    }
