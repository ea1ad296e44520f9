"""Writing rows that answer for themselves, each undone alone when it fails: for collections and Bulk jobs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sandbox.errors import ApiError
from sandbox.fault_table import Effect
from sandbox.ids import is_id, to18
from sandbox.org import MultipleMatches, Org
from sandbox.rest.caller import Caller

Row = dict[str, Any]


@dataclass(frozen=True)
class RowWrite:
    """What is to be done with a row; `id` where the caller named one, `row` is what faults look at."""

    id: str | None
    row: Row
    do: Callable[[], Row]


@dataclass(frozen=True)
class RowWriter:
    """Writes for a caller, as a collection's rows have them: `attributes.type` says the object."""

    org: Org
    me: Caller

    def insert(self, row: Row) -> RowWrite:
        return RowWrite(None, row, partial(self._insert, row))

    def update(self, row: Row) -> RowWrite:
        return RowWrite(id_in(row), row, partial(self._update, row))

    def upsert(self, name: str, field: str, row: Row) -> RowWrite:
        return RowWrite(None, row, partial(self._upsert, name, field, row))

    def delete(self, id: str) -> RowWrite:
        return RowWrite(id, {"Id": id}, partial(self._delete, id))

    def _insert(self, row: Row) -> Row:
        return _saved(self.org.insert(type_in(row), row, user_id=self.me.user_id, options=self.me.options))

    def _update(self, row: Row) -> Row:
        id = id_in(row)
        if id is None:
            raise ApiError(400, "MISSING_ARGUMENT", "Id not specified in an update call", [])
        values = {name: value for name, value in row.items() if name.lower() != "id"}
        self.org.update(type_in(row), id, values, user_id=self.me.user_id, options=self.me.options)
        return _saved(to18(id) if is_id(id) else id)

    def _upsert(self, name: str, field: str, row: Row) -> Row:
        key = next((each for each in row if each.casefold() == field.casefold()), None)
        if key is None or row[key] in (None, ""):
            raise ApiError(400, "MISSING_ARGUMENT", f"{field} not specified", [])
        values = {each: value for each, value in row.items() if each != key}
        if field.casefold() == "id":
            return self._update({**row, "attributes": {"type": name}}) | {"created": False}
        me = self.me
        id, created = self.org.upsert(
            name, field, str(row[key]), values, user_id=me.user_id, options=me.options
        )
        return _saved(id, created)

    def _delete(self, id: str) -> Row:
        kind = self.org.registry.with_prefix(id)
        if kind is None or not is_id(id):
            raise ApiError(400, "MALFORMED_ID", f"malformed id {id}", [])
        self.org.delete(kind.name, id, user_id=self.me.user_id)
        return _saved(to18(id))


def written(org: Org, write: RowWrite, position: int, effect: Effect) -> Row:
    """The row's result as collections answer it; a refused row leaves nothing behind."""
    try:
        with org.transaction():
            refuse_by_fault(effect, position, write.id, write.row)
            return write.do()
    except ApiError as error:
        known = (
            {"id": to18(write.id)} if write.id and is_id(write.id) and error.code != "MALFORMED_ID" else {}
        )
        return {**known, "success": False, "errors": error.result_errors()}
    except MultipleMatches as several:
        message = f"Multiple records found: {', '.join(several.ids)}"
        refused = ApiError(300, "DUPLICATE_EXTERNAL_ID", message)
        return {"success": False, "errors": refused.result_errors()}


def refuse_by_fault(effect: Effect, position: int, id: str | None, row: Row) -> None:
    """Raises what the fault of this call has in store for the row at this position."""
    refused = effect.refusal(position, {id or "", *(str(value) for value in row.values())} - {""})
    if refused is not None:
        raise refused


def type_in(row: Row) -> str:
    return str((row.get("attributes") or {}).get("type") or "")


def id_in(row: Row) -> str | None:
    found = row.get("Id") or row.get("id")
    return str(found) if found else None


def _saved(id: str, created: bool | None = None) -> Row:
    result: Row = {"id": id, "success": True, "errors": []}
    return result if created is None else {**result, "created": created}
