"""Records follow when a Salesforce owner turns out to be someone else here (spec O1).

Nothing changed in Salesforce, so no pull brings the records again, and nothing is sent. Whoever was given another
owner by a person keeps them. The owner changes first, with a note of the move (`OwnerMove`): what is pulled from then
on is theirs already, and the records that are here follow in batches. Until they have, they look as if somebody had
changed their owner here; so whoever compares both sides works the moves off first.
"""

import time
from dataclasses import dataclass
from typing import Any

from django.db import connection as database
from django.db import transaction
from psycopg import sql

from crm.catalogue import mappable_fields
from crm.journal import uncaptured
from crm.models import Account, Contact, Deal, User
from integrations.models import Connection, OwnerMove, SalesforceOwner
from mappings.catalogue import SALESFORCE_OBJECTS
from mappings.field_types import FieldType
from mappings.models import Direction, FieldMap

ORIGIN = "owners"
BATCH = 10_000
TABLES = {model.kind.value: model._meta.db_table for model in (Account, Contact, Deal)}

NEXT = """
SELECT max(id), count(*) FROM (
  SELECT l.id
    FROM integrations_recordlink l
    JOIN unnest(%(objects)s::text[], %(fields)s::text[]) AS m(object, field) ON m.object = l.salesforce_object
   WHERE l.connection_id = %(connection)s AND l.state = 'linked' AND l.base ->> m.field = %(owner)s
     AND l.id > %(after)s
   ORDER BY l.id LIMIT %(batch)s) batch"""
FOLLOW = """
WITH links AS MATERIALIZED (
  SELECT l.record_id FROM integrations_recordlink l
   WHERE l.connection_id = %(connection)s AND l.salesforce_object = %(object)s AND l.state = 'linked'
     AND l.id > %(after)s AND l.id <= %(upto)s AND l.base ->> %(field)s = %(owner)s
), theirs AS (
  SELECT r.id FROM links JOIN {table} r ON r.id = links.record_id WHERE {is_was}
   ORDER BY r.id FOR NO KEY UPDATE OF r
), moved AS (
  UPDATE {table} r SET {becomes} FROM theirs WHERE r.id = theirs.id RETURNING r.id
)
INSERT INTO crm_journalentry (kind, record_id, action, changes, origin, actor_id)
SELECT %(kind)s, id, 'updated',
       jsonb_build_object(%(key)s::text, jsonb_build_array(%(was)s::bigint, %(becomes)s::bigint)),
       %(origin)s, %(actor)s
  FROM moved"""
OWNER = {
    "is_was": "r.owner_id IS NOT DISTINCT FROM %(was)s::bigint",
    "becomes": "owner_id = %(becomes)s::bigint",
}
CUSTOM = {
    "is_was": "nullif(r.custom -> %(name)s, 'null') IS NOT DISTINCT FROM to_jsonb(%(was)s::bigint)",
    "becomes": "custom = jsonb_strip_nulls(custom || jsonb_build_object(%(name)s::text, %(becomes)s::bigint))",
}
"""A custom field that holds a user is one of the owner's too."""
COUNT = """
WITH links AS MATERIALIZED (
  SELECT l.record_id FROM integrations_recordlink l
   WHERE l.connection_id = %(connection)s AND l.salesforce_object = %(object)s AND l.state = 'linked'
     AND l.base ->> %(field)s = %(owner)s
)
SELECT count(*) FILTER (WHERE r.owner_id IS NOT DISTINCT FROM %(was)s::bigint), count(*)
  FROM links JOIN {table} r ON r.id = links.record_id"""


@dataclass(frozen=True, slots=True)
class Following:
    """Records of one object that a Salesforce owner has: those that follow, and those given to others here."""

    object: str
    follow: int
    stay: int


def hand_over(owner: SalesforceOwner, to: User | None, *, actor: User | None = None) -> None:
    """The Salesforce owner is `to` here from now on; `settle_moves` has the records follow.

    Up to ten thousand follow at once. Call it inside a transaction that took `change_owners` before the owner's row.
    """
    if owner.user == to:
        return
    move = OwnerMove.objects.create(
        connection_id=owner.connection_id,
        salesforce_id=owner.salesforce_id,
        was=owner.user,
        becomes=to,
        actor=actor,
    )
    owner.user = to
    owner.save(update_fields=["user"])
    if not OwnerMove.objects.filter(pk__lt=move.pk).exists():
        _follow(move)


def settle_moves(*, seconds: float | None = None) -> bool:
    """Have the records of all moves follow, a batch a transaction, for about `seconds`; True when all have."""
    ends_at = None if seconds is None else time.monotonic() + seconds
    while _next_batch():
        if ends_at is not None and time.monotonic() >= ends_at:
            return not OwnerMove.objects.exists()
    return True


def following(owner: SalesforceOwner) -> list[Following]:
    """How many records of each object would follow, if the owner were someone else; objects with none left out."""
    found = []
    for object_name, field in _owner_fields().items():
        table = sql.Identifier(TABLES[SALESFORCE_OBJECTS[object_name]])
        values = _values(owner.connection_id, owner.salesforce_id, owner.user_id)
        with database.cursor() as cursor:
            values |= {"object": object_name, "field": field}
            cursor.execute(sql.SQL(COUNT).format(table=table), values)
            follow, everything = cursor.fetchone() or (0, 0)
        if everything:
            found.append(Following(object_name, follow, everything - follow))
    return found


def owned(connection: Connection) -> dict[str, dict[str, int]]:
    """Salesforce owner → object → how many linked records it has there; looks at every link."""
    fields = _owner_fields()
    query = """
    SELECT l.base ->> m.field, l.salesforce_object, count(*)
      FROM integrations_recordlink l
      JOIN unnest(%(objects)s::text[], %(fields)s::text[]) AS m(object, field) ON m.object = l.salesforce_object
     WHERE l.connection_id = %(connection)s AND l.state = 'linked' AND l.base ->> m.field <> ''
     GROUP BY 1, 2"""
    values: dict[str, Any] = {
        "connection": connection.pk,
        "objects": list(fields),
        "fields": list(fields.values()),
    }
    counts: dict[str, dict[str, int]] = {}
    with database.cursor() as cursor:
        cursor.execute(query, values)
        for owner, object_name, number in cursor.fetchall():
            counts.setdefault(owner, {})[object_name] = number
    return counts


def _next_batch() -> bool:
    with transaction.atomic():
        move = OwnerMove.objects.select_for_update().order_by("pk").first()
        if move is not None:
            _follow(move)
        return move is not None


def _follow(move: OwnerMove) -> None:
    """One batch of the move, whose row is deleted with the last."""
    fields = _user_fields()
    values = _values(move.connection_id, move.salesforce_id, move.was_id) | {
        "objects": [field.object for field in fields],
        "fields": [field.salesforce for field in fields],
        "becomes": move.becomes_id,
        "actor": move.actor_id,
        "origin": ORIGIN,
        "after": move.done,
        "batch": BATCH,
    }
    with uncaptured(), database.cursor() as cursor:
        cursor.execute(NEXT, values)
        upto, number = cursor.fetchone() or (0, 0)
        for field in fields if number else ():
            cursor.execute(field.statement(), values | field.values() | {"upto": upto})
    if number < BATCH:
        move.delete()
    else:
        move.done = upto
        move.save(update_fields=["done"])


@dataclass(frozen=True, slots=True)
class UserField:
    """A mapped field that holds a Salesforce user there and one of ours here."""

    object: str
    salesforce: str
    key: str

    @property
    def kind(self) -> str:
        return SALESFORCE_OBJECTS[self.object]

    def statement(self) -> sql.Composable:
        parts = OWNER if self.key == "owner" else CUSTOM
        table = sql.Identifier(TABLES[self.kind])
        return sql.SQL(FOLLOW).format(table=table, **{name: sql.SQL(text) for name, text in parts.items()})

    def values(self) -> dict[str, Any]:
        name = self.key.removeprefix("custom.")
        return {
            "object": self.object,
            "field": self.salesforce,
            "kind": self.kind,
            "key": self.key,
            "name": name,
        }


def _user_fields() -> list[UserField]:
    holding = {
        kind: {key for key, field in mappable_fields(kind).items() if field.type == FieldType.USER}
        for kind in TABLES
    }
    rows = FieldMap.objects.filter(suspended="").exclude(direction=Direction.PUSH).order_by("pk")
    return [
        UserField(row.object, row.salesforce, row.field)
        for row in rows
        if row.field in holding[SALESFORCE_OBJECTS[row.object]]
    ]


def _owner_fields() -> dict[str, str]:
    """The Salesforce field that holds the owner, by object, where it is mapped."""
    return {field.object: field.salesforce for field in _user_fields() if field.key == "owner"}


def _values(connection_id: int, salesforce_id: str, was: int | None) -> dict[str, Any]:
    return {"connection": connection_id, "owner": salesforce_id, "was": was}
