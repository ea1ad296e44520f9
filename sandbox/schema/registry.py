"""All objects of one org, held in memory and kept in the org's file."""

import json
from collections.abc import Iterator
from typing import Any

from sandbox.errors import invalid_type
from sandbox.schema.fields import Field
from sandbox.schema.objects import ObjectType, RecordType


class Registry:
    """The org's objects by name, without regard to case, and which fields are hidden from which user."""

    def __init__(self) -> None:
        self._objects: dict[str, ObjectType] = {}
        self.hidden: dict[tuple[str, str], frozenset[str]] = {}

    def __iter__(self) -> Iterator[ObjectType]:
        return iter(list(self._objects.values()))

    def put(self, added: ObjectType) -> None:
        self._objects[added.name.casefold()] = added

    def find(self, name: str) -> ObjectType | None:
        return self._objects.get(name.casefold())

    def get(self, name: str) -> ObjectType:
        """The object of that name; INVALID_TYPE when there is none."""
        found = self.find(name)
        if found is None:
            raise invalid_type(name)
        return found

    def with_prefix(self, id: str) -> ObjectType | None:
        return next((each for each in self._objects.values() if each.prefix == id[:3]), None)

    def hidden_from(self, object: str, user_id: str | None) -> frozenset[str]:
        return self.hidden.get((object, user_id or ""), frozenset())

    def field(self, kind: ObjectType, name: str, user_id: str | None) -> Field | None:
        """The field as this user sees it: None where it does not exist or is hidden."""
        found = kind.field(name)
        return None if found is None or found.name in self.hidden_from(kind.name, user_id) else found


def dump(kind: ObjectType) -> str:
    """An object as text, for the org's file."""
    return json.dumps(
        {
            "attributes": kind.attributes,
            "fields": [[f.attributes, f.formula, f.child] for f in kind.fields.values()],
            "children": kind.children,
            "record_types": [vars(each) for each in kind.record_types],
            "changed": kind.changed,
        }
    )


def load(text: str) -> ObjectType:
    body: dict[str, Any] = json.loads(text)
    fields = {}
    for attributes, formula, child in body["fields"]:
        made = Field(attributes, formula, (child[0], child[1], child[2]))
        fields[made.name.casefold()] = made
    kinds = [RecordType(**each) for each in body["record_types"]]
    return ObjectType(body["attributes"], fields, body["children"], kinds, body["changed"])
