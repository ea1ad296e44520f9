"""A row of an ingest job's CSV as the write it asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.bulk.jobs import Job
from sandbox.bulk.upload import InvalidBatch
from sandbox.ids import is_id, to18
from sandbox.org import Org
from sandbox.rest.caller import Caller
from sandbox.rest.row_writes import Row, RowWrite, RowWriter, id_in
from sandbox.schema.objects import ObjectType
from sandbox.write_options import WriteOptions

OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
NULL = "#N/A"
_TRUE = frozenset({"true", "yes", "y", "on", "1"})
_FALSE = frozenset({"false", "no", "n", "off", "0"})


@dataclass(frozen=True)
class JobRows:
    """Writes for the user who made the job, with the options of that call."""

    org: Org
    job: Job

    @property
    def kind(self) -> ObjectType:
        return self.org.registry.get(self.job.object)

    def check(self, header: Sequence[str]) -> None:
        """Raises InvalidBatch for columns the job can't have."""
        if len({name.casefold() for name in header}) < len(header):
            raise InvalidBatch("A field name stands in the header twice")
        deleting = self.job.operation in ("delete", "hardDelete")
        if deleting and [name.casefold() for name in header] != ["id"]:
            raise InvalidBatch(f"The '{self.job.operation}' batch must contain only ids")
        for name in header:
            if not self._knows(name):
                raise InvalidBatch(f"Field name not found : {name}")

    def write(self, header: Sequence[str], cells: Sequence[str]) -> RowWrite:
        row = self._values(header, cells)
        job = self.job
        writer = RowWriter(self.org, Caller(job.created_by, job.version, WriteOptions(**job.options)))
        match job.operation:
            case "insert":
                return writer.insert(row)
            case "update":
                return writer.update(row)
            case "upsert" if job.external_id.casefold() == "id":
                return writer.update(row) if id_in(row) else writer.insert(row)
            case "upsert":
                return writer.upsert(job.object, job.external_id, row)
        id = str(row.get("Id") or cells[0])
        return RowWrite(id, {"Id": id}, lambda: self._delete(id))

    def _delete(self, id: str) -> Row:
        self.org.delete(self.job.object, id, user_id=self.job.created_by)
        if self.job.operation == "hardDelete":
            self.org.purge(self.job.object, to18(id))
        return {"id": to18(id) if is_id(id) else id, "success": True, "errors": []}

    def _knows(self, name: str) -> bool:
        relation, dot, _ = name.rpartition(".")
        if dot:
            return self.kind.lookup(relation.rpartition(":")[2]) is not None
        return self.org.registry.field(self.kind, name, self.job.created_by) is not None

    def _values(self, header: Sequence[str], cells: Sequence[str]) -> Row:
        """An empty cell says nothing about its field, `#N/A` empties it."""
        kind = self.kind
        row: Row = {"attributes": {"type": kind.name}}
        for name, text in zip(header, cells, strict=True):
            if text:
                row |= _cell(kind, name, None if text == NULL else text)
        return row


def _cell(kind: ObjectType, name: str, text: str | None) -> Row:
    relation, dot, key = name.rpartition(".")
    if dot:
        return _parent(kind, relation, key, text)
    field = kind.field(name)
    if text is not None and field is not None and field.type == "boolean":
        return {field.name: _boolean(text)}
    return {field.name if field else name: text}


def _parent(kind: ObjectType, relation: str, key: str, text: str | None) -> Row:
    """`Account.Ext__c`, or `Lead:Who.Ext__c` where the lookup leads to several objects."""
    type, colon, relation = relation.rpartition(":")
    link = kind.lookup(relation)
    if text is None and link is not None:
        return {link.name: None}
    named: dict[str, Any] = {"attributes": {"type": type}} if colon else {}
    return {relation: {**named, key: text}}


def _boolean(text: str) -> bool | str:
    """CSV has more words for yes and no than JSON; any other is left for the field to refuse."""
    if text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    return text
