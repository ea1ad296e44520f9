"""A pull that reads a record we have just created there, before its answer came (spec C6).

What is surely ours is linked before the chunk is planned, so that it meets its record like any other. What
could be ours, while a create isn't decided, waits for the next pull.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection as database
from django.db.models import Exists, F, OuterRef
from psycopg import sql

from integrations.models import Connection, OutboxEntry, RecordLink, SyncedObject
from integrations.sync import push_errors
from integrations.sync.adopting import KEY_FIELDS, SLACK, Candidate, Create, pair
from integrations.sync.external_ids import FIELD
from integrations.sync.pull.plan import ObjectPlan
from integrations.sync.pull.staging import StagingTable

CREATED_BY = "CreatedById"
SENT = (OutboxEntry.State.IN_FLIGHT, OutboxEntry.State.UNKNOWN)

FOUND = """
SELECT DISTINCT ON (s."Id") s."Id", s."CreatedDate"::timestamptz, {columns}
  FROM {staging} s
 WHERE ({ours}) AND {where}
   AND NOT EXISTS (SELECT 1 FROM integrations_recordlink k
                    WHERE k.connection_id = {connection} AND k.salesforce_id = s."Id" OFFSET 0)
 ORDER BY s."Id", s.seq DESC"""
BY_FIELDS = 's."CreatedById" = ANY ({users}) AND s."CreatedDate"::timestamptz >= {since}'
BY_KEY = "lower(s.{key}) = ANY ({keys})"

ADOPT = """
WITH adopted AS (
  INSERT INTO integrations_recordlink (connection_id, salesforce_object, salesforce_id, kind, record_id, state,
         suppressed_by, base, match_key, linked_run)
  SELECT {connection}, {object}, a.salesforce_id, o.kind, o.record_id, 'linked', '', o.payload -> 'values', '', {run}
    FROM unnest({entries}::bigint[], {ids}::text[]) AS a(entry, salesforce_id)
    JOIN integrations_outboxentry o ON o.id = a.entry ORDER BY a.salesforce_id
  ON CONFLICT DO NOTHING RETURNING salesforce_id, record_id)
SELECT a.entry, adopted.record_id
  FROM adopted JOIN unnest({entries}::bigint[], {ids}::text[]) AS a(entry, salesforce_id) USING (salesforce_id)"""
"""Base is what was sent, so that the merge that follows sees what either side changed since."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A create on its way, with our key where the object has a field for it. `by`: the sync user then."""

    create: Create
    by: str
    key: str = field(repr=False)


class OwnCreates:
    """The creates of a plan's object, and what of them stands in staging."""

    def __init__(self, plan: ObjectPlan, staging: StagingTable) -> None:
        self.plan = plan
        self.staging = staging

    def adopt(self, first: int, until: int, *, now: datetime) -> list[str]:
        """Link what is surely ours; returns the Salesforce ids that wait for a create to be decided.

        Costs one small query while nothing is on its way.
        """
        sent = self._on_their_way()
        columns = self.staging.columns() if sent else []
        if CREATED_BY not in columns:
            return []
        keyed = {one.key: one.create for one in sent if one.key} if FIELD in columns else {}
        unkeyed = [one.create for one in sent if one.key not in keyed]
        ours = self._ours(keyed, unkeyed, {one.by for one in sent})
        if not self._found(columns, ours, sql.SQL("s.seq > {} AND s.seq <= {}").format(first, until)):
            return []
        # Twins may stand in other chunks: all that was read decides, whichever chunk is next.
        return self._decide(keyed, unkeyed, self._found(columns, ours, sql.SQL("true")), now)

    def _on_their_way(self) -> list[Sent]:
        links = RecordLink.objects.filter(
            connection=self.plan.connection_id, kind=self.plan.kind, state=RecordLink.State.LINKED
        )
        rows = OutboxEntry.objects.filter(
            ~Exists(links.filter(record_id=OuterRef("record_id"))),
            kind=self.plan.kind,
            state__in=SENT,
            payload__op="create",
            payload__object=self.plan.object,
            payload__has_key="sent_at",
        )
        return [
            Sent(
                Create(id, datetime.fromisoformat(payload["sent_at"]), _sent(payload)),
                str(payload.get("sent_by") or ""),
                _key(payload),
            )
            for id, payload in rows.values_list("pk", "payload")
            if payload
        ]

    def _ours(self, keyed: dict[str, Create], unkeyed: list[Create], users: set[str]) -> sql.Composable:
        ways: list[sql.Composable] = []
        if keyed:
            ways.append(sql.SQL(BY_KEY).format(key=sql.Identifier(FIELD), keys=sql.Literal(list(keyed))))
        if unkeyed:
            user = Connection.objects.values_list("sync_user_id", flat=True).get(pk=self.plan.connection_id)
            since = min(create.sent_at for create in unkeyed) - SLACK
            ways.append(
                sql.SQL(BY_FIELDS).format(users=sql.Literal(sorted(users | {user})), since=sql.Literal(since))
            )
        return sql.SQL(" OR ").join(sql.SQL("({})").format(way) for way in ways)

    def _found(self, columns: list[str], ours: sql.Composable, where: sql.Composable) -> list[Candidate]:
        names = [name for name in (*KEY_FIELDS[self.plan.object], FIELD) if name in columns]
        statement = sql.SQL(FOUND).format(
            columns=sql.SQL(", ").join(sql.SQL("s.{}").format(sql.Identifier(name)) for name in names),
            staging=self.staging.name,
            ours=ours,
            where=where,
            connection=sql.Literal(self.plan.connection_id),
        )
        return [
            Candidate(id, created, dict(zip(names, values, strict=True)))
            for id, created, *values in _fetch(statement)
        ]

    def _decide(
        self, keyed: dict[str, Create], unkeyed: list[Create], found: list[Candidate], now: datetime
    ) -> list[str]:
        """A row that carries a key is the create of that key, or of another workspace, or of nobody here."""
        by_key = {keyed[key].id: item.id for item in found if (key := _key_of(item)) in keyed}
        strangers = [item for item in found if not _key_of(item)]
        outcome = pair(self.plan.object, unkeyed, strangers)
        if pairs := by_key | outcome.pairs:
            self._link(pairs, now)
        since = min(
            (create.sent_at - SLACK for create in unkeyed if create.id in outcome.undecided), default=None
        )
        taken = set(outcome.pairs.values())
        return [
            item.id
            for item in strangers
            if since is not None and item.created_at >= since and item.id not in taken
        ]

    def _link(self, pairs: dict[int, str], now: datetime) -> None:
        """An unknown row is decided by that; one in flight is its worker's to settle."""
        # Before the links, as a push that settles: neither waits for the other.
        rows = OutboxEntry.objects.filter(pk__in=pairs, state__in=SENT).select_for_update().order_by("pk")
        states = {row.pk: row.state for row in rows.only("state")}
        statement = sql.SQL(ADOPT).format(
            connection=sql.Literal(self.plan.connection_id),
            object=sql.Literal(self.plan.object),
            run=sql.Literal(self.plan.run),
            entries=sql.Literal(list(states)),
            ids=sql.Literal([pairs[entry] for entry in states]),
        )
        linked = dict(_fetch(statement)) if states else {}
        SyncedObject.objects.filter(connection=self.plan.connection_id, name=self.plan.object).update(
            linked=F("linked") + len(linked), there=F("there") + len(linked)
        )
        unknown = [entry for entry in linked if states[entry] == OutboxEntry.State.UNKNOWN]
        OutboxEntry.objects.filter(pk__in=unknown).delete()
        connection = Connection.objects.get(pk=self.plan.connection_id)
        push_errors.close(connection, self.plan.kind, [linked[entry] for entry in unknown], now)


def _sent(payload: dict[str, Any]) -> dict[str, Any]:
    """All that went out, also what isn't the record's own."""
    return dict(payload["values"]) | dict(payload.get("extra") or {})


def _key(payload: dict[str, Any]) -> str:
    return str(payload.get("key") or "").lower()


def _key_of(candidate: Candidate) -> str:
    return str(candidate.values.get(FIELD) or "").lower()


def _fetch(statement: sql.Composable) -> list[tuple[Any, ...]]:
    with database.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())
