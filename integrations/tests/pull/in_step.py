"""Whether both sides agree: what the org says of itself, compared with the workspace row by row.

Written apart from the pull's SQL: the org is asked anew, each value is converted in Python.
"""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from django.db.models import Manager, Model, Q

from crm.catalogue import mappable_fields
from crm.models import ContactRole
from integrations.models import (
    Connection,
    ObjectSchema,
    OutboxEntry,
    RecordLink,
    SalesforceOwner,
    SyncedObject,
)
from integrations.sync.pull.plan import MODELS
from integrations.sync.pull.role_plan import ROLE
from integrations.tests.sandbox_process import SandboxOrg
from mappings.catalogue import SALESFORCE_OBJECTS, MappableField
from mappings.converters import CannotConvert, normalise, to_workspace
from mappings.field_types import TEXTS, FieldType
from mappings.models import Direction, FieldMap, StageMap, ValueMap

Row = dict[str, Any]


def assert_in_step(running: SandboxOrg, connection: Connection, *, own_records: int = 0) -> None:
    """Every live record of the org stands once in the workspace, with all its mapped values, and nothing else.

    `own_records` were made here and have no link. Stored counts and the outbox are compared too.
    """
    comparisons = [Comparison(running, connection, name) for name in SALESFORCE_OBJECTS]
    problems = [problem for comparison in comparisons for problem in comparison.problems()]
    problems += role_problems(running, connection)
    assert not problems, "\n".join(problems[:20])
    linked = RecordLink.objects.filter(connection=connection, kind__in=MODELS).exclude(record_id=None)
    records = sum(model._default_manager.count() for model in MODELS.values())
    assert records == linked.values("kind", "record_id").distinct().count() + own_records
    assert not OutboxEntry.objects.exists()


def org_rows(running: SandboxOrg, soql: str) -> list[Row]:
    """The org's rows of a query, the deleted ones included."""
    answer = running.control("GET", f"/query?all=1&q={quote(soql)}")
    return list(answer["records"])


def role_problems(
    running: SandboxOrg, connection: Connection, *, is_excused: Callable[[str, int], bool] = lambda *_: False
) -> list[str]:
    """Contact roles that aren't the same on both sides; one whose deal or person isn't here is left out."""
    links = {link.salesforce_id: link for link in RecordLink.objects.filter(connection=connection)}
    soql = f"SELECT Id, OpportunityId, ContactId, Role, IsPrimary, IsDeleted FROM {ROLE}"  # noqa: S608
    roles = ContactRole.objects.in_bulk()
    found = []
    for row in org_rows(running, soql):
        link = links.get(row["Id"])
        deal, person = (_record_here(links.get(row[name])) for name in ("OpportunityId", "ContactId"))
        role = roles.get(link.record_id or 0) if link and link.state == "linked" else None
        theirs = (deal, person, row["Role"] or "", bool(row["IsPrimary"]))
        ours = role and (role.deal_id, role.contact_id, role.role, role.is_primary)
        if row["IsDeleted"] or None in (deal, person) or link and link.state == "tombstone":
            found += [f"Role {row['Id']} is here as {ours}, though it shouldn't be"] if role else []
        elif ours != theirs and not is_excused("contact_role", link.record_id or 0 if link else 0):
            found.append(f"Role {row['Id']} is {theirs} there, {ours} here ({link and link.state})")
    return found


def _record_here(link: RecordLink | None) -> int | None:
    if link is None or not (link.state == "linked" or link.suppressed_by):
        return None
    here = MODELS[link.kind]._default_manager.filter(pk=link.record_id or 0)
    return link.record_id if here.exists() else None


class Comparison:
    """One object on both sides."""

    def __init__(self, running: SandboxOrg, connection: Connection, name: str) -> None:
        self.connection = connection
        self.name = name
        self.kind = SALESFORCE_OBJECTS[name]
        describe = ObjectSchema.objects.get(connection=connection, name=name).describe
        self.types = {field["name"]: field["type"] for field in describe["fields"]}
        maps = FieldMap.objects.filter(object=name, suspended="").exclude(direction=Direction.PUSH)
        self.maps = [row for row in maps if row.salesforce in self.types]
        self.targets = mappable_fields(self.kind)
        self.rows = self._ask(running)
        self.links = {
            link.salesforce_id: link
            for link in RecordLink.objects.filter(connection=connection, salesforce_object=name)
        }
        manager: Manager[Any] = MODELS[self.kind]._default_manager
        self.records: dict[int, Model] = manager.in_bulk(
            [link.record_id for link in self.links.values() if link.record_id]
        )
        self.values = {
            (row.salesforce_field, row.salesforce_value): row.value
            for row in ValueMap.objects.filter(object=name)
        }
        self.people = self._contacts(running) if name == "Lead" else {}

    def _ask(self, running: SandboxOrg) -> list[Row]:
        more = ["IsConverted", "ConvertedContactId", "Email"] if self.name == "Lead" else []
        more += ["MasterRecordId"] if "MasterRecordId" in self.types else []
        names = dict.fromkeys(["Id", "IsDeleted", *more, *(row.salesforce for row in self.maps)])
        return org_rows(running, f"SELECT {', '.join(names)} FROM {self.name}")  # noqa: S608

    def _contacts(self, running: SandboxOrg) -> dict[str, set[str]]:
        people: dict[str, set[str]] = {}
        for row in org_rows(
            running, "SELECT Id, Email FROM Contact WHERE IsDeleted = false AND Email != null"
        ):
            people.setdefault(row["Email"].lower(), set()).add(row["Id"])
        return people

    def problems(self) -> list[str]:
        ids = [row["Id"] for row in self.rows]
        found = [f"{self.name}: the org lists an id twice"] if len(set(ids)) < len(ids) else []
        found += [f"{self.name} {sid} isn't in the org" for sid in self.links.keys() - set(ids)]
        for row in self.rows:
            found += [f"{self.name} {row['Id']}: {problem}" for problem in self._row(row)]
        return found + self.counts() + self._there()

    def _row(self, row: Row) -> list[str]:
        link = self.links.get(row["Id"])
        if row["IsDeleted"]:
            return [] if link is None or link.state == "gone" else [f"deleted, yet {link.state}"]
        if link is None:
            return ["has no link"]
        if (suppressors := self.suppressors(row)) is not None:
            suppressed = link.state == "suppressed" and link.suppressed_by in suppressors
            return (
                [] if suppressed else [f"{link.state} by {link.suppressed_by!r}, not by one of {suppressors}"]
            )
        record = self.records.get(link.record_id or 0)
        if link.state != "linked" or record is None:
            return [f"is {link.state}, its record {link.record_id}"]
        return list(self.differences(row, link, record).values())

    def suppressors(self, row: Row) -> set[str] | None:
        """Contacts of the same person (C4), None for who isn't one."""
        if self.name != "Lead":
            return None
        if row["IsConverted"]:
            return {row["ConvertedContactId"] or ""}
        return self.people.get((row["Email"] or "").lower())

    def differences(self, row: Row, link: RecordLink, record: Model) -> dict[str, str]:
        """What is wrong with each field of a record that is linked."""
        found = {}
        for entry in self.maps:
            text = normalise(row[entry.salesforce], self.types[entry.salesforce], field=entry.salesforce)
            target = self.targets[entry.field]
            if self.types[entry.salesforce] == "boolean":
                text = text or "false"
            theirs, ours = self._expected(entry.salesforce, text, target), _held(record, target)
            name = entry.salesforce
            if theirs != ours:
                found[name] = f"{name} is {theirs!r} there, {entry.field} {ours!r} here"
            elif link.base.get(name, "absent") != text and theirs not in ("", None):
                found[name] = f"{name}: base {link.base.get(name)!r}, not {text!r}"
        return found

    def _expected(self, field: str, text: str | None, target: MappableField) -> Any:
        if target.type == FieldType.ACCOUNT:
            parent = RecordLink.objects.filter(connection=self.connection, salesforce_id=text or "")
            parent = parent.filter(Q(state="linked") | ~Q(suppressed_by=""))  # itself, or what took it in
            return parent.values_list("record_id", flat=True).first()
        if target.type == FieldType.USER:
            owner = SalesforceOwner.objects.filter(connection=self.connection, salesforce_id=text or "")
            return owner.values_list("user_id", flat=True).first()
        if target.type == FieldType.STAGE:
            return self._stage(text)
        text = self.values.get((field, text or ""), text)
        try:
            value = to_workspace(text, target.type, field=field, digits=target.max_digits)
        except CannotConvert:
            value = None
        too_long = target.max_length is not None and len(text or "") > target.max_length
        return ("" if value is None or too_long else value) if target.type in TEXTS else value

    def _stage(self, text: str | None) -> str | None:
        if self.kind == "deal":
            return text
        row = StageMap.objects.filter(object=self.name, salesforce_value=text or "").first()
        return row.stage if row else None

    def counts(self) -> list[str]:
        """What is stored of the links' states."""
        synced = SyncedObject.objects.get(connection=self.connection, name=self.name)
        states = Counter(link.state for link in self.links.values())
        stored = {state: getattr(synced, state) for state in ("linked", "suppressed", "gone")}
        wrong = any(states[state] != number for state, number in stored.items())
        return [f"{self.name}: {stored} stored, {dict(states)} there"] if wrong else []

    def _there(self) -> list[str]:
        synced = SyncedObject.objects.get(connection=self.connection, name=self.name)
        there = sum(not row["IsDeleted"] for row in self.rows)
        return [f"{self.name}: {synced.there} stored, {there} in the org"] if synced.there != there else []


def _held(record: Model, target: MappableField) -> Any:
    """What the workspace holds, in the form of `to_workspace`."""
    if target.column is None:
        value = getattr(record, "custom").get(target.key.removeprefix("custom."))  # noqa: B009
        return (
            Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value
        )
    if target.type == FieldType.STAGE:
        stage = getattr(record, "stage")  # noqa: B009
        return stage.name if stage else None
    return getattr(record, target.column)
