"""Records follow when a Salesforce owner turns out to be someone else here (spec O1).

Nothing changed in Salesforce, so no pull brings the records again, and nothing is sent. Whoever was given another
owner by a person keeps them. The owner changes first, with a note of the move (`OwnerMove`): what is pulled from then
on is theirs already, and the records that are here follow in batches. All moves are worked off together, since which
links an owner has is found by looking at each. A record that has yet to follow doesn't count as changed here
(`pull.merging_fields`), so that neither pulls nor pushes wait for it.
"""

import time
from collections.abc import Sequence
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

UPTO = """
SELECT max(id) FROM (
  SELECT id FROM integrations_recordlink WHERE id > %(after)s ORDER BY id LIMIT %(batch)s) batch"""
MOVED = """
  FROM integrations_recordlink l
  JOIN unnest(%(objects)s::text[], %(fields)s::text[]) AS f(object, field) ON f.object = l.salesforce_object
  JOIN integrations_ownermove m
    ON m.connection_id = l.connection_id AND m.salesforce_id = l.base ->> f.field AND l.id > m.done
 WHERE l.id > %(after)s AND l.id <= %(upto)s AND l.state = 'linked'"""
FOUND = f"SELECT DISTINCT f.object, f.field {MOVED}"
LOCK = f"""
SELECT r.id FROM {{table}} r WHERE r.id IN (SELECT l.record_id {MOVED}) ORDER BY r.id FOR NO KEY UPDATE"""
"""Before the links are read again: a pull or push that gives a record another owner holds this lock too."""
FOLLOW = f"""
WITH links AS MATERIALIZED (
  SELECT l.record_id, m.connection_id, m.salesforce_id, m.was_id {MOVED}
), theirs AS (
  SELECT DISTINCT r.id, {{ours}} AS was, last.becomes_id AS becomes, last.actor_id AS actor
    FROM links JOIN {{table}} r ON r.id = links.record_id AND {{ours}} IS NOT DISTINCT FROM to_jsonb(links.was_id)
   CROSS JOIN LATERAL (
     SELECT x.becomes_id, x.actor_id FROM integrations_ownermove x
      WHERE x.connection_id = links.connection_id AND x.salesforce_id = links.salesforce_id
      ORDER BY x.id DESC LIMIT 1) last
), moved AS (
  UPDATE {{table}} r SET {{becomes}} FROM theirs t
   WHERE r.id = t.id AND t.was IS DISTINCT FROM to_jsonb(t.becomes) RETURNING r.id, t.was, t.becomes, t.actor
)
INSERT INTO crm_journalentry (kind, record_id, action, changes, origin, actor_id)
SELECT %(kind)s, id, 'updated', jsonb_build_object(%(key)s::text, jsonb_build_array(was, becomes)),
       %(origin)s, actor
  FROM moved"""
"""Corrected twice, a record goes straight to whom the owner is now."""
OWNER = {"ours": "to_jsonb(r.owner_id)", "becomes": "owner_id = t.becomes"}
CUSTOM = {
    "ours": "nullif(r.custom -> %(name)s, 'null')",
    "becomes": "custom = jsonb_strip_nulls(custom || jsonb_build_object(%(name)s::text, t.becomes))",
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

    Call it inside a transaction that took `change_maps` before it locked the owner's row.
    """
    if owner.user == to:
        return
    OwnerMove.objects.create(
        connection_id=owner.connection_id,
        salesforce_id=owner.salesforce_id,
        was=owner.user,
        becomes=to,
        actor=actor,
    )
    owner.user = to
    owner.save(update_fields=["user"])


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
    """Look at the links that come next for any move, all moves at once; False where no move is left."""
    with transaction.atomic():
        moves = list(OwnerMove.objects.select_for_update().order_by("pk"))
        if not moves:
            return False
        theirs = OwnerMove.objects.filter(pk__in=[move.pk for move in moves])
        upto = _follow(after=min(move.done for move in moves))
        if upto is None:
            theirs.delete()
        else:
            theirs.filter(done__lt=upto).update(done=upto)
        return True


def _follow(*, after: int) -> int | None:
    """Records of the links after that one; the id of the last link looked at, None where there was none."""
    fields = _user_fields()
    values: dict[str, Any] = {"after": after, "batch": BATCH, "origin": ORIGIN} | _arrays(fields)
    with uncaptured(), database.cursor() as cursor:
        cursor.execute(UPTO, values)
        (upto,) = cursor.fetchone() or (None,)
        values["upto"] = upto
        cursor.execute(FOUND, values)
        found = set(cursor.fetchall())
        concerned = [field for field in fields if (field.object, field.salesforce) in found]
        for table in sorted({TABLES[field.kind] for field in concerned}):
            theirs = [field for field in concerned if TABLES[field.kind] == table]
            cursor.execute(sql.SQL(LOCK).format(table=sql.Identifier(table)), values | _arrays(theirs))
        for field in concerned:
            cursor.execute(field.statement(), values | field.values())
    return int(upto) if upto is not None else None


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
        return {"kind": self.kind, "key": self.key, "name": name} | _arrays([self])


def _arrays(fields: Sequence[UserField]) -> dict[str, Any]:
    return {
        "objects": [field.object for field in fields],
        "fields": [field.salesforce for field in fields],
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
