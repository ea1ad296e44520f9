"""The stand-in org: one SQLite file, and the one entry for every read and write of its records."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sandbox import customizing, founding
from sandbox.errors import ApiError, not_found
from sandbox.ids import is_id, to18
from sandbox.loading import load_rows
from sandbox.rules import removal, saving, values
from sandbox.rules.own_rules import DuplicateRule, RuleBook, ValidationRule
from sandbox.rules.saving import MultipleMatches
from sandbox.schema.objects import ObjectType
from sandbox.schema.registry import Registry, load
from sandbox.soql.compiler import compile_query
from sandbox.soql.parser import parse
from sandbox.soql.result import Column, QueryResult, to_json
from sandbox.soql.scope import Context
from sandbox.stamps import stamp
from sandbox.store import Store, quoted
from sandbox.write_options import DEFAULTS, WriteOptions

__all__ = ["Column", "MultipleMatches", "Org", "QueryResult"]

Clock = Callable[[], datetime]
Values = Mapping[str, Any]
_END_OF_TIME = "9999"
_NO_STAGE = {"IsClosed": 0, "IsWon": 0, "DefaultProbability": 0.0, "ForecastCategoryName": "Pipeline"}


class Org(customizing.Customizing):
    """Thread-safe. Values go in and come out as JSON has them; errors are `sandbox.errors.ApiError`.

    What a person sets up in Salesforce (fields, record types, rules) is in the base class.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.registry = Registry()
        self.rules = RuleBook(store)

    @classmethod
    def open(
        cls,
        path: Path | str,
        *,
        clock: Clock,
        standard: bool = True,
        organization_id: str | None = None,
        name: str = "Sandbox Org",
    ) -> "Org":
        """The org in a file; a new file gets the standard objects (`standard=False`: only User and the
        like).
        """
        org = cls(Store(path), clock)
        for (definition,) in org.store.execute("SELECT definition FROM _object ORDER BY rowid"):
            org.registry.put(load(definition))
        for user_id, object, field in org.store.execute("SELECT user_id, object, field FROM _hidden_field"):
            hidden = org.registry.hidden_from(object, user_id)
            org.registry.hidden[object, user_id] = hidden | {field}
        org.rules.reload()
        if not list(org.registry):
            founding.found(org, standard=standard, organization_id=organization_id, name=name)
        return org

    def close(self) -> None:
        self.store.close()

    @property
    def id(self) -> str:
        """The organization's own id (00D…)."""
        return str(self.store.setting("organization_id"))

    @property
    def admin_id(self) -> str:
        """The first user, a system administrator."""
        return str(self.store.setting("admin_id"))

    def stamp(self) -> str:
        """The org's time, as its stamps have it."""
        return stamp(self.clock())

    def setting(self, name: str) -> str | None:
        return self.store.setting(name)

    def set_setting(self, name: str, value: str | None) -> None:
        """Behaviours by name: `duplicate_result_key` (duplicateResut | duplicateResult; unset: by API
        version),
        `refuse_inactive_owners` ("true"), `assignment_owner.Lead` (a user or queue id), `page_rows` (a cap on
        query pages)."""
        with self.transaction():
            self.store.execute("DELETE FROM _setting WHERE name = ?", [name])
            if value is not None:
                self.store.set_setting(name, value)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything written inside happens or nothing does; nests as savepoints."""
        with self.store.transaction():
            yield

    # writing
    def insert(self, object: str, values: Values, *, user_id: str, options: WriteOptions = DEFAULTS) -> str:
        kind = self.registry.get(object)
        return saving.insert(self, kind, values, user_id=user_id, options=options)

    def update(
        self, object: str, id: str, values: Values, *, user_id: str, options: WriteOptions = DEFAULTS
    ) -> None:
        saving.update(self, self.registry.get(object), id, values, user_id=user_id, options=options)

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
        """The id and whether it was created. Raises MultipleMatches (300) when several rows have it."""
        kind = self.registry.get(object)
        return saving.upsert(self, kind, field, value, values, user_id=user_id, options=options)

    def match(self, object: str, field: str, value: str, *, user_id: str) -> list[str]:
        """The ids of live rows with an external id. NOT_FOUND when the field is none."""
        return saving.match(self, self.registry.get(object), field, value, user_id=user_id)

    def delete(self, object: str, id: str, *, user_id: str) -> None:
        removal.delete(self, self.registry.get(object), id, user_id)

    def undelete(self, object: str, id: str, *, user_id: str) -> None:
        removal.undelete(self, self.registry.get(object), id, user_id)

    def purge(self, object: str, id: str) -> None:
        """Past the recycle bin: queryAll no longer has it, getDeleted still tells of it."""
        removal.purge(self, self.registry.get(object), id)

    def raw_insert(self, object: str, rows: Iterable[Values]) -> list[str]:
        """Loads rows past every rule, and returns their ids. May set Id, IsDeleted, stamps, MasterRecordId,
        Converted…, `_visible_at` (a datetime); what is missing gets its default. Much faster than insert."""
        return load_rows(self, self.registry.get(object), rows)

    def raw_update(self, object: str, id: str, changes: Values) -> None:
        """Sets values past every rule and stamps nothing by itself: a bump of SystemModstamp alone, say."""
        kind = self.registry.get(object)
        loaded = {}
        for name, value in changes.items():
            field = kind.field(name)
            if field is None:
                raise ApiError(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {object}")
            loaded[field.name] = values.load(field, value)
        with self.transaction():
            self.store.update(kind, to18(id) if is_id(id) else id, loaded)

    def show_at(self, object: str, id: str, when: datetime | None) -> None:
        """Holds a row back from readers until then: a commit that comes late, under its older stamps."""
        with self.transaction():
            kind = self.registry.get(object)
            self.store.update(kind, id, {"_visible_at": None if when is None else stamp(when)})

    def hide_row(self, object: str, id: str, *, user_id: str, hidden: bool = True) -> None:
        """Sharing lost: the row exists, this user does not see it."""
        with self.transaction():
            sql = "INSERT OR IGNORE INTO _hidden_row VALUES (?, ?, ?)"
            if not hidden:
                sql = "DELETE FROM _hidden_row WHERE user_id = ? AND object = ? AND id = ?"
            self.store.execute(sql, [user_id, self.registry.get(object).name, id])

    def hidden_rows(self, id: str | None = None) -> list[tuple[str, str, str]]:
        """Object, id and the user who doesn't see the row; of one row or all."""
        sql = "SELECT object, id, user_id FROM _hidden_row WHERE ? IS NULL OR id = ? ORDER BY object, id, user_id"
        return [tuple(row) for row in self.store.execute(sql, [id, id])]

    # reading
    def query(
        self, soql: str, *, user_id: str, all_rows: bool = False, committed: bool = True
    ) -> QueryResult:
        """Compiles at once (errors come here), reads when asked. `committed=False` sees rows held back,
        too.
        """
        context = Context(
            self.registry,
            user_id,
            self.stamp() if committed else _END_OF_TIME,
            self.clock().date(),
            lambda object: self._hides_rows(object, user_id),
        )
        return QueryResult(self.store, compile_query(parse(soql), context, all_rows=all_rows))

    def _hides_rows(self, object: str, user_id: str) -> bool:
        sql = "SELECT 1 FROM _hidden_row WHERE user_id = ? AND object = ? LIMIT 1"
        return self.store.execute(sql, [user_id, object]).fetchone() is not None

    def get(
        self, object: str, id: str, fields: list[str] | None = None, *, user_id: str, version: str = "60.0"
    ) -> dict[str, Any]:
        """One live record as REST sends it, all fields unless named. NOT_FOUND, ENTITY_IS_DELETED."""
        kind = self.registry.get(object)
        found = self.get_many(object, [id], fields, user_id=user_id, version=version)[0]
        if found is not None:
            return found
        row = self.store.row(kind, to18(id) if is_id(id) else id)
        if row is not None and row.get("IsDeleted"):
            raise ApiError(404, "ENTITY_IS_DELETED", "entity is deleted", [])
        if not is_id(id):
            raise ApiError(400, "MALFORMED_ID", f"malformed id {id}")
        raise not_found()

    def get_many(
        self,
        object: str,
        ids: list[str],
        fields: list[str] | None = None,
        *,
        user_id: str,
        version: str = "60.0",
    ) -> list[dict[str, Any] | None]:
        """Live records in the order of their ids, None where there is none. INVALID_FIELD for unknown
        fields.
        """
        kind = self.registry.get(object)
        names = fields or [f.name for f in self._visible(kind, user_id)]
        wanted = [to18(id) if is_id(id) else id for id in ids]
        quoted_ids = ", ".join(
            "'" + id.replace("\\", "").replace("'", "") + "'" for id in dict.fromkeys(wanted)
        )
        soql = f"SELECT {', '.join(dict.fromkeys(names))} FROM {kind.name} WHERE Id IN ({quoted_ids})"
        try:
            result = self.query(soql, user_id=user_id)
        except ApiError as error:
            if error.code == "INVALID_QUERY_FILTER_OPERATOR":
                return [None] * len(ids)
            raise
        seen = {record["attributes"]["url"].rsplit("/", 1)[1]: record for record in result.records(version)}
        return [seen.get(id) for id in wanted]

    def _visible(self, kind: ObjectType, user_id: str) -> list[Any]:
        hidden = self.registry.hidden_from(kind.name, user_id)
        return [field for field in kind.fields.values() if field.name not in hidden]

    def describe(self, object: str, *, user_id: str | None = None, version: str = "60.0") -> dict[str, Any]:
        """The full describe, without the fields hidden from the user."""
        kind = self.registry.get(object)
        hidden = self.registry.hidden_from(kind.name, user_id)
        return kind.describe(f"/services/data/v{version}", hidden)

    def describe_global(self, *, version: str = "60.0") -> dict[str, Any]:
        kinds = sorted(self.registry, key=lambda kind: kind.name)
        brief = [kind.brief(f"/services/data/v{version}") for kind in kinds]
        return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": brief}

    def count(self, object: str) -> int:
        """How many rows there are outside the bin."""
        kind = self.registry.get(object)
        alive = ' WHERE "IsDeleted" = 0' if kind.has("IsDeleted") else ""
        return int(self.store.execute(f"SELECT count(*) FROM {quoted(kind.name)}{alive}").fetchone()[0])

    # what rules ask
    def stage(self, name: str | None) -> Mapping[str, Any]:
        """The OpportunityStage of that name; for one that is none, an open stage without probability."""
        found = self._first("OpportunityStage", "ApiName", name)
        return found or _NO_STAGE

    def listed(self, object: str, name: str | None, column: str) -> bool:
        """A yes or no of TaskStatus or TaskPriority."""
        found = self._first(object, "ApiName", name)
        return bool(found and found[column])

    def parent_account(self, id: str | None) -> str | None:
        """The account of a contact or an opportunity."""
        kind = self.registry.with_prefix(id) if id else None
        if kind is None or id is None or not kind.has("AccountId"):
            return None
        row = self.store.row(kind, id)
        return None if row is None else row["AccountId"]

    def _first(self, object: str, column: str, value: Any) -> dict[str, Any] | None:
        kind = self.registry.find(object)
        if kind is None or value is None:
            return None
        sql = f'SELECT "Id" FROM {quoted(object)} WHERE {quoted(column)} = ?'
        found = self.store.execute(sql, [value]).fetchone()
        return self.store.row(kind, found[0]) if found else None

    # rules of its own
    def add_validation_rule(
        self, object: str, name: str, forbidden: str, message: str, field: str | None = None
    ) -> None:
        """`forbidden` is a SOQL condition no saved row may meet: `Amount > 1000000 AND NextStep = null`."""
        self.query(f"SELECT Id FROM {object} WHERE {forbidden}", user_id="")
        self.rules.put(self.registry.get(object).name, ValidationRule(name, forbidden, message, field))

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
        """`action` "alert" may be passed with allow_save, "block" may not. `against`: another object's
        rows.
        """
        rule = DuplicateRule(name, fields, action, message, against)
        self.rules.put(self.registry.get(object).name, rule)

    def remove_rule(self, object: str, name: str) -> None:
        self.rules.remove(self.registry.get(object).name, name)

    def to_json(self, object: str, field: str, value: Any) -> Any:
        """A stored value as JSON has it."""
        found = self.registry.get(object).field(field)
        return value if found is None else to_json(value, found.type)
