"""Rows put straight into the tables, for seeds and benchmarks: no rule is asked, what is missing is filled
in.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from sandbox.rules.derived import defaults, person_name
from sandbox.rules.values import LOADERS
from sandbox.schema.objects import ObjectType
from sandbox.stamps import stamp

if TYPE_CHECKING:
    from sandbox.org import Org

BATCH = 5_000
# each stamp, and the one it follows where it is not given
_STAMPS = (("CreatedDate", ""), ("LastModifiedDate", "CreatedDate"), ("SystemModstamp", "LastModifiedDate"))
Row = Mapping[str, Any]
# the column a value goes to, and what makes it its stored form
Reader = tuple[str, Callable[[Any], Any] | None]


def load_rows(org: "Org", kind: ObjectType, rows: Iterable[Row]) -> list[str]:
    """The ids of the rows loaded, all in one transaction. Unknown names raise KeyError."""
    ids: list[str] = []
    with org.transaction():
        for batch in _batches(rows):
            made = _complete(org, kind, batch)
            names = sorted(set().union(*made))
            booleans = {name for name in names if (f := kind.field(name)) and f.type == "boolean"}
            org.store.insert_many(
                kind,
                names,
                ([row.get(name, 0 if name in booleans else None) for name in names] for row in made),
            )
            ids.extend(row["Id"] for row in made)
    return ids


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    source = iter(rows)
    while batch := list(islice(source, BATCH)):
        yield batch


def _complete(org: "Org", kind: ObjectType, batch: list[Row]) -> list[dict[str, Any]]:
    readers: dict[str, Reader] = {}
    for name in set().union(*batch):
        field = kind.field(name)
        if name == "_visible_at":
            readers[name] = (name, stamp)
        elif field is None:
            raise KeyError(f"{kind.name} has no field {name}")
        elif field.stored and not field.formula:
            readers[name] = (field.name, LOADERS.get(field.type))
    template: dict[str, Any] = {}
    defaults(kind, template)
    fixed = {name: value for name, value in template.items() if value is not None}
    now, admin = org.stamp(), org.setting("admin_id")
    people = {name: admin for name in ("CreatedById", "LastModifiedById", "OwnerId") if kind.has(name)}
    stamps = [pair for pair in _STAMPS if kind.has(pair[0])]
    fresh = iter(org.store.next_ids(kind.prefix, sum(1 for row in batch if not row.get("Id"))))
    made = []
    for row in batch:
        one = {**fixed, **people, **_read(row, readers)}
        for name, like in stamps:
            one[name] = one.get(name) or one.get(like) or now
        if not one.get("Id"):
            one["Id"] = next(fresh)
        if "Name" not in one:
            person_name(kind, one)
        made.append(one)
    return made


def _read(row: Row, readers: Mapping[str, Reader]) -> dict[str, Any]:
    """The row's values as stored; what is empty is left to the defaults."""
    read: dict[str, Any] = {}
    for name, value in row.items():
        if value is None or value == "" or name not in readers:
            continue
        column, loader = readers[name]
        read[column] = value if loader is None else loader(value)
    return read
