"""What each claimed row says to Salesforce: create, update, delete, nothing, or not yet.

An update first reads what Salesforce holds and merges it as a pull would (D12), so that one rule decides both
ways; what differs after that goes out. All is written to the row before anything is sent.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid5

from django.db import transaction
from psycopg import sql

from integrations.failpoints import reach
from integrations.models import OutboxEntry
from integrations.sync import push_errors
from integrations.sync.deadlocks import persistently
from integrations.sync.map_lock import keep_maps
from integrations.sync.pull.plan import UnreadableObject
from integrations.sync.push import choosing, outgoing, owners, parents, removing, settle, unsaid
from integrations.sync.push.claim import Claim, Claimed
from integrations.sync.push.gates import new_object, why_not_pushed
from integrations.sync.push.plan import OBJECTS, PushPlan, push_plan
from integrations.sync.push.reading import merge_retrieved
from integrations.sync.push.shift import Shift
from integrations.sync.push.standing import Stand, fetch, stands_of

LOCK_RECORDS = "SELECT id FROM {table} WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
CHANGES = """
SELECT o.id, {changes}::json, {unsendable}, {parents}::json
  FROM integrations_outboxentry o
  JOIN {table} r ON r.id = o.record_id
  JOIN integrations_recordlink l
    ON l.connection_id = {connection} AND l.kind = o.kind AND l.record_id = o.record_id AND l.state = 'linked'
     AND l.outside = ''
 WHERE o.id = ANY({ids})"""
"""What stands outside the pull filter has nothing to say (C12)."""
CREATES = """
SELECT o.id, {values}::json, {extra}::json, {parents}::json, {unsendable}, {inactive}
  FROM integrations_outboxentry o JOIN {table} r ON r.id = o.record_id
 WHERE o.id = ANY({ids}) AND NOT EXISTS (
   SELECT 1 FROM integrations_recordlink l
    WHERE l.connection_id = {connection} AND l.kind = o.kind AND l.record_id = o.record_id AND l.state = 'linked')"""
KEEP = """
UPDATE integrations_outboxentry o SET payload = x.payload
  FROM jsonb_to_recordset(%s::jsonb) AS x(id bigint, payload jsonb)
 WHERE o.id = x.id AND o.claimed_by = %s AND o.state = 'in_flight' RETURNING o.id"""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One row on its way. `values` are normalised texts by Salesforce field, `key` is our external id,
    `types` Salesforce's type of each field.

    `extra` goes out too, but isn't the record's own, so that it is no agreed value: a lead's company (D2).
    """

    entry: Claimed
    op: str
    object: str
    salesforce_id: str | None
    values: dict[str, str | None] = field(repr=False)
    extra: dict[str, str | None] = field(default_factory=dict, repr=False)
    key: str | None = None
    unsendable: Sequence[str] = ()
    types: Mapping[str, str] = field(default_factory=dict, repr=False)

    def payload(self) -> dict[str, Any]:
        """As the outbox row keeps it."""
        return {
            "op": self.op,
            "object": self.object,
            "id": self.salesforce_id,
            "key": self.key,
            "values": self.values,
            "extra": self.extra,
        }

    @property
    def sent(self) -> dict[str, str | None]:
        return self.values | self.extra


@dataclass(frozen=True, slots=True)
class Difference:
    """What an update would say, the fields that can't be said, and the parents it waits for."""

    values: dict[str, str | None] = field(repr=False)
    unsendable: list[str]
    parents: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Creation:
    """What a create would say, the parents it waits for, and the fields that can't be said."""

    values: dict[str, str | None] = field(repr=False)
    extra: dict[str, str | None] = field(repr=False)
    parents: list[dict[str, Any]]
    unsendable: list[str]
    owner_inactive: bool


Waiting = dict[int, tuple[Claimed, list[dict[str, Any]]]]
"""Rows that a parent goes before, by their id, with the parents that Salesforce doesn't have."""


class Composer:
    """Composes one claim. Rows with nothing to say, or that may not go, are settled on the way.

    What a transaction under the records' locks finds is acted on after it: no other row of the outbox is touched
    while records are locked, since an edit takes these locks in the opposite order.
    """

    def __init__(self, shift: Shift, claim: Claim) -> None:
        self.shift = shift
        self.claim = claim
        self.connection = shift.connection

    def compose(self) -> list[Outgoing]:
        """Raises SalesforceError from a read, MapChanged; then nothing of the claim was sent."""
        stands = stands_of(self.claim, self.connection.pk)
        self._drop([stand for stand in stands if not (stand.linked or stand.new)])
        ready: list[Outgoing] = []
        for name in OBJECTS[self.claim.kind]:
            linked = [stand for stand in stands if stand.linked and stand.object == name]
            ready += self._deletes(name, [stand for stand in linked if not stand.here])
            ready += self._updates(name, [stand for stand in linked if stand.here])
        return ready + self._creates([stand for stand in stands if stand.new])

    def _deletes(self, name: str, stands: Sequence[Stand]) -> list[Outgoing]:
        if not stands:
            return []
        wanted = removing.to_delete(self.shift, self.claim, name, stands)
        with transaction.atomic():
            return self._keep([Outgoing(s.entry, "delete", name, s.salesforce_id, {}) for s in wanted])

    def _updates(self, name: str, stands: Sequence[Stand]) -> list[Outgoing]:
        plan = self._plan(name, stands)
        if plan is None:
            return []
        with transaction.atomic():
            keep_maps(plan.maps)
            differing = self._changes(plan, stands)
        self._drop([stand for stand in stands if stand.entry.id not in differing])
        changed = [stand for stand in stands if stand.entry.id in differing]
        if not changed:
            return []
        rows = self._read(plan, changed)
        found, waiting, ready = persistently(lambda: self._merged(plan, changed, rows))
        self._wait(waiting)
        done = waiting.keys() | {item.entry.id for item in ready}
        self._settle_unsaid(plan, [stand for stand in changed if stand.entry.id not in done], found)
        return ready

    def _read(self, plan: PushPlan, stands: Sequence[Stand]) -> list[dict[str, Any]]:
        """One call for the whole claim; a row that isn't returned is not taken as deleted (D12)."""
        if plan.merge is None or not plan.merge.fields:
            return []
        ids = [stand.salesforce_id or "" for stand in stands]
        return [row for row in self.shift.org.retrieve(plan.object, ids, plan.merge.columns) if row]

    def _merged(
        self, plan: PushPlan, stands: Sequence[Stand], rows: list[dict[str, Any]]
    ) -> tuple[dict[int, Difference], Waiting, list[Outgoing]]:
        """What is left to say once theirs is merged, the rows that wait for parents, and those that say it."""
        keep_maps(plan.maps)
        self._lock(plan, stands)
        if rows and plan.merge is not None:
            merge_retrieved(plan.merge, rows, asked_at=self.shift.clock())
        found = self._changes(plan, stands)
        waiting, types = self._waiting(stands, found), plan.types()
        ready = [
            Outgoing(
                stand.entry,
                "update",
                plan.object,
                stand.salesforce_id,
                difference.values,
                unsendable=difference.unsendable,
                types=types,
            )
            for stand in stands
            if (difference := found.get(stand.entry.id))
            and difference.values
            and stand.entry.id not in waiting
        ]
        return found, waiting, self._keep(ready)

    def _waiting(
        self, stands: Sequence[Stand], found: Mapping[int, Difference] | Mapping[int, Creation]
    ) -> Waiting:
        """The rows that a parent has to go before; one that will never be there isn't waited for."""
        return {
            stand.entry.id: (stand.entry, change.parents)
            for stand in stands
            if (change := found.get(stand.entry.id))
            and any(parents.may_come(self.shift, self.claim, parent) for parent in change.parents)
        }

    def _wait(self, waiting: Waiting) -> None:
        """What was found to wait is not judged again: a parent that came meanwhile lets its child go on."""
        if waiting:
            reach("push.waits")
        for entry, missing in waiting.values():
            if not parents.hold_for(self.shift, self.claim, entry, missing):
                settle.put_back(self.claim.name, [entry.id], not_before=self.shift.clock())

    def _settle_unsaid(
        self, plan: PushPlan, stands: Sequence[Stand], found: Mapping[int, Difference]
    ) -> None:
        """There is nothing to say, but what Salesforce can't be told."""
        self._drop(stands)
        kept_back = [
            unsaid.Unsaid(stand.entry, stand.salesforce_id, difference.unsendable)
            for stand in stands
            if (difference := found.get(stand.entry.id)) and not difference.values
        ]
        unsaid.tell(self.shift, self.claim, plan.object, kept_back)

    def _changes(self, plan: PushPlan, stands: Sequence[Stand]) -> dict[int, Difference]:
        """What differs, by row; rows without a difference are left out."""
        query = sql.SQL(CHANGES).format(
            changes=outgoing.changes(plan),
            unsendable=outgoing.unsendable(plan),
            parents=outgoing.parents(plan, changed=True),
            table=sql.Identifier(plan.table),
            connection=sql.Literal(self.connection.pk),
            ids=sql.Literal([stand.entry.id for stand in stands]),
        )
        rows = fetch(query)
        return {id: Difference(*rest) for id, *rest in rows if any(rest)}

    def _creates(self, stands: Sequence[Stand]) -> list[Outgoing]:
        may = [stand for stand in stands if self._may_create(stand)]
        self._drop([stand for stand in stands if stand not in may])
        may = choosing.without_chosen(self.shift, self.claim, may)
        name = new_object(self.claim.kind, self.shift.settings)
        plan = self._plan(name, may)
        if plan is None:
            return []
        found, waiting, ready = persistently(lambda: self._made(plan, may))
        self._wait(waiting)
        # A row that isn't found was linked, or its record deleted, since the look at where it stands.
        lost = [stand.entry.id for stand in may if stand.entry.id not in found]
        settle.put_back(self.claim.name, lost, not_before=self.shift.clock())
        left_over = found.keys() - waiting.keys() - {item.entry.id for item in ready}
        held = [
            stand for stand in may if stand.entry.id in left_over and found[stand.entry.id].owner_inactive
        ]
        owners.hold_whole(self.shift, self.claim, name, [stand.entry for stand in held])
        left_over -= {stand.entry.id for stand in held}
        self._drop([stand for stand in may if stand.entry.id in left_over])
        return ready

    def _made(
        self, plan: PushPlan, stands: Sequence[Stand]
    ) -> tuple[dict[int, Creation], Waiting, list[Outgoing]]:
        """What each new record says, the rows that wait for parents, and those that may say it now."""
        keep_maps(plan.maps)
        self._lock(plan, stands)
        query = sql.SQL(CREATES).format(
            values=outgoing.everything(plan),
            extra=outgoing.extra(plan),
            parents=outgoing.parents(plan, changed=False),
            unsendable=outgoing.unknown_owner(plan),
            inactive=outgoing.inactive_owner(plan),
            table=sql.Identifier(plan.table),
            connection=sql.Literal(self.connection.pk),
            ids=sql.Literal([stand.entry.id for stand in stands]),
        )
        rows = fetch(query)
        found = {id: Creation(*rest) for id, *rest in rows}
        waiting, types = self._waiting(stands, found), plan.types()
        ready = [
            Outgoing(
                stand.entry,
                "create",
                plan.object,
                None,
                creation.values,
                extra=creation.extra,
                key=self._key(stand) if plan.has_key else None,
                unsendable=creation.unsendable,
                types=types,
            )
            for stand in stands
            if (creation := found.get(stand.entry.id))
            and stand.entry.id not in waiting
            and not self._is_incomplete(creation)
            and (stand.entry.manual or not creation.owner_inactive)
        ]
        return found, waiting, self._keep(ready)

    def _is_incomplete(self, creation: Creation) -> bool:
        """A role needs both its parents; others go without one that will never be there."""
        return self.claim.kind == "contact_role" and bool(creation.parents)

    def _key(self, stand: Stand) -> str:
        """The same for every try, and no other workspace's (D9)."""
        return str(uuid5(self.shift.settings.workspace, f"{self.claim.kind}:{stand.entry.record_id}"))

    def _may_create(self, stand: Stand) -> bool:
        entry = stand.entry
        if entry.manual or entry.needed:
            return True
        settings = self.shift.settings
        return why_not_pushed(self.claim.kind, stand.stage, settings, backfill=entry.backfill) is None

    def _plan(self, name: str, stands: Sequence[Stand]) -> PushPlan | None:
        """None where nothing is to be done, or can be: then the rows are held with the reason."""
        if not stands:
            return None
        try:
            return push_plan(self.connection, name)
        except UnreadableObject as problem:
            hold(self.shift, self.claim, name, stands, problem.code, str(problem))
            return None

    def _lock(self, plan: PushPlan, stands: Sequence[Stand]) -> None:
        """Records before links, each in the order of their ids (design, *Traps*)."""
        records = sql.SQL(LOCK_RECORDS).format(table=sql.Identifier(plan.table))
        fetch(records, [[stand.entry.record_id for stand in stands]])
        fetch(settle.LOCK_LINKS, [self.connection.pk, [s.salesforce_id for s in stands if s.salesforce_id]])

    def _drop(self, stands: Sequence[Stand]) -> None:
        """There is nothing to say any more, so nothing to complain of either."""
        if not stands:
            return
        now, records = self.shift.clock(), [stand.entry.record_id for stand in stands]
        with transaction.atomic():
            settle.drop(self.claim.name, [stand.entry.id for stand in stands], now=now)
            push_errors.close(self.connection, self.claim.kind, records, now=now)

    def _keep(self, ready: Sequence[Outgoing]) -> list[Outgoing]:
        """Written to their rows; a row that isn't ours any more is left out."""
        payloads = [{"id": item.entry.id, "payload": item.payload()} for item in ready]
        kept = {id for (id,) in fetch(KEEP, [json.dumps(payloads), self.claim.name])}
        return [item for item in ready if item.entry.id in kept]


def hold(
    shift: Shift, claim: Claim, object_name: str, stands: Sequence[Stand], code: str, message: str
) -> None:
    """Rows that can't go out until a person has mended something."""
    ids = [stand.entry.id for stand in stands]
    settle.put_back(claim.name, ids, state=OutboxEntry.State.HELD, not_before=shift.clock())
    shift.tally.held += len(ids)
    push_errors.record_ours(
        shift.connection,
        kind=claim.kind,
        salesforce_object=object_name,
        rows=[(stand.entry.record_id, stand.salesforce_id or "") for stand in stands],
        code=code,
        message=message,
        now=shift.clock(),
    )
