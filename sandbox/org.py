"""The stand-in org: one SQLite file, and the one entry for every read and write of its records and its schema."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sandbox.write_options import DEFAULTS, WriteOptions

Clock = Callable[[], datetime]
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """One selected column: `path` as asked (`Account.Owner.Name`), `type` the field's describe type."""

    path: str
    type: str


class QueryResult:
    """A query's answer. `records()` are nested dicts as REST sends them, `rows()` flat stored values in column order.

    Stored values: text, int, float, None; booleans 0/1; datetimes as `2020-10-22T21:03:23.000+0000`, dates
    `YYYY-MM-DD`.
    """

    total: int
    columns: list[Column]

    def rows(self) -> Iterator[tuple[Any, ...]]:
        raise NotImplementedError

    def records(self, version: str = "60.0") -> Iterator[dict[str, Any]]:
        raise NotImplementedError


class Org:
    """Thread-safe. Values go in and come out as JSON has them; errors are `sandbox.errors.ApiError`."""

    @classmethod
    def open(cls, path: Path | str, *, clock: Clock, standard: bool = True) -> "Org":
        """The org in a file, made with the standard objects when the file is new (`standard=False`: with none)."""
        raise NotImplementedError

    def close(self) -> None: ...

    # records
    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything written inside happens or nothing does; nests as savepoints."""
        raise NotImplementedError

    def insert(self, object: str, values: Values, *, user_id: str, options: WriteOptions = DEFAULTS) -> str:
        raise NotImplementedError

    def update(
        self, object: str, id: str, values: Values, *, user_id: str, options: WriteOptions = DEFAULTS
    ) -> None: ...

    def upsert(
        self,
        object: str,
        field: str,
        value: str,
        values: Values,
        *,
        user_id: str,
        options: WriteOptions = DEFAULTS,
    ) -> tuple[str, bool]:
        """The id and whether it was created. Raises MultipleMatches (300) when several rows have the value."""
        raise NotImplementedError

    def delete(self, object: str, id: str, *, user_id: str) -> None: ...

    def undelete(self, object: str, id: str, *, user_id: str) -> None: ...

    def get(self, object: str, id: str, fields: list[str] | None = None, *, user_id: str) -> dict[str, Any]:
        raise NotImplementedError

    def query(self, soql: str, *, user_id: str, all_rows: bool = False) -> QueryResult:
        raise NotImplementedError

    def raw_insert(self, object: str, rows: Iterable[Values]) -> list[str]:
        """Loads rows past every rule, and returns their ids. May set Id, IsDeleted, stamps, MasterRecordId,
        Converted*, `_visible_at`; what is missing gets its default. Much faster than insert."""
        raise NotImplementedError

    def raw_update(self, object: str, id: str, values: Values) -> None:
        """Sets stored values past every rule and stamps nothing by itself (SystemModstamp-only bumps)."""

    # schema
    def describe(self, object: str, *, user_id: str | None = None, version: str = "60.0") -> dict[str, Any]:
        raise NotImplementedError

    def describe_global(self, *, version: str = "60.0") -> dict[str, Any]:
        raise NotImplementedError

    def load_describe(self, source: Path | str | Mapping[str, Any]) -> str:
        """Makes (or replaces) an object from a describe's JSON and returns its name."""
        raise NotImplementedError

    def add_object(
        self, name: str, label: str, *, key_prefix: str, fields: Iterable[Values] = ()
    ) -> None: ...

    def add_field(self, object: str, name: str, type: str, **attributes: Any) -> None:
        """`add_field("Contact", "Lockstep_Id__c", "string", length=36, externalId=True, unique=True)`; picklist
        values as plain texts in `values=[…]`."""

    def change_field(self, object: str, name: str, **attributes: Any) -> None:
        """Sets describe attributes (`restrictedPicklist=True`, `type="double"`, `nillable=False`, `values=[…]`)."""

    def drop_field(self, object: str, name: str) -> None: ...

    def hide_field(self, object: str, name: str, *, user_id: str, hidden: bool = True) -> None:
        """Field-level security: for this user the field does not exist (`hidden=False` gives it back)."""

    def add_record_type(
        self, object: str, name: str, developer_name: str, *, picklists: Mapping[str, list[str]] | None = None
    ) -> str:
        raise NotImplementedError

    def add_validation_rule(
        self, object: str, name: str, forbidden: str, message: str, field: str | None = None
    ) -> None:
        """`forbidden` is a SOQL condition no saved row may meet: `Amount > 1000000 AND NextStep = null`."""

    def add_duplicate_rule(
        self,
        object: str,
        name: str,
        fields: list[str],
        *,
        action: str = "alert",
        message: str = "Use one of these records?",
        against: str | None = None,
    ) -> None:
        """`action` "alert" may be passed with allow_save, "block" may not. `against` another object's same fields."""

    def remove_rule(self, object: str, name: str) -> None: ...

    def hide_row(self, object: str, id: str, *, user_id: str, hidden: bool = True) -> None:
        """Sharing lost: the row exists, this user does not see it."""
