"""A deal has one primary contact at most: who becomes it takes the mark from the others."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sandbox.schema.objects import ObjectType

if TYPE_CHECKING:
    from sandbox.org import Org


def keep_one_primary(
    org: "Org", kind: ObjectType, row: Mapping[str, Any], changed: Mapping[str, Any], user_id: str
) -> None:
    if kind.name != "OpportunityContactRole" or not changed.get("IsPrimary"):
        return
    sql = (
        'SELECT "Id" FROM "OpportunityContactRole"'
        ' WHERE "OpportunityId" = ? AND "IsPrimary" = 1 AND "IsDeleted" = 0 AND "Id" != ?'
    )
    now = org.stamp()
    marks = {"IsPrimary": 0, "LastModifiedDate": now, "LastModifiedById": user_id, "SystemModstamp": now}
    for (other,) in org.store.execute(sql, [row["OpportunityId"], row["Id"]]).fetchall():
        org.store.update(kind, other, marks)
