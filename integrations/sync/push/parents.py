"""A record waits for those it refers to: its account goes first (spec D4), a role waits for deal and person."""

from collections.abc import Iterable
from typing import Any

from integrations.models import OutboxEntry, RecordLink
from integrations.sync.push import settle
from integrations.sync.push.claim import Claim, Claimed
from integrations.sync.push.shift import Shift
from integrations.sync.push.standing import run

NONE, HELD, NEVER = "none missing", "held", "will never come"

CALL = """
INSERT INTO integrations_outboxentry (kind, record_id, needed)
SELECT %s, %s, true
 WHERE NOT EXISTS (SELECT 1 FROM integrations_outboxentry s
                    WHERE s.kind = %s AND s.record_id = %s AND s.state IN ('in_flight', 'unknown'))
ON CONFLICT (kind, record_id) WHERE state IN ('pending', 'held') DO UPDATE SET needed = true"""


def hold_for(shift: Shift, claim: Claim, entry: Claimed, missing: Iterable[dict[str, Any]]) -> str:
    """HELD where the row now waits for a parent that is on its way; NEVER where one won't be in Salesforce."""
    verdict = NONE
    for parent in missing:
        kind, record_id = parent["kind"], parent["id"]
        if not _may_come(shift, claim, kind, record_id):
            verdict = NEVER
            continue
        if claim.kind != "contact_role":
            run(CALL, [kind, record_id, kind, record_id])
        now = shift.clock()
        settle.put_back(
            claim.name, [entry.id], state=OutboxEntry.State.HELD, not_before=now, waits_for=(kind, record_id)
        )
        return HELD
    return verdict


def _may_come(shift: Shift, claim: Claim, kind: str, record_id: int) -> bool:
    """Not what Salesforce deleted, nor a lead where it takes contacts only; a role calls for nobody."""
    if RecordLink.objects.filter(connection=shift.connection, kind=kind, record_id=record_id).exists():
        return False
    if claim.kind != "contact_role":
        return True
    return OutboxEntry.objects.filter(kind=kind, record_id=record_id).exists()
