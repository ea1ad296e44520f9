"""Rows put straight into the tables, for seeds and benchmarks: no rule is asked, what is missing is filled
in.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from sandbox.rules.derived import defaults, person_name
from sandbox.rules.values import load
from sandbox.schema.objects import ObjectType
from sandbox.stamps import stamp

if TYPE_CHECKING:
    from sandbox.org import Org

BATCH = 5_000
Row = Mapping[str, Any]


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
    readers = {}
    for name in set().union(*batch):
        field = kind.field(name)
        if name != "_visible_at" and field is None:
            raise KeyError(f"{kind.name} has no field {name}")
        if field is None or (field.stored and not field.formula):
            readers[name] = field
    template: dict[str, Any] = {}
    defaults(kind, template)
    fixed = {name: value for name, value in template.items() if value is not None}
    fresh = iter(org.store.next_ids(kind.prefix, sum(1 for row in batch if not row.get("Id"))))
    return [_one(org, kind, row, readers, fixed, fresh) for row in batch]


def _one(
    org: "Org",
    kind: ObjectType,
    row: Row,
    readers: Mapping[str, Any],
    fixed: Mapping[str, Any],
    fresh: Iterator[str],
) -> dict[str, Any]:
    made = dict(fixed)
    for name, value in row.items():
        if name not in readers:
            continue
        field = readers[name]
        if field is None:
            made[name] = stamp(value) if value is not None else None
        elif value is not None:
            made[field.name] = load(field, value)
    if not made.get("Id"):
        made["Id"] = next(fresh)
    if "Name" not in made:
        person_name(kind, made)
    return _stamped(org, kind, made)


def _stamped(org: "Org", kind: ObjectType, made: dict[str, Any]) -> dict[str, Any]:
    for name, like in (
        ("CreatedDate", None),
        ("LastModifiedDate", "CreatedDate"),
        ("SystemModstamp", "LastModifiedDate"),
    ):
        if kind.has(name) and not made.get(name):
            made[name] = (made.get(like) if like else None) or org.stamp()
    for name in ("CreatedById", "LastModifiedById", "OwnerId"):
        if kind.has(name) and not made.get(name):
            made[name] = org.setting("admin_id")
    return made
