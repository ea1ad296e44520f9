"""Which column a path means: follows lookups to parents, joining each once, as one user may see them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from itertools import count

from sandbox.errors import ApiError
from sandbox.schema.fields import Field
from sandbox.schema.objects import ObjectType
from sandbox.schema.registry import Registry
from sandbox.soql import errors
from sandbox.soql.tree import Path
from sandbox.store import quoted

MAX_LEVELS = 5
# what the Name object, behind which a polymorphic parent hides, offers (SOQL reference, "Name")
NAME_FIELDS = frozenset({"id", "name", "type", "email", "firstname", "lastname", "phone", "title"})
NAME_FIELDS |= {"alias", "username", "isactive", "profileid", "userroleid"}


@dataclass
class Context:
    """What a compilation needs to know: who asks, when, and of what schema."""

    registry: Registry
    user_id: str
    now: str
    today: date
    hides_rows: Callable[[str], bool]
    numbers: "count[int]" = field(default_factory=count)

    def alias(self) -> str:
        return f"t{next(self.numbers)}"


@dataclass
class Node:
    """An object in the query's FROM, or a parent reached from it; several alternatives when polymorphic."""

    alternatives: list[tuple[ObjectType, str]]
    path: tuple[str, ...] = ()

    @property
    def entity(self) -> str:
        return self.alternatives[0][0].name if len(self.alternatives) == 1 else "Name"

    @property
    def id_sql(self) -> str:
        return _first([f'{alias}."Id"' for _, alias in self.alternatives])

    @property
    def type_sql(self) -> str:
        cases = " ".join(
            f"WHEN {alias}.\"Id\" IS NOT NULL THEN '{kind.name}'" for kind, alias in self.alternatives
        )
        return f"CASE {cases} END"


@dataclass(frozen=True)
class Resolved:
    """A field in SQL. `names` is the path in the describe's spelling; `of` None for a polymorphic parent's
    Type.
    """

    node: Node
    names: tuple[str, ...]
    sql: str
    type: str
    of: Field | None

    @property
    def case_sensitive(self) -> bool:
        return self.of is not None and self.of.case_sensitive


class Scope:
    """One query's FROM and its joins."""

    def __init__(self, context: Context, kind: ObjectType, text: str, alias: str | None = None) -> None:
        self.context = context
        self.kind = kind
        self.text = text
        self.alias = context.alias()
        self._own_names = {kind.name.casefold(), (alias or kind.name).casefold()}
        self.root = Node([(kind, self.alias)])
        self._nodes: dict[tuple[str, ...], Node] = {(): self.root}
        self._joins: list[str] = []

    @property
    def from_sql(self) -> str:
        return " ".join([f"{quoted(self.kind.name)} {self.alias}", *self._joins])

    def resolve(self, path: Path) -> Resolved:
        """The column of a path. Raises INVALID_FIELD, placed in the query's text."""
        parts = list(path.parts)
        if len(parts) > 1 and parts[0].casefold() in self._own_names and not self._is_relation(parts[0]):
            parts = parts[1:]
        if len(parts) - 1 > MAX_LEVELS:
            reason = "SOQL relationships cannot be more than 5 levels deep"
            raise ApiError(400, "INVALID_FIELD", reason)
        node = self.root
        for name in parts[:-1]:
            node = self._parent(node, name, path)
        return self._field(node, parts[-1], path)

    def visible(self, kind: ObjectType, name: str) -> Field | None:
        return self.context.registry.field(kind, name, self.context.user_id)

    def _is_relation(self, name: str) -> bool:
        return self.kind.lookup(name) is not None

    def _parent(self, node: Node, name: str, path: Path) -> Node:
        key = (*node.path, name.casefold())
        if key in self._nodes:
            return self._nodes[key]
        links = [
            (link, alias)
            for kind, alias in node.alternatives
            if (link := kind.lookup(name)) and self.visible(kind, link.name)
        ]
        if not links:
            raise errors.no_relationship(self.text, path.at, name)
        link = links[0][0]
        targets = [found for each in link.reference_to if (found := self.context.registry.find(each))]
        if not targets:
            raise errors.no_relationship(self.text, path.at, name)
        made = Node([(each, self.context.alias()) for each in targets], (*node.path, str(link.relationship)))
        foreign = _first([f"{alias}.{quoted(each.name)}" for each, alias in links])
        for target, alias in made.alternatives:
            self._joins.append(f'LEFT JOIN {quoted(target.name)} {alias} ON {alias}."Id" = {foreign}')
        self._nodes[key] = made
        return made

    def _field(self, node: Node, name: str, path: Path) -> Resolved:
        if len(node.alternatives) > 1:
            return self._name_field(node, name, path)
        kind, alias = node.alternatives[0]
        found = self.visible(kind, name)
        if found is None:
            raise errors.no_column(self.text, path.at, name, kind.name)
        sql = f"{alias}.{quoted(found.name)}" if found.stored else "NULL"
        return Resolved(node, (*node.path, found.name), sql, found.type, found)

    def _name_field(self, node: Node, name: str, path: Path) -> Resolved:
        wanted = name.casefold()
        if wanted == "type":
            return Resolved(node, (*node.path, "Type"), node.type_sql, "string", None)
        having = [
            (found, alias)
            for kind, alias in node.alternatives
            if (found := self.visible(kind, name)) is not None
        ]
        if wanted not in NAME_FIELDS or not having:
            raise errors.no_column(self.text, path.at, name, "Name")
        sql = _first([f"{alias}.{quoted(found.name)}" for found, alias in having])
        return Resolved(node, (*node.path, having[0][0].name), sql, having[0][0].type, having[0][0])


def _first(expressions: list[str]) -> str:
    return expressions[0] if len(expressions) == 1 else f"coalesce({', '.join(expressions)})"
