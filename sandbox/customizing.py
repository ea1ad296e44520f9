"""Setup: what an administrator changes in an org while it runs."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sandbox.errors import ApiError
from sandbox.schema.blocks import deleted, id_field, owner, stamps
from sandbox.schema.fields import Field, derived, make, picklist_values
from sandbox.schema.objects import ObjectType, RecordType, child_entry, from_describe, make_object
from sandbox.schema.registry import Registry, dump
from sandbox.stamps import parse
from sandbox.store import Store


class Customizing:
    """Objects, fields, field-level security and record types. Every change is kept in the org's file."""

    store: Store
    registry: Registry

    def raw_insert(self, object: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        raise NotImplementedError

    def stamp(self) -> str:
        raise NotImplementedError

    def install(self, kind: ObjectType) -> None:
        """Makes the object's table and puts it in the schema; one of the same name is replaced, rows and
        all.
        """
        with self.store.transaction():
            self.store.drop(kind)
            self.store.create(kind)
            self.registry.put(kind)
            self._keep(kind)

    def _keep(self, kind: ObjectType) -> None:
        kind.changed = self.stamp()
        self.store.execute(
            "INSERT INTO _object VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET definition = "
            "excluded.definition",
            [kind.name, dump(kind)],
        )

    def load_describe(self, source: Path | str | Mapping[str, Any]) -> str:
        """Makes (or replaces) an object from a describe's JSON, record types included, and returns its
        name.
        """
        body = dict(source) if isinstance(source, Mapping) else json.loads(Path(source).read_text("utf-8"))
        kind = from_describe(body)
        with self.store.transaction():
            self.store.execute('DELETE FROM "RecordType" WHERE "SobjectType" = ?', [kind.name])
            for each in kind.record_types:
                self._record_type_row(kind, each)
            self.install(kind)
        return kind.name

    def add_object(self, name: str, label: str, *, key_prefix: str, fields: Iterable[Field] = ()) -> None:
        """A custom object with the fields every one has (Id, Name, owner, stamps) and those given."""
        own = [id_field(label), owner(), deleted(), make("Name", f"{label} Name", length=80, nameField=True)]
        kind = make_object(name, label, key_prefix, [*own, *stamps(), *fields])
        self.install(kind)

    def add_field(self, object: str, name: str, type: str, **attributes: Any) -> None:
        """`add_field("Contact", "Lockstep_Id__c", "string", length=36, externalId=True, unique=True)`.

        Takes what `sandbox.schema.fields.make` takes: `values=[…]` for picklists, `to="Account"` for lookups,
        `formula="…"` (a SQLite expression) for calculated fields. DUPLICATE_DEVELOPER_NAME if it is there.
        """
        kind = self.registry.get(object)
        if kind.has(name):
            raise ApiError(
                400, "DUPLICATE_DEVELOPER_NAME", f"There is already a field named {name} on {object}."
            )
        label = attributes.pop("label", name.removesuffix("__c").replace("_", " "))
        added = make(name, label, type, attributes.pop("length", None), **attributes)
        with self.store.transaction():
            self.store.add_column(kind, added)
            kind.put(added)
            for target in added.reference_to:
                parent = self.registry.find(target)
                if parent is not None:
                    parent.children.append(child_entry(kind.name, added))
                    self._keep(parent)
            self._keep(kind)

    def change_field(self, object: str, name: str, **attributes: Any) -> None:
        """Sets describe attributes: `restrictedPicklist=True`, `nillable=False`, `values=[…]`,
        `type="double"`.

        A new type converts what is stored; what does not fit becomes null.
        """
        kind, before = self._field(object, name)
        if "values" in attributes:
            attributes["picklistValues"] = picklist_values(attributes.pop("values"))
        after = Field({**before.attributes}, before.formula, before.child)
        if "type" in attributes:
            after.attributes |= derived(attributes["type"], attributes.get("length", before.length))
        after.attributes |= attributes
        with self.store.transaction():
            if after.type != before.type:
                self.store.retype_column(kind, before, after)
            kind.put(after)
            self._keep(kind)

    def drop_field(self, object: str, name: str) -> None:
        """The field and its values are gone; who names it gets INVALID_FIELD from now on."""
        kind, gone = self._field(object, name)
        with self.store.transaction():
            self.store.drop_column(kind, gone)
            del kind.fields[gone.name.casefold()]
            self._keep(kind)

    def hide_field(self, object: str, name: str, *, user_id: str, hidden: bool = True) -> None:
        """Field-level security: for this user the field does not exist (`hidden=False` gives it back)."""
        kind, field = self._field(object, name)
        key = (kind.name, user_id)
        before = self.registry.hidden_from(kind.name, user_id)
        self.registry.hidden[key] = before | {field.name} if hidden else before - {field.name}
        with self.store.transaction():
            sql = "INSERT OR IGNORE INTO _hidden_field (user_id, object, field) VALUES (?, ?, ?)"
            if not hidden:
                sql = "DELETE FROM _hidden_field WHERE user_id = ? AND object = ? AND field = ?"
            self.store.execute(sql, [user_id, kind.name, field.name])
            self._keep(kind)

    def add_record_type(
        self,
        object: str,
        name: str,
        developer_name: str,
        *,
        picklists: Mapping[str, list[str]] | None = None,
        default: bool = False,
    ) -> str:
        """The id of a new record type; `picklists` are the values it allows, by field."""
        kind = self.registry.get(object)
        if not kind.has("RecordTypeId"):
            self.add_field(
                object, "RecordTypeId", "reference", to="RecordType", label="Record Type ID", custom=False
            )
        with self.store.transaction():
            (id,) = self.store.next_ids("012")
            made = RecordType(id, name, developer_name, True, default, dict(picklists or {}))
            kind.record_types.append(made)
            self._record_type_row(kind, made)
            self._keep(kind)
        return id

    def _record_type_row(self, kind: ObjectType, made: RecordType) -> None:
        values = {"Id": made.id, "Name": made.name, "DeveloperName": made.developer_name}
        row = {**values, "SobjectType": kind.name, "IsActive": made.active}
        self.raw_insert("RecordType", [row])

    def _field(self, object: str, name: str) -> tuple[ObjectType, Field]:
        kind = self.registry.get(object)
        found = kind.field(name)
        if found is None:
            raise ApiError(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {kind.name}")
        return kind, found

    def schema_changed(self, object: str | None = None) -> datetime:
        """When the object's definition, or any, last changed: what If-Modified-Since is compared with."""
        kinds = [self.registry.get(object)] if object else list(self.registry)
        return parse(max(kind.changed for kind in kinds))
