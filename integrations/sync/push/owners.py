"""An owner here whom Salesforce can't be told: held with the reason, and on its way once the map knows them (O1)."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from psycopg import sql

from crm.models import User
from integrations.models import Connection, OutboxEntry, SyncError
from integrations.sync import push_errors
from integrations.sync.pull.plan import MODELS
from integrations.sync.push import settle
from integrations.sync.push.claim import Claim, Claimed
from integrations.sync.push.plan import TABLES
from integrations.sync.push.shift import Shift
from integrations.sync.push.standing import fetch, run
from integrations.sync.waking import wake_push

FIELD = "OwnerId"
NOT_MAPPED = "OWNER_NOT_MAPPED"
INACTIVE = "INACTIVE_OWNER_OR_USER"
OWNED = ("account", "contact", "deal")
OWNER_WAITS = "Until that is mended, Salesforce keeps its own owner; whatever else was changed has gone out."
RECORD_WAITS = "Choose another owner, or correct the Owners page; then it goes out by itself."

ADD = """
INSERT INTO integrations_outboxentry (kind, record_id, state, not_before)
SELECT %s, unnest(%s::bigint[]), %s, %s
ON CONFLICT (kind, record_id) WHERE state IN ('pending', 'held') DO NOTHING"""
OWNERS = """
SELECT r.id, coalesce(nullif(trim(concat_ws(' ', u.first_name, u.last_name)), ''), u.email),
       (SELECT s.name FROM integrations_salesforceowner s
         WHERE s.connection_id = %s AND s.user_id = u.id AND NOT s.is_queue ORDER BY s.id LIMIT 1)
  FROM {table} r JOIN crm_user u ON u.id = r.owner_id WHERE r.id = ANY(%s)"""
RELEASE = """
UPDATE integrations_outboxentry o SET state = 'pending', not_before = least(o.not_before, now())
  FROM integrations_syncerror e, {table} r
 WHERE e.connection_id = %(connection)s AND e.source = 'push' AND e.state = 'open' AND e.held_by_us
   AND e.code = ANY(%(codes)s) AND e.kind = %(kind)s
   AND o.kind = e.kind AND o.record_id = e.record_id AND o.state = 'held' AND r.id = e.record_id
   AND (r.owner_id IS NULL OR EXISTS (
     SELECT 1 FROM integrations_salesforceowner s
      WHERE s.connection_id = %(connection)s AND s.user_id = r.owner_id AND s.is_active AND NOT s.is_queue))"""


def hold_owners(
    shift: Shift, claim: Claim, object_name: str, rows: Sequence[tuple[Claimed, str | None]]
) -> None:
    """What else these records had to say is settled; their owners wait. Rows are entries and Salesforce ids."""
    if not rows:
        return
    with transaction.atomic():
        records = [entry.record_id for entry, _ in rows]
        run(ADD, [claim.kind, records, OutboxEntry.State.HELD, shift.clock()])
        _log(shift, claim, object_name, rows, OWNER_WAITS)


def compare_again(kind: str, records: Sequence[int], now: datetime) -> None:
    """Found there after a lost answer, owned by the sync user: is somebody else the owner here?"""
    run(ADD, [kind, list(records), OutboxEntry.State.PENDING, now])


def hold_whole(shift: Shift, claim: Claim, object_name: str, entries: Sequence[Claimed]) -> None:
    """New records of whom Salesforce says that they can't own anything (D11)."""
    if entries:
        settle.put_back(
            claim.name,
            [entry.id for entry in entries],
            state=OutboxEntry.State.HELD,
            not_before=shift.clock(),
        )
        _log(shift, claim, object_name, [(entry, None) for entry in entries], RECORD_WAITS)


def _log(
    shift: Shift, claim: Claim, object_name: str, rows: Sequence[tuple[Claimed, str | None]], until: str
) -> None:
    reasons = _reasons(shift.connection, claim.kind, [entry.record_id for entry, _ in rows])
    refusals = [
        push_errors.Refusal(
            record_id=entry.record_id,
            salesforce_id=salesforce_id or "",
            code=reasons[entry.record_id][0],
            message=f"{reasons[entry.record_id][1]} {until}",
            fields=(FIELD,),
            attempts=0,
            held_by_us=True,
        )
        for entry, salesforce_id in rows
        if entry.record_id in reasons
    ]
    push_errors.record_all(
        shift.connection,
        kind=claim.kind,
        salesforce_object=object_name,
        refusals=refusals,
        now=shift.clock(),
    )
    shift.tally.held += len(rows)


def release_held(connection: Connection) -> int:
    """Rows that waited for just this go out, now that Salesforce can be told; they close their errors themselves."""
    released = 0
    with transaction.atomic():
        for kind in OWNED:
            statement = sql.SQL(RELEASE).format(table=sql.Identifier(TABLES[kind]))
            values = {"connection": connection.pk, "kind": kind, "codes": [NOT_MAPPED, INACTIVE]}
            released += run(statement, values)
        if released:
            wake_push()
    return released


def waiting_for(connection: Connection, user: User) -> int:
    """How many records given to this user here wait for a Salesforce user of theirs."""
    found = SyncError.objects.filter(
        connection=connection, source="push", state="open", held_by_us=True, code__in=[NOT_MAPPED, INACTIVE]
    )
    theirs = Q()
    for model in MODELS.values():
        records = model._default_manager.filter(pk=OuterRef("record_id"), owner=user)
        theirs |= Q(Exists(records), kind=model.kind)
    return found.filter(theirs).count()


def _reasons(connection: Connection, kind: str, records: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Code and message of each record whose owner can't be told."""
    found = fetch(sql.SQL(OWNERS).format(table=sql.Identifier(TABLES[kind])), [connection.pk, list(records)])
    return {record: why(name, there) for record, name, there in found}


def why(name: str, there: str | None) -> tuple[str, str]:
    """`there` is the owner's Salesforce user, who is inactive; None where there is none."""
    if there is None:
        return NOT_MAPPED, f"{name} owns it here, and no Salesforce user is {name} on the Owners page."
    return INACTIVE, f"{name} owns it here, and {there}, who is {name} in Salesforce, isn't active there."
