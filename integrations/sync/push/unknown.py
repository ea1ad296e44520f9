"""Rows whose answer was lost: found out, never guessed (spec D9).

An update or delete says the same when it is sent again, and so does a create that carries our key. A create
without one is looked for at once and again until the org's request limit has passed; only then it is sent again.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import transaction

from integrations.failpoints import reach
from integrations.models import OutboxEntry, RecordLink
from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.ids import to18
from integrations.salesforce.soql import quote
from integrations.sync import push_errors
from integrations.sync.adopting import KEY_FIELDS, SLACK, Candidate, Create, pair
from integrations.sync.external_ids import FIELD, has_external_id
from integrations.sync.push import outcomes, owners, settle
from integrations.sync.push.claim import LEASE
from integrations.sync.push.gates import new_object
from integrations.sync.push.outcomes import Blocked
from integrations.sync.push.shift import Shift
from integrations.sync.push.standing import fetch

AT_ONCE = 200
LOOKED_OFTEN = 5
"""Tries that a refused search counts as: what is wrong with one is seldom over in seconds."""
LOOKS = (2, 5, 10, 20, 40, 60)
"""Seconds between one look and the next; the last goes on."""

TAKE = """
UPDATE integrations_outboxentry o SET claimed_by = %s, claimed_at = %s, not_before = %s
  FROM (SELECT id FROM integrations_outboxentry WHERE state = 'unknown' AND not_before <= %s
         ORDER BY not_before, id LIMIT %s FOR UPDATE SKIP LOCKED) due
 WHERE o.id = due.id RETURNING o.id, o.kind, o.record_id, o.payload::json, o.attempts"""

LINKED = """
SELECT o.id FROM integrations_outboxentry o JOIN integrations_recordlink l
    ON l.connection_id = %s AND l.kind = o.kind AND l.record_id = o.record_id AND l.state = 'linked'
 WHERE o.id = ANY(%s)"""
"""A pull has met and adopted them: what is left to say is an update, if anything."""
UNDECIDED = """
SELECT id, kind, record_id, payload::json, attempts FROM integrations_outboxentry
 WHERE state IN ('in_flight', 'unknown') AND kind = %s AND payload ->> 'object' = %s AND payload ->> 'op' = 'create'
   AND payload ->> 'key' IS NULL AND payload ? 'sent_at'"""


@dataclass(frozen=True, slots=True, eq=False)
class Lost:
    """A row whose outcome isn't known."""

    id: int
    kind: str
    record_id: int
    payload: dict[str, Any] | None = field(repr=False)
    attempts: int

    @property
    def is_open(self) -> bool:
        """A create that went out: sending it again could make a second one."""
        return bool(self.payload and self.payload["op"] == "create" and "sent_at" in self.payload)

    @property
    def object(self) -> str:
        return str(self.payload["object"]) if self.payload else ""

    @property
    def key(self) -> str | None:
        return self.payload["key"] if self.payload else None

    @property
    def sent(self) -> dict[str, Any]:
        """The record's own values, and what else was said."""
        payload = self.payload or {}
        return dict(payload["values"]) | dict(payload.get("extra") or {})

    @property
    def sent_by(self) -> str:
        """The sync user then: another one may have signed in since."""
        return str((self.payload or {}).get("sent_by") or "")

    @property
    def sent_at(self) -> datetime:
        return datetime.fromisoformat((self.payload or {})["sent_at"])


def resolve(shift: Shift) -> bool:
    """Look after what is due; True where something was. Raises Blocked, and then looks again later."""
    name, now = uuid4().hex, shift.clock()
    with transaction.atomic():
        rows = [Lost(*row) for row in fetch(TAKE, [name, now, now + LEASE, now, AT_ONCE])]
    if not rows:
        return False
    adopted = {id for (id,) in fetch(LINKED, [shift.connection.pk, [row.id for row in rows]])}
    decided = [row.id for row in rows if row.id in adopted or not row.is_open]
    settle.put_back(name, decided, not_before=now)
    groups: defaultdict[tuple[str, str], list[Lost]] = defaultdict(list)
    for row in rows:
        if row.id not in decided:
            groups[(row.kind, row.object)].append(row)
    try:
        for (kind, object_name), lost in groups.items():
            search = _Search(shift, name, kind, object_name)
            search.try_to(search.by_key, [row for row in lost if row.key])
            search.try_to(search.by_fields, [row for row in lost if not row.key])
    finally:
        settle.look_again(name, now + timedelta(seconds=LOOKS[0]))
    return True


class _Search:
    """The search for the creates of one object."""

    def __init__(self, shift: Shift, name: str, kind: str, object_name: str) -> None:
        self.shift = shift
        self.name = name
        self.kind = kind
        self.object = object_name
        self.connection = shift.connection

    def try_to(self, search: Callable[[Sequence[Lost]], None], rows: Sequence[Lost]) -> None:
        """A search that is refused, or too slow, doesn't stop the others, and is told. Raises Blocked."""
        try:
            search(rows)
        except SalesforceError as error:
            if outcomes.stands_in_the_way(error):
                raise Blocked(error) from error
            now = self.shift.clock()
            settle.look_again(
                self.name, outcomes.when(error, LOOKED_OFTEN, now), ids=[row.id for row in rows]
            )
            said = [
                push_errors.refusal(
                    error, record_id=row.record_id, sent=row.sent, state=outcomes.state_after(error)
                )
                for row in rows
            ]
            push_errors.record_all(
                self.connection, kind=self.kind, salesforce_object=self.object, refusals=said, now=now
            )

    def by_key(self, rows: Sequence[Lost]) -> None:
        """Found by our key, it is adopted; else it is sent again under the same key.

        Where it would go out as another object now, or without one, the key guards nothing: that waits until
        Salesforce is surely done.
        """
        if not rows:
            return
        asked_at = self.shift.org.time()
        keys = [str(row.key) for row in rows]
        soql = f"SELECT Id, {FIELD} FROM {self.object} WHERE {FIELD} IN {quote(keys)}"  # noqa: S608  quoted
        found = {item[FIELD].lower(): to18(item["Id"]) for item in self.shift.org.query_all(soql)}
        reach("push.looked up")
        self._adopt([(row, found[str(row.key).lower()]) for row in rows if str(row.key).lower() in found])
        missing = [row for row in rows if str(row.key).lower() not in found]
        if new_object(self.kind, self.shift.settings) == self.object and has_external_id(
            self.connection, self.object
        ):
            self._send_again(missing)
        else:
            self._none(missing, asked_at)

    def by_fields(self, rows: Sequence[Lost]) -> None:
        """Found by who made it, when, and what its key fields say."""
        if not rows:
            return
        since = min(row.sent_at for row in rows) - SLACK
        users = sorted({row.sent_by or self.connection.sync_user_id for row in rows})
        fields = ("Id", "CreatedDate", *KEY_FIELDS[self.object])
        soql = (
            f"SELECT {', '.join(fields)} FROM {self.object}"  # noqa: S608  quoted
            f" WHERE CreatedById IN {quote(users)} AND CreatedDate >= {quote(since)}"
        )
        asked_at = self.shift.org.time()
        there = [_candidate(item) for item in self.shift.org.query_all(soql)]
        reach("push.looked up")
        linked = set(
            RecordLink.objects.filter(
                connection=self.connection, salesforce_id__in=[item.id for item in there]
            ).values_list("salesforce_id", flat=True)
        )
        by_id = {row.id: row for row in rows}
        creates = [Create(row.id, row.sent_at, row.sent) for row in self._undecided()]
        outcome = pair(self.object, creates, [item for item in there if item.id not in linked])
        self._adopt([(by_id[create], id) for create, id in outcome.pairs.items() if create in by_id])
        several = {by_id[create]: ids for create, ids in outcome.ambiguous.items() if create in by_id}
        self._several(several, asked_at)
        self._none([by_id[create] for create in outcome.unmatched if create in by_id], asked_at)

    def _several(self, hits: dict[Lost, list[str]], asked_at: datetime) -> None:
        """A person decides, once Salesforce is surely done: a twin that is being decided may take one away."""
        for row, ids in hits.items():
            if self._was_over(row, asked_at):
                self._ask_a_person(row, ids)
        self._look_again([row for row in hits if not self._was_over(row, asked_at)])

    def _undecided(self) -> list[Lost]:
        """All creates of the object whose answer isn't there: each may claim what is found."""
        return [Lost(*row) for row in fetch(UNDECIDED, [self.kind, self.object])]

    def _adopt(self, pairs: Sequence[tuple[Lost, str]]) -> None:
        """They are there: link them, as if the answer had come."""
        now = self.shift.clock()
        if not pairs:
            return
        at = self.shift.org.time() + SLACK
        with transaction.atomic():
            agreed = settle.drop(self.name, [row.id for row, _ in pairs], now=now)
            pairs = [pair for pair in pairs if pair[0].id in agreed]
            rows = [
                {
                    "salesforce_id": id,
                    "record_id": row.record_id,
                    "base": agreed[row.id],
                    "sent": row.sent,
                }
                for row, id in pairs
            ]
            linked = settle.link_created(self.connection.pk, self.object, self.kind, rows, at=at)
            settle.count_pushed(self.connection.pk, self.object, created=sum(linked.values()), at=at)
            push_errors.close(self.connection, self.kind, [row.record_id for row, _ in pairs], now=now)
            sync_user = self.connection.sync_user_id
            theirs = [row.record_id for row, _ in pairs if row.sent.get(owners.FIELD) == sync_user]
            owners.compare_again(self.kind, theirs, now)
            for row, id in pairs:
                if row.record_id not in linked:
                    outcomes.report_unlinked(
                        self.shift, self.kind, self.object, row.record_id, id, sent=row.sent
                    )
        self.shift.tally.adopted += len(pairs)

    def _none(self, rows: Sequence[Lost], asked_at: datetime) -> None:
        """Salesforce may still be at it; only when its request limit has passed they are sent again."""
        over = [row for row in rows if self._was_over(row, asked_at)]
        self._send_again(over)
        self._look_again([row for row in rows if row not in over])

    def _was_over(self, row: Lost, asked_at: datetime) -> bool:
        """Whether the request limit had passed, by the org's own clock, before it was asked what it holds."""
        return asked_at >= row.sent_at + self._limit()

    def _limit(self) -> timedelta:
        return timedelta(seconds=self.shift.settings.request_limit_seconds) + SLACK

    def _look_again(self, rows: Sequence[Lost]) -> None:
        """Those of one call together: one search finds them all."""
        calls: defaultdict[datetime, list[int]] = defaultdict(list)
        for row in rows:
            calls[row.sent_at].append(row.id)
        for sent_at, ids in calls.items():
            age = (self.shift.org.time() - sent_at).total_seconds()
            pause = next((step for step in LOOKS if step >= age), LOOKS[-1])
            until_over = self._limit().total_seconds() - age
            at = self.shift.clock() + timedelta(seconds=max(min(pause, until_over), 0.1))
            settle.look_again(self.name, at, ids=ids)

    def _send_again(self, rows: Sequence[Lost]) -> None:
        """A record that was deleted here meanwhile is not made there, once that is sure."""
        settle.put_back(self.name, [row.id for row in rows], not_before=self.shift.clock())

    def _ask_a_person(self, row: Lost, ids: Sequence[str]) -> None:
        now = self.shift.clock()
        settle.put_back(self.name, [row.id], state=OutboxEntry.State.HELD, not_before=now)
        self.shift.tally.held += 1
        push_errors.record_ours(
            self.connection,
            kind=self.kind,
            salesforce_object=self.object,
            rows=[(row.record_id, "")],
            code="SEVERAL_CANDIDATES",
            message=(
                "Salesforce's answer was lost, and it holds several records that could be this one: "
                f"{', '.join(sorted(ids))}. Link one of them, or retry to make a new one."
            ),
            existing_ids=sorted(ids),
            sent=row.sent,
            now=now,
        )


def _candidate(item: dict[str, Any]) -> Candidate:
    created = datetime.fromisoformat(item["CreatedDate"])
    return Candidate(to18(item["Id"]), created, item)
