"""An event with people invited to it is a group event; each is invited once."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sandbox.errors import ApiError
from sandbox.ids import to15
from sandbox.schema.objects import ObjectType

if TYPE_CHECKING:
    from sandbox.org import Org

INVITATION = "EventRelation"
OTHERS = """SELECT "Id" FROM "EventRelation"
             WHERE "EventId" = ? AND "IsDeleted" = 0 AND "Id" != ? AND ? IN ("RelationId", '')"""


def check(org: "Org", kind: ObjectType, row: Mapping[str, Any]) -> None:
    if kind.name != INVITATION:
        return
    twice = org.store.execute(OTHERS, [row["EventId"], row["Id"], row["RelationId"]]).fetchone()
    if twice:
        message = f"duplicate value found: RelationId duplicates value on record with id: {to15(twice[0])}"
        raise ApiError(400, "DUPLICATE_VALUE", message, [])


def keep_marked(org: "Org", kind: ObjectType, row: Mapping[str, Any]) -> None:
    """After an invitation came or went."""
    events = org.registry.find("Event")
    if kind.name != INVITATION or events is None:
        return
    some = org.store.execute(OTHERS, [row["EventId"], "", ""]).fetchone() is not None
    org.store.update(events, row["EventId"], {"IsGroupEvent": int(some), "SystemModstamp": org.stamp()})
