"""What both the sender and those who look after its rows do with a refusal."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import random

from django.db import transaction

from integrations.models import ApiAllowance, OutboxEntry
from integrations.salesforce.errors import SalesforceError, TryLater
from integrations.sync import push_errors
from integrations.sync.push import settle
from integrations.sync.push.claim import Claim
from integrations.sync.push.compose import Outgoing
from integrations.sync.push.shift import Shift
from integrations.sync.retries import next_try

ASK_AGAIN = timedelta(minutes=5)


def postpone(shift: Shift, claim: Claim, rows: Sequence[Outgoing], error: SalesforceError) -> None:
    """None of the rows is to blame: they wait. A quota that is used up stops everybody for a while."""
    now = shift.clock()
    not_before = now
    if isinstance(error, TryLater):
        not_before = when(error, max(item.entry.attempts for item in rows), now)
        if error.scope == "daily limit":
            ApiAllowance.objects.filter(connection=shift.connection).update(waits_until=now + ASK_AGAIN)
    settle.put_back(claim.name, [item.entry.id for item in rows], not_before=not_before)


def when(error: TryLater, attempts: int, now: datetime) -> datetime:
    """When a row that has been tried so often is tried again."""
    return next_try(now=now, attempts=attempts + 1, after=error.after, scope=error.scope, random=random)


def hold(shift: Shift, claim: Claim, item: Outgoing, error: SalesforceError) -> None:
    """Refused for good: held until a person mends it, with the reason beside it."""
    with transaction.atomic():
        settle.put_back(
            claim.name,
            [item.entry.id],
            state=OutboxEntry.State.HELD,
            not_before=shift.clock(),
            tried=True,
        )
        report(shift, claim, item, error, state="open")


def report(shift: Shift, claim: Claim, item: Outgoing, error: SalesforceError, *, state: str) -> None:
    """What Salesforce said of one row, for the error log (spec E1)."""
    push_errors.record(
        shift.connection,
        kind=claim.kind,
        record_id=item.entry.record_id,
        salesforce_object=item.object,
        salesforce_id=item.salesforce_id or "",
        error=error,
        sent=item.sent,
        state=state,
        attempts=item.entry.attempts + 1,
        now=shift.clock(),
    )


def report_unlinked(shift: Shift, claim: Claim, item: Outgoing, salesforce_id: str) -> None:
    """It was made there while the record, or what was made, was linked otherwise: a person has to choose."""
    push_errors.record_ours(
        shift.connection,
        kind=claim.kind,
        salesforce_object=item.object,
        rows=[(item.entry.record_id, "")],
        code="LINKED_OTHERWISE",
        message=(
            f"{salesforce_id} was made in Salesforce for this record, but one of the two was linked otherwise "
            "meanwhile. Delete the one in Salesforce that is too many."
        ),
        existing_ids=[salesforce_id],
        sent=item.sent,
        now=shift.clock(),
    )
