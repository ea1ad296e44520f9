"""An object type: its own attributes, its fields, who points to it, and its record types."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.ids import MASTER_RECORD_TYPE
from sandbox.schema.fields import Field, make

_ATTRIBUTES: dict[str, Any] = {
    "actionOverrides": [],
    "activateable": False,
    "associateEntityType": None,
    "associateParentEntity": None,
    "compactLayoutable": True,
    "createable": True,
    "custom": False,
    "customSetting": False,
    "deepCloneable": False,
    "defaultImplementation": None,
    "deletable": True,
    "deprecatedAndHidden": False,
    "extendedBy": None,
    "extendsInterfaces": None,
    "feedEnabled": True,
    "hasSubtypes": False,
    "implementedBy": None,
    "implementsInterfaces": None,
    "isInterface": False,
    "isSubtype": False,
    "keyPrefix": "",
    "label": "",
    "labelPlural": "",
    "layoutable": True,
    "listviewable": None,
    "lookupLayoutable": None,
    "mergeable": False,
    "mruEnabled": True,
    "name": "",
    "namedLayoutInfos": [],
    "networkScopeFieldName": None,
    "queryable": True,
    "replicateable": True,
    "retrieveable": True,
    "searchLayoutable": True,
    "searchable": True,
    "sobjectDescribeOption": "FULL",
    "supportedScopes": [],
    "triggerable": True,
    "undeletable": True,
    "updateable": True,
}
_ONLY_IN_FULL = frozenset(
    {"actionOverrides", "compactLayoutable", "defaultImplementation", "extendedBy", "extendsInterfaces"}
    | {"implementedBy", "implementsInterfaces", "listviewable", "lookupLayoutable", "namedLayoutInfos"}
    | {"networkScopeFieldName", "searchLayoutable", "sobjectDescribeOption", "supportedScopes"}
)
_PARTS = ("fields", "childRelationships", "recordTypeInfos", "urls")


@dataclass
class RecordType:
    """A record type and, per picklist field, the values it allows (a field not named allows all)."""

    id: str
    name: str
    developer_name: str
    active: bool = True
    default: bool = False
    picklists: dict[str, list[str]] = field(default_factory=dict)

    def info(self, object: str, root: str) -> dict[str, Any]:
        layout = f"{root}/sobjects/{object}/describe/layouts/{self.id}"
        return {
            "active": self.active,
            "available": True,
            "defaultRecordTypeMapping": self.default,
            "developerName": self.developer_name,
            "master": self.id == MASTER_RECORD_TYPE,
            "name": self.name,
            "recordTypeId": self.id,
            "urls": {"layout": layout},
        }


@dataclass
class ObjectType:
    """One sObject. Fields are looked up without regard to case, as the API does."""

    attributes: dict[str, Any]
    fields: dict[str, Field]
    children: list[dict[str, Any]] = field(default_factory=list)
    record_types: list[RecordType] = field(default_factory=list)
    changed: str = ""

    @property
    def name(self) -> str:
        return str(self.attributes["name"])

    @property
    def label(self) -> str:
        return str(self.attributes["label"])

    @property
    def prefix(self) -> str:
        return str(self.attributes["keyPrefix"])

    def says(self, attribute: str) -> bool:
        return bool(self.attributes.get(attribute))

    def field(self, name: str) -> Field | None:
        return self.fields.get(name.casefold())

    def has(self, name: str) -> bool:
        return name.casefold() in self.fields

    def lookup(self, relationship: str) -> Field | None:
        """The reference field behind a parent relationship's name."""
        wanted = relationship.casefold()
        return next((f for f in self.fields.values() if (f.relationship or "").casefold() == wanted), None)

    def child(self, relationship: str) -> dict[str, Any] | None:
        wanted = relationship.casefold()
        return next((c for c in self.children if (c["relationshipName"] or "").casefold() == wanted), None)

    def components(self, compound: str) -> list[Field]:
        return [f for f in self.fields.values() if f.attributes.get("compoundFieldName") == compound]

    def record_type(self, id: str | None) -> RecordType | None:
        return next((kind for kind in self.record_types if kind.id == id), None)

    def all_record_types(self) -> list[RecordType]:
        """The object's own, and the master, which is the default where there are no others."""
        has_default = any(kind.default for kind in self.record_types)
        master = RecordType(MASTER_RECORD_TYPE, "Master", "Master", default=not has_default)
        return [*self.record_types, master]

    def put(self, added: Field) -> None:
        self.fields[added.name.casefold()] = added

    def describe(self, root: str, hidden: frozenset[str] = frozenset()) -> dict[str, Any]:
        """The full describe under a version's path (`/services/data/v60.0`), without the fields hidden from
        a user.
        """
        body = {**_ATTRIBUTES, **self.attributes}
        body["fields"] = [f.attributes for f in self.fields.values() if f.name not in hidden]
        body["childRelationships"] = self.children
        body["recordTypeInfos"] = [kind.info(self.name, root) for kind in self.all_record_types()]
        body["urls"] = self.urls(root, full=True)
        return dict(sorted(body.items()))

    def brief(self, root: str) -> dict[str, Any]:
        """The object's entry in describeGlobal."""
        body = {
            key: value
            for key, value in {**_ATTRIBUTES, **self.attributes}.items()
            if key not in _ONLY_IN_FULL
        }
        return {**dict(sorted(body.items())), "urls": self.urls(root, full=False)}

    def urls(self, root: str, full: bool) -> dict[str, str]:
        base = f"{root}/sobjects/{self.name}"
        urls = {
            "compactLayouts": f"{base}/describe/compactLayouts",
            "rowTemplate": f"{base}/{{ID}}",
            "approvalLayouts": f"{base}/describe/approvalLayouts",
            "listviews": f"{base}/listviews",
            "describe": f"{base}/describe",
            "quickActions": f"{base}/quickActions",
            "layouts": f"{base}/describe/layouts",
            "sobject": base,
        }
        if full:
            site = "https://sandbox-org.my.salesforce.example"
            urls |= {
                "defaultValues": f"{base}/defaultValues?recordTypeId&fields",
                "uiDetailTemplate": f"{site}/{{ID}}",
                "uiEditTemplate": f"{site}/{{ID}}/e",
                "uiNewRecord": f"{site}/{self.prefix}/e",
            }
        return urls


def make_object(name: str, label: str, prefix: str, fields: Iterable[Field], **attributes: Any) -> ObjectType:
    plural = attributes.pop("labelPlural", label[:-1] + "ies" if label.endswith("y") else label + "s")
    named = {"name": name, "label": label, "labelPlural": plural, "keyPrefix": prefix}
    own = {**_ATTRIBUTES, **named, "custom": name.endswith("__c"), **attributes}
    return ObjectType(own, {f.name.casefold(): f for f in fields})


def child_entry(child: str, lookup: Field) -> dict[str, Any]:
    """How a parent's describe names a lookup that points to it."""
    relation, cascade, restrict = lookup.child
    return {
        "cascadeDelete": cascade,
        "childSObject": child,
        "deprecatedAndHidden": False,
        "field": lookup.name,
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": relation,
        "restrictedDelete": restrict,
    }


def from_describe(body: dict[str, Any]) -> ObjectType:
    """An object from a describe's JSON; attributes a partial describe lacks are derived from the field's
    type.
    """
    from_body = {key: value for key, value in body.items() if key not in _PARTS}
    fields: dict[str, Field] = {}
    for given in body["fields"]:
        fields[str(given["name"]).casefold()] = completed(given)
    kinds = [
        RecordType(
            info["recordTypeId"],
            info["name"],
            info["developerName"],
            info["active"],
            info["defaultRecordTypeMapping"],
        )
        for info in body.get("recordTypeInfos") or []
        if not info["master"]
    ]
    known = {**_ATTRIBUTES, "label": body["name"], "labelPlural": body["name"] + "s", **from_body}
    return ObjectType(known, fields, list(body.get("childRelationships") or []), kinds)


def completed(given: dict[str, Any]) -> Field:
    whole = make(given["name"], given.get("label") or given["name"], given["type"], given.get("length"))
    return Field({**whole.attributes, **given})
