"""A query's answer: pages of records, nested as REST sends them, or flat rows as Bulk writes them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sandbox.soql.compiler import Compiled, Compound
from sandbox.store import Store

Row = Sequence[Any]
_ID_WIDTH = 18


@dataclass(frozen=True)
class Column:
    """One selected column: `path` as in the describe (`Account.Owner.Name`), `type` the field's describe
    type.
    """

    path: str
    type: str


class QueryResult:
    """A query's answer. `records()` are nested dicts as REST sends them, `rows()` flat values in column
    order.

    Stored values: text, int, float, None; booleans 0/1; datetimes `2020-10-22T21:03:23.000+0000`, dates
    `YYYY-MM-DD`.
    """

    def __init__(self, store: Store, compiled: Compiled) -> None:
        self._store = store
        self.compiled = compiled

    @property
    def object(self) -> str:
        return self.compiled.kind.name

    @property
    def aggregate(self) -> bool:
        return self.compiled.aggregate

    @property
    def count_only(self) -> bool:
        return self.compiled.count_only

    @cached_property
    def total(self) -> int:
        inner = self.compiled.sql("1")
        sql = f"SELECT count(*) FROM ({inner})"
        return int(self._store.execute(sql, self.compiled.all_parameters).fetchone()[0])

    @property
    def columns(self) -> list[Column]:
        """The plain columns; compounds and subqueries are not among them."""
        made = [self.compiled.outputs[at] for at in self.compiled.shown if isinstance(at, int)]
        return [Column(".".join(output.names), output.type) for output in made]

    @property
    def is_flat(self) -> bool:
        """Whether Bulk can write it: no compounds, no subqueries."""
        return all(isinstance(at, int) for at in self.compiled.shown)

    def rows(self) -> Iterator[tuple[Any, ...]]:
        wanted = [self.compiled.outputs[at].sql for at in self.compiled.shown if isinstance(at, int)]
        return iter(self._store.execute(self.compiled.sql(", ".join(wanted)), self.compiled.all_parameters))

    def ids(self) -> list[str]:
        """The ids of all its records in order: what a cursor keeps."""
        sql = self.compiled.sql(f'{self.compiled.alias}."Id"')
        return [row[0] for row in self._store.execute(sql, self.compiled.all_parameters)]

    def records(self, version: str = "60.0") -> Iterator[dict[str, Any]]:
        if self.count_only:
            return
        made = self.compiled
        for row in self._store.execute(made.sql(made.columns), made.all_parameters):
            yield self._record(row, version)

    def records_of(self, ids: Sequence[str], version: str = "60.0") -> list[dict[str, Any]]:
        """The records of these ids, in this order; those that are gone are left out."""
        made = self.compiled
        marks = ", ".join("?" * len(ids))
        sql = f'SELECT {made.columns} FROM {made.from_sql} WHERE {made.alias}."Id" IN ({marks})'
        found = {row[0]: row for row in self._store.execute(sql, list(ids))}
        return [self._record(found[id], version) for id in ids if id in found]

    def _record(self, row: Row, version: str) -> dict[str, Any]:
        made = self.compiled
        root = f"/services/data/v{version}/sobjects"
        if made.aggregate:
            record: dict[str, Any] = {"attributes": {"type": "AggregateResult"}}
        else:
            record = {"attributes": {"type": self.object, "url": f"{root}/{self.object}/{row[0]}"}}
        for at in made.shown:
            if isinstance(at, int):
                output = made.outputs[at]
                self._put(record, output.names, to_json(row[at], output.type), row, root)
            elif isinstance(at, Compound):
                values = {key: row[part] for key, part in at.parts.items()}
                empty = all(value is None for value in values.values())
                self._put(record, at.names, None if empty else values, row, root)
            else:
                record[at] = self._children(at, row[0], version)
        return record

    def _put(self, record: dict[str, Any], names: tuple[str, ...], value: Any, row: Row, root: str) -> None:
        """Sets a value inside its parents; a parent that is not there is a null."""
        for depth, name in enumerate(names[:-1], 1):
            parent = self.compiled.parents.get(names[:depth])
            if parent is not None and name not in record:
                record[name] = self._parent(names[:depth], row, root)
            if record[name] is None:
                return
            record = record[name]
        record[names[-1]] = value

    def _parent(self, names: tuple[str, ...], row: Row, root: str) -> dict[str, Any] | None:
        parent = self.compiled.parents[names]
        id = row[parent.id_at]
        if id is None:
            return None
        type = parent.entity if parent.type_at is None else row[parent.type_at]
        return {"attributes": {"type": parent.entity, "url": f"{root}/{type}/{id}"}}

    def _children(self, name: str, parent_id: str, version: str) -> dict[str, Any] | None:
        compiled, link = self.compiled.children[name]
        child = QueryResult(self._store, compiled)
        sql = compiled.sql(compiled.columns, f'{compiled.alias}."{link}" = ?')
        # the link's mark comes after the WHERE's own and before none: a child query is never grouped
        rows = self._store.execute(sql, [*compiled.parameters, parent_id]).fetchall()
        if not rows:
            return None
        records = [child._record(row, version) for row in rows]
        return {"totalSize": len(records), "done": True, "records": records}


def to_json(value: Any, type: str) -> Any:
    """A stored value as JSON has it."""
    return bool(value) if type == "boolean" and value is not None else value
