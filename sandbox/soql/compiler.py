"""A parsed query as SQL, and the plan by which its rows become records."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.errors import ApiError, invalid_type
from sandbox.schema.fields import Field
from sandbox.schema.objects import ObjectType
from sandbox.soql import errors
from sandbox.soql.conditions import Conditions
from sandbox.soql.functions import AGGREGATES, Operand, operand
from sandbox.soql.scope import Context, Node, Resolved, Scope
from sandbox.soql.tree import Call, Condition, Macro, Order, Path, Query, Selected
from sandbox.store import quoted

FIELDS_LIMIT = 200


@dataclass(frozen=True)
class Output:
    """One selected column: its path in the describe's spelling, its SQL and its type."""

    names: tuple[str, ...]
    sql: str
    type: str


@dataclass(frozen=True)
class Compound:
    """An address: the outputs of its parts, by the key each has in JSON."""

    names: tuple[str, ...]
    parts: dict[str, int]


@dataclass(frozen=True)
class Parent:
    """A parent in the select list, with the outputs that hold its id and its type."""

    names: tuple[str, ...]
    entity: str
    id_at: int
    type_at: int | None


@dataclass
class Compiled:
    """SQL in parts. `outputs` beyond `shown` are only there to build records (ids of parents, parts of
    addresses).
    """

    kind: ObjectType
    from_sql: str
    where: str
    parameters: list[Any]
    order: str = ""
    group: str = ""
    having: str = ""
    having_parameters: list[Any] = field(default_factory=list)
    limit: int | None = None
    offset: int = 0
    outputs: list[Output] = field(default_factory=list)
    shown: list[int | Compound | str] = field(default_factory=list)
    parents: dict[tuple[str, ...], Parent] = field(default_factory=dict)
    children: "dict[str, tuple[Compiled, str]]" = field(default_factory=dict)
    aggregate: bool = False
    count_only: bool = False
    alias: str = "t0"

    def sql(self, columns: str, extra: str = "", sliced: bool = True) -> str:
        where = f"{self.where} AND {extra}" if extra else self.where
        words = [f"SELECT {columns} FROM {self.from_sql} WHERE {where}", self.group, self.having, self.order]
        if sliced and (self.limit is not None or self.offset):
            words.append(f"LIMIT {-1 if self.limit is None else self.limit} OFFSET {self.offset}")
        return " ".join(word for word in words if word)

    @property
    def columns(self) -> str:
        return ", ".join(output.sql for output in self.outputs) or "1"

    @property
    def all_parameters(self) -> list[Any]:
        return [*self.parameters, *self.having_parameters]


class Compiler:
    """Compiles one query and those inside it."""

    def __init__(self, context: Context, tree: Query, kind: ObjectType, all_rows: bool) -> None:
        self.context = context
        self.tree = tree
        self.all_rows = all_rows or tree.all_rows
        self.scope = Scope(context, kind, tree.text, tree.alias)
        self.made = Compiled(kind, "", "", [], limit=tree.limit, offset=tree.offset, alias=self.scope.alias)
        self._ids: dict[tuple[str, ...], int] = {}

    def compile(self) -> Compiled:
        tree, made = self.tree, self.made
        calls = [each.what for each in tree.selected if isinstance(each.what, Call)]
        made.aggregate = bool(tree.group_by) or any(call.name in AGGREGATES for call in calls)
        made.count_only = len(tree.selected) == 1 and bool(calls) and str(calls[0]) == "COUNT()"
        if made.count_only:
            made.aggregate = False
        elif made.aggregate:
            self._select_aggregates()
        else:
            self._id_of(self.scope.root)
            for each in tree.selected:
                self._select(each)
        self._where()
        self._group()
        made.order = self._order(tree.order_by)
        made.from_sql = self.scope.from_sql
        return made

    # what is selected
    def _select(self, each: Selected) -> None:
        if isinstance(each.what, Query):
            self._select_children(each.what)
        elif isinstance(each.what, Macro):
            for one in self._expand(each.what):
                self._select_path(Path((one.name,), each.what.at))
        elif isinstance(each.what, Path):
            self._select_path(each.what)
        else:
            found = operand(self.scope, each.what)
            name = each.alias or found.name
            self.made.shown.append(self._output((name,), found.sql, found.type))

    def _select_path(self, path: Path) -> None:
        found = self.scope.resolve(path)
        shown = [self.made.outputs[at].names for at in self.made.shown if isinstance(at, int)]
        if found.names in shown:
            raise ApiError(400, "INVALID_FIELD", f"duplicate field selected: {path}")
        self._parents_of(found.node)
        if found.of is not None and not found.of.stored:
            self.made.shown.append(self._compound(found))
        else:
            self.made.shown.append(self._output(found.names, found.sql, found.type))

    def _output(self, names: tuple[str, ...], sql: str, type: str) -> int:
        self.made.outputs.append(Output(names, sql, type))
        return len(self.made.outputs) - 1

    def _compound(self, found: Resolved) -> Compound:
        kind, alias = found.node.alternatives[0]
        prefix = found.names[-1].removesuffix("Address")
        parts: dict[str, int] = {}
        for each in kind.components(found.names[-1]):
            key = each.name.removeprefix(prefix)
            sql = f"{alias}.{quoted(each.name)}"
            parts[key[:1].lower() + key[1:]] = self._output((*found.names, key), sql, each.type)
        return Compound(found.names, parts)

    def _id_of(self, node: Node) -> int:
        if node.path not in self._ids:
            self._ids[node.path] = self._output((*node.path, "Id"), node.id_sql, "id")
        return self._ids[node.path]

    def _parents_of(self, node: Node) -> None:
        for depth in range(1, len(node.path) + 1):
            names = node.path[:depth]
            if names in self.made.parents:
                continue
            found = self.scope.resolve(Path((*names, "Id"), 0)).node
            type_at = None
            if len(found.alternatives) > 1:
                type_at = self._output((*names, "Type"), found.type_sql, "string")
            self.made.parents[names] = Parent(names, found.entity, self._id_of(found), type_at)

    def _expand(self, macro: Macro) -> list[Field]:
        if macro.scope not in {"ALL", "STANDARD", "CUSTOM"}:
            raise errors.malformed(f"unexpected token: '{macro.scope}'")
        if macro.scope != "STANDARD" and (self.tree.limit is None or self.tree.limit > FIELDS_LIMIT):
            raise errors.malformed(f"The SOQL FIELDS function must have a LIMIT of at most {FIELDS_LIMIT}")
        wanted = {"ALL": {True, False}, "STANDARD": {False}, "CUSTOM": {True}}[macro.scope]
        kind = self.made.kind
        found = [each for each in kind.fields.values() if each.says("custom") in wanted]
        found = [each for each in found if self.scope.visible(kind, each.name)]
        if not found:
            raise errors.malformed("The SOQL FIELDS function must return at least one field")
        return found

    def _select_children(self, inner: Query) -> None:
        relation = self.made.kind.child(inner.object.split(".")[-1])
        child = relation and self.context.registry.find(relation["childSObject"])
        if not relation or not child:
            raise errors.no_relationship(self.tree.text, inner.object_at, inner.object)
        compiled = Compiler(self.context, inner, child, self.all_rows).compile()
        name = str(relation["relationshipName"])
        self.made.children[name] = (compiled, str(relation["field"]))
        self.made.shown.append(name)

    def _select_aggregates(self) -> None:
        grouped = {operand(self.scope, each).sql for each in self.tree.group_by}
        unnamed = 0
        for each in self.tree.selected:
            if not isinstance(each.what, Path | Call):
                raise errors.malformed("Grouped query cannot use subqueries or FIELDS()")
            found = operand(self.scope, each.what)
            aggregate = isinstance(each.what, Call) and each.what.name in AGGREGATES
            if not aggregate and found.sql not in grouped:
                raise errors.malformed(f"Field must be grouped or aggregated: {found.name}")
            name = each.alias or (found.name if isinstance(each.what, Path) else None)
            if name is None:
                name, unnamed = f"expr{unnamed}", unnamed + 1
            self.made.shown.append(self._output((name,), found.sql, found.type))

    # the rest
    def _conditions(self) -> Conditions:
        return Conditions(
            lambda what: operand(self.scope, what), self._subquery, self.tree.text, self.context.today
        )

    def _where(self) -> None:
        kind, alias, made = self.made.kind, self.scope.alias, self.made
        tests = [f'({alias}."_visible_at" IS NULL OR {alias}."_visible_at" <= ?)']
        made.parameters.append(self.context.now)
        if not self.all_rows:
            tests += [f"{alias}.{quoted(n)} = 0" for n in ("IsDeleted", "IsArchived") if kind.has(n)]
        if self.context.hides_rows(kind.name):
            hidden = "SELECT id FROM _hidden_row WHERE user_id = ? AND object = ?"
            tests.append(f'{alias}."Id" NOT IN ({hidden})')
            made.parameters += [self.context.user_id, kind.name]
        if self.tree.where is not None:
            tests.append(self._condition(self.tree.where, made.parameters))
        made.where = " AND ".join(tests)

    def _condition(self, condition: Condition, into: list[Any]) -> str:
        conditions = self._conditions()
        sql = conditions.sql(condition)
        into.extend(conditions.parameters)
        return sql

    def _subquery(self, inner: Query) -> tuple[str, list[Any]]:
        kind = self.context.registry.find(inner.object)
        if kind is None:
            raise _unknown_type(inner)
        made = Compiler(self.context, inner, kind, self.all_rows).compile()
        at = next(at for at in made.shown if isinstance(at, int))
        column = made.outputs[at].sql
        return made.sql(column, f"{column} IS NOT NULL"), made.all_parameters

    def _group(self) -> None:
        if self.tree.group_by:
            found = [operand(self.scope, each) for each in self.tree.group_by]
            for each in found:
                if not each.groupable:
                    raise errors.malformed(f"field '{each.name}' can not be grouped in a query call")
            self.made.group = "GROUP BY " + ", ".join(each.sql for each in found)
        if self.tree.having is not None:
            self.made.having = "HAVING " + self._condition(self.tree.having, self.made.having_parameters)

    def _order(self, orders: list[Order]) -> str:
        return "ORDER BY " + ", ".join(self._one_order(each) for each in orders) if orders else ""

    def _one_order(self, order: Order) -> str:
        found: Operand = operand(self.scope, order.by)
        if not found.sortable:
            reason = f"field '{found.name}' can not be sorted in a query call"
            raise errors.at(self.tree.text, order.by.at, "MALFORMED_QUERY", reason)
        direction = "DESC" if order.descending else "ASC"
        # nulls come first by default, either way round; SQLite puts them last in a descending order
        nulls = ""
        if order.descending != order.nulls_last:
            nulls = " NULLS LAST" if order.nulls_last else " NULLS FIRST"
        return f"{found.sql} {direction}{nulls}"


def _unknown_type(tree: Query) -> ApiError:
    reason = invalid_type(tree.object).message
    return errors.at(tree.text, tree.object_at, "INVALID_TYPE", reason)


def compile_query(tree: Query, context: Context, *, all_rows: bool = False) -> Compiled:
    """The query's SQL as one user may see it. Raises ApiError with the place of the mistake."""
    kind = context.registry.find(tree.object)
    if kind is None or not kind.says("queryable"):
        raise _unknown_type(tree)
    return Compiler(context, tree, kind, all_rows).compile()
