"""A record waits for those it refers to: its account goes first (spec D4), a role waits for deal and person."""

from collections.abc import Iterable
from typing import Any

from integrations.models import OutboxEntry, RecordLink
from integrations.sync.deadlocks import persistently
from integrations.sync.push import settle
from integrations.sync.push.claim import Claim, Claimed
from integrations.sync.push.shift import Shift
from integrations.sync.push.standing import run

CALL = """
INSERT INTO integrations_outboxentry (kind, record_id, needed)
SELECT %s, %s, true
 WHERE NOT EXISTS (SELECT 1 FROM integrations_outboxentry s
                    WHERE s.kind = %s AND s.record_id = %s AND s.state IN ('in_flight', 'unknown'))
ON CONFLICT (kind, record_id) WHERE state IN ('pending', 'held') DO UPDATE SET needed = true, live = true"""
"""A child that is an edit doesn't wait for a backfill (D7)."""


State = OutboxEntry.State
INDEXED = ((State.PENDING, State.HELD), (State.IN_FLIGHT, State.UNKNOWN))
"""Each pair of states has its own index of records; none has all."""


def hold_for(shift: Shift, claim: Claim, entry: Claimed, missing: Iterable[dict[str, Any]]) -> bool:
    """Have the row wait for a parent, which is called to go first; False where none will come."""
    parent = next((parent for parent in missing if may_come(shift, claim, parent)), None)
    if parent is None:
        return False
    kind, record_id = parent["kind"], parent["id"]
    if claim.kind != "contact_role":
        persistently(lambda: run(CALL, [kind, record_id, kind, record_id]))
    settle.put_back(
        claim.name,
        [entry.id],
        state=OutboxEntry.State.HELD,
        not_before=shift.clock(),
        waits_for=(kind, record_id),
    )
    return True


def may_come(shift: Shift, claim: Claim, parent: dict[str, Any]) -> bool:
    """Not what Salesforce deleted, nor a lead where it takes contacts only; a role calls for nobody."""
    kind, record_id = parent["kind"], parent["id"]
    if RecordLink.objects.filter(connection=shift.connection, kind=kind, record_id=record_id).exists():
        return False
    if claim.kind != "contact_role":
        return True
    rows = OutboxEntry.objects.filter(kind=kind, record_id=record_id)
    return any(rows.filter(state__in=states).exists() for states in INDEXED)
