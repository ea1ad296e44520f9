"""Deleting into the recycle bin with what hangs on the row, and taking it out again."""

from typing import TYPE_CHECKING, Any

from sandbox.errors import ApiError
from sandbox.ids import is_id, to18
from sandbox.rules import checks, invitations
from sandbox.rules.saving import existing
from sandbox.schema.objects import ObjectType
from sandbox.store import quoted

if TYPE_CHECKING:
    from sandbox.org import Org


def delete(org: "Org", kind: ObjectType, id: str, user_id: str) -> None:
    """Cascades and clears lookups as the describe's childRelationships say."""
    if not kind.says("deletable"):
        raise ApiError(400, "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", [])
    with org.transaction():
        row = existing(org, kind, id)
        _remove(org, kind, row["Id"], user_id, org.stamp())


def _remove(org: "Org", kind: ObjectType, id: str, user_id: str, now: str) -> None:
    for child, link, cascade, restrict in _children(org, kind):
        ids = _linked(org, child, link, id)
        if ids and restrict:
            message = (
                f"Your attempt to delete {kind.label} could not be completed because it is associated "
                "with the "
                f"following {child.attributes['labelPlural'].lower()}: {', '.join(ids[:5])}"
            )
            raise ApiError(400, "DELETE_FAILED", message, [])
        for child_id in ids:
            if cascade:
                _remove(org, child, child_id, user_id, now)
            else:
                org.store.update(child, child_id, {link: None, "SystemModstamp": now})
    gone = org.store.row(kind, id)
    if kind.has("IsDeleted"):
        marks: dict[str, Any] = {"IsDeleted": 1, "LastModifiedDate": now, "LastModifiedById": user_id}
        org.store.update(kind, id, {**marks, "SystemModstamp": now})
    else:
        purge(org, kind, id)
    if gone is not None:
        invitations.keep_marked(org, kind, gone)


def _children(org: "Org", kind: ObjectType) -> list[tuple[ObjectType, str, bool, bool]]:
    found = []
    for entry in kind.children:
        child = org.registry.find(entry["childSObject"])
        link = child and child.field(entry["field"])
        if child is None or not link or not (entry["cascadeDelete"] or _clearable(child, link.name)):
            continue
        found.append((child, link.name, entry["cascadeDelete"], entry["restrictedDelete"]))
    return found


def _clearable(child: ObjectType, name: str) -> bool:
    """A lookup a person could empty; what the system set (Converted…Id, MasterRecordId) stays as history."""
    link = child.field(name)
    return link is not None and link.says("updateable") and link.says("nillable") and link.stored


def _linked(org: "Org", child: ObjectType, link: str, id: str) -> list[str]:
    alive = ' AND "IsDeleted" = 0' if child.has("IsDeleted") else ""
    sql = f'SELECT "Id" FROM {quoted(child.name)} WHERE {quoted(link)} = ?{alive}'
    return [row[0] for row in org.store.execute(sql, [id])]


def undelete(org: "Org", kind: ObjectType, id: str, user_id: str) -> None:
    """Takes a row out of the bin with what was deleted along with it; it comes back unmerged.

    Raises DUPLICATE_VALUE when a unique value of it is another row's by now.
    """
    with org.transaction():
        row = org.store.row(kind, to18(id) if is_id(id) else id)
        if row is None or not row.get("IsDeleted"):
            message = "entity is not in the recycle bin"
            raise ApiError(400, "UNDELETE_FAILED", message, [])
        _restore(org, kind, row, user_id, org.stamp())


def _restore(org: "Org", kind: ObjectType, row: dict[str, Any], user_id: str, now: str) -> None:
    checks.unique(org, kind, row["Id"], row)
    marks: dict[str, Any] = {"IsDeleted": 0, "LastModifiedById": user_id, "LastModifiedDate": now}
    if kind.has("MasterRecordId"):
        marks["MasterRecordId"] = None
    org.store.update(kind, row["Id"], {**marks, "SystemModstamp": now})
    for child, link, cascade, _ in _children(org, kind):
        if not cascade or not child.has("IsDeleted"):
            continue
        sql = (
            f'SELECT "Id" FROM {quoted(child.name)} WHERE {quoted(link)} = ? AND "IsDeleted" = 1 '
            'AND "SystemModstamp" = ?'
        )
        for (child_id,) in org.store.execute(sql, [row["Id"], row["SystemModstamp"]]).fetchall():
            found = org.store.row(child, child_id)
            if found is not None:
                _restore(org, child, found, user_id, now)


def purge(org: "Org", kind: ObjectType, id: str) -> None:
    """Past the bin: the row is gone from queryAll, only getDeleted still tells of it."""
    with org.transaction():
        org.store.execute("INSERT OR REPLACE INTO _purged VALUES (?, ?, ?)", [kind.name, id, org.stamp()])
        org.store.remove(kind, id)
