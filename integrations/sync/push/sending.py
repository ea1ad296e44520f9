"""Saying it: collections of 200, each row's answer settled as it comes (spec D8, D10).

Before a call its rows are marked as sent, with the org's time; after it each is settled. Nothing is sent inside
a transaction, and nothing twice: a call whose answer was lost leaves its rows *unknown*.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from integrations.failpoints import reach
from integrations.models import RecordLink
from integrations.salesforce.errors import (
    Gone,
    NeedsPerson,
    OutcomeUnknown,
    SalesforceError,
    TryLater,
)
from integrations.salesforce.rows import COLLECTION_SIZE, RowResult, WriteOptions
from integrations.sync import push_errors
from integrations.sync.deadlocks import persistently
from integrations.sync.external_ids import FIELD
from integrations.sync.push import gone, outcomes, settle
from integrations.sync.push.claim import Claim
from integrations.sync.push.compose import Outgoing
from integrations.sync.push.outcomes import Blocked
from integrations.sync.push.plan import OBJECTS
from integrations.sync.push.shift import Shift
from integrations.sync.push.standing import fetch
from integrations.sync.push.unsaid import Unsaid, tell

ROUNDED = timedelta(seconds=1)
"""The org's Date is rounded down to the second; a commit surely isn't after the second that follows."""
MARK_SENT = """
UPDATE integrations_outboxentry
   SET claimed_at = %s, payload = payload || jsonb_build_object('sent_at', %s::text, 'sent_by', %s::text)
 WHERE id = ANY(%s) AND claimed_by = %s AND state = 'in_flight' RETURNING id"""
ENOUGH = 12
"""Calls refused as a whole, one after the other, until all rows are held: one bad row of 200 is found after 9."""
OPERATIONS = ("create", "update", "delete")
Pairs = Sequence[tuple[Outgoing, RowResult]]
Agreed = Mapping[int, dict[str, str | None]]


class Sender:
    """Sends one claim's composed rows."""

    def __init__(self, shift: Shift, claim: Claim) -> None:
        self.shift = shift
        self.claim = claim
        self.connection = shift.connection
        self.refusals = 0

    def send(self, ready: Sequence[Outgoing]) -> None:
        """Raises Blocked; what wasn't sent then waits again."""
        calls = list(_calls(self.claim.kind, ready))
        for done, rows in enumerate(calls):
            try:
                self._call(rows)
            except Blocked as blocked:
                self._leave([item for rest in calls[done + 1 :] for item in rest], blocked)
                raise

    def _leave(self, rows: Sequence[Outgoing], blocked: Blocked) -> None:
        """They never went out, and wait as the rows do that met what is in the way."""
        later = outcomes.when(blocked.error, 0, self.shift.clock())
        settle.put_back(self.claim.name, [item.entry.id for item in rows], not_before=later)

    def _call(self, rows: Sequence[Outgoing]) -> None:
        rows = self._marked(rows)
        if not rows:
            return
        reach("push.marked")
        try:
            results = self._ask(rows)
        except (NeedsPerson, Gone) as error:
            self._refused(rows, error)
            return
        except SalesforceError as error:
            self._failed(rows, error)
            return
        reach("push.answered")
        self.refusals = 0
        self._settle(rows, results)
        reach("push.settled")

    def _refused(self, rows: Sequence[Outgoing], error: SalesforceError) -> None:
        """Refused as a whole, nothing was done: ask in halves, until it is known which row is to blame.

        Where every call is refused, it is none of them.
        """
        self.refusals += 1
        if len(rows) == 1 or self.refusals >= ENOUGH:
            self._settle(rows, [RowResult(id=None, success=False, error=error) for _ in rows])
            return
        middle = len(rows) // 2
        try:
            self._call(rows[:middle])
        except Blocked as blocked:
            self._leave(rows[middle:], blocked)
            raise
        self._call(rows[middle:])

    def _marked(self, rows: Sequence[Outgoing]) -> list[Outgoing]:
        """On the wire from now on; rows that the reaper took are left alone."""
        sent_at = self.shift.org.time().isoformat()
        ids = [item.entry.id for item in rows]
        values = [self.shift.clock(), sent_at, self.connection.sync_user_id, ids, self.claim.name]
        marked = persistently(lambda: fetch(MARK_SENT, values))
        ours = {id for (id,) in marked}
        return [item for item in rows if item.entry.id in ours]

    def _ask(self, rows: Sequence[Outgoing]) -> list[RowResult]:
        org, first = self.shift.org, rows[0]
        if first.op == "delete":
            return org.delete_many([item.salesforce_id or "" for item in rows])
        values = [as_json(item.sent, item.types) for item in rows]
        settings = self.shift.settings
        options = WriteOptions(
            auto_assign=first.op == "create" and settings.run_assignment_rules,
            allow_save=settings.pass_duplicate_alerts,
        )
        if first.op == "update":
            with_ids = [{"id": item.salesforce_id, **row} for item, row in zip(rows, values, strict=True)]
            return org.update_many(first.object, with_ids, options)
        if first.key is None:
            return org.create_many(first.object, values, options)
        keyed = [{FIELD: item.key, **row} for item, row in zip(rows, values, strict=True)]
        return org.upsert_many(first.object, FIELD, keyed, options)

    def _failed(self, rows: Sequence[Outgoing], error: SalesforceError) -> None:
        """The call as a whole: nothing of it was done, or nobody knows."""
        if isinstance(error, OutcomeUnknown):
            ids = [item.entry.id for item in rows]
            settle.lose(self.claim.name, ids, look_at=self.shift.clock())
            raise Blocked(error) from error  # the next call would fare no better, and its rows be lost too
        outcomes.postpone(self.shift, self.claim, rows, error)
        if outcomes.stands_in_the_way(error):
            raise Blocked(error) from error

    def _settle(self, rows: Sequence[Outgoing], results: Sequence[RowResult]) -> None:
        pairs = list(zip(rows, results, strict=True))
        self._succeed([(item, result) for item, result in pairs if result.success])
        refused = [(item, result.error) for item, result in pairs if result.error is not None]
        later = [(item, error) for item, error in refused if isinstance(error, TryLater)]
        outcomes.try_later(self.shift, self.claim, later)
        for_a_person = [pair for pair in refused if not isinstance(pair[1], TryLater | Gone)]
        outcomes.hold(self.shift, self.claim, for_a_person)
        lost = [item for item, error in refused if isinstance(error, Gone)]
        if lost:
            gone.look_after(self.shift, self.claim, lost, {item.entry.id: error for item, error in refused})

    def _succeed(self, pairs: Pairs) -> None:
        if not pairs:
            return
        answered, counted = self.shift.org.answered_at, self.shift.tally.as_dict()
        at = answered + ROUNDED if answered else None

        def settled() -> None:
            self.shift.tally.reset(counted)
            self._settled(pairs, at)

        persistently(settled)  # what was done there may not be forgotten because a pull wrote the same links

    def _settled(self, pairs: Pairs, at: datetime | None) -> None:
        op, name, now = pairs[0][0].op, pairs[0][0].object, self.shift.clock()
        agreed = settle.drop(self.claim.name, [item.entry.id for item, _ in pairs], now=now)
        pairs = [pair for pair in pairs if pair[0].entry.id in agreed]
        SETTLE[op](self, name, pairs, agreed, at)
        push_errors.close(
            self.connection, self.claim.kind, [item.entry.record_id for item, _ in pairs], now=now
        )
        kept_back = [
            Unsaid(item.entry, item.salesforce_id or result.id, item.unsendable) for item, result in pairs
        ]
        tell(self.shift, self.claim, name, kept_back)

    def _created(self, name: str, pairs: Pairs, agreed: Agreed, at: datetime | None) -> None:
        rows = [
            {
                "salesforce_id": result.id,
                "record_id": item.entry.record_id,
                "base": agreed[item.entry.id],
                "sent": item.sent,
            }
            for item, result in pairs
        ]
        linked = settle.link_created(self.connection.pk, name, self.claim.kind, rows, at=at)
        for item, result in pairs:
            if item.entry.record_id not in linked:
                outcomes.report_unlinked(
                    self.shift, self.claim.kind, name, item.entry.record_id, result.id or "", sent=item.sent
                )
        settle.count_pushed(self.connection.pk, name, created=sum(linked.values()), at=at)
        adopted = sum(result.created is False for _, result in pairs)
        self.shift.tally.created += len(pairs) - adopted
        self.shift.tally.adopted += adopted

    def _updated(self, name: str, pairs: Pairs, agreed: Agreed, at: datetime | None) -> None:
        rows = [{"salesforce_id": item.salesforce_id, "base": agreed[item.entry.id]} for item, _ in pairs]
        settle.agree(self.connection.pk, rows, at=at)
        settle.count_pushed(self.connection.pk, name, at=at)
        self.shift.tally.updated += len(pairs)

    def _deleted(self, name: str, pairs: Pairs, agreed: Agreed, at: datetime | None) -> None:
        ids = [item.salesforce_id or "" for item, _ in pairs]
        rows = settle.unlink(
            self.connection.pk, ids, state=RecordLink.State.GONE, now=self.shift.clock(), at=at
        )
        settle.count_unlinked(self.connection.pk, name, rows, gone=True)
        self.shift.tally.deleted += len(pairs)


SETTLE: dict[str, Callable[[Sender, str, Pairs, Agreed, datetime | None], None]] = {
    "create": Sender._created,
    "update": Sender._updated,
    "delete": Sender._deleted,
}


def _calls(kind: str, ready: Sequence[Outgoing]) -> Iterable[list[Outgoing]]:
    """⌈rows / 200⌉ calls per object and operation (D8)."""
    for name in OBJECTS[kind]:
        for op in OPERATIONS:
            rows = [item for item in ready if item.op == op and item.object == name]
            for start in range(0, len(rows), COLLECTION_SIZE):
                yield rows[start : start + COLLECTION_SIZE]


def as_json(values: Mapping[str, str | None], types: Mapping[str, str]) -> dict[str, Any]:
    """Normalised texts as JSON takes them."""
    return {name: _json(text, types.get(name, "string")) for name, text in values.items()}


def _json(text: str | None, type_: str) -> Any:
    if text is None:
        return None
    if type_ == "boolean":
        return text == "true"
    if type_ in ("int", "long"):
        return int(Decimal(text))
    return float(text) if type_ in ("double", "currency", "percent") else text
