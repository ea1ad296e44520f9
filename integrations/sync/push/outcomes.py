"""What both the sender and those who look after its rows do with a refusal."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import random

from django.db import transaction

from integrations.models import ApiAllowance, OutboxEntry
from integrations.salesforce.errors import SalesforceError, SignInNeeded, TryLater
from integrations.sync import push_errors
from integrations.sync.push import settle
from integrations.sync.push.claim import Claim
from integrations.sync.push.compose import Outgoing
from integrations.sync.push.shift import Shift
from integrations.sync.retries import next_try, uses_up_a_try

ASK_AGAIN = timedelta(minutes=5)
REFUSED_READ = 60.0
"""Seconds at least between two tries of a read or search that was refused for good."""


class Blocked(Exception):
    """The org, its quota or the sign-in stands in the way of every further call."""

    def __init__(self, error: SalesforceError) -> None:
        super().__init__(str(error))
        self.error = error


def postpone(shift: Shift, claim: Claim, rows: Sequence[Outgoing], error: SalesforceError) -> None:
    """The call as a whole was put off: all its rows wait, and have used up a try unless the org is in the way."""
    tried = not stands_in_the_way(error)
    not_before = when(error, max(item.entry.attempts for item in rows), shift.clock())
    with transaction.atomic():
        settle.put_back(claim.name, [item.entry.id for item in rows], not_before=not_before, tried=tried)
        for item in rows if tried else ():
            report(shift, claim, item, error, state="retrying")
    note_limit(shift, error)


def stands_in_the_way(error: SalesforceError) -> bool:
    """Of every further call: the sign-in, the org, its quota, the way there."""
    if isinstance(error, TryLater):
        return not uses_up_a_try(error.scope)
    return isinstance(error, SignInNeeded)


def note_limit(shift: Shift, error: SalesforceError) -> None:
    """A quota that is used up stops everybody for a while."""
    if isinstance(error, TryLater) and error.scope == "daily limit":
        until = shift.clock() + ASK_AGAIN
        ApiAllowance.objects.filter(connection=shift.connection).update(waits_until=until)


def when(error: SalesforceError, attempts: int, now: datetime) -> datetime:
    """When a row that has been tried so often is tried again; at once where only the sign-in is missing."""
    if isinstance(error, SignInNeeded):
        return now
    if isinstance(error, TryLater):
        return next_try(now=now, attempts=attempts + 1, after=error.after, scope=error.scope, random=random)
    return next_try(now=now, attempts=attempts + 1, after=REFUSED_READ, random=random)


def state_after(error: SalesforceError) -> str:
    """Of the error of a row that is tried again by itself: whether a person should look."""
    return "retrying" if isinstance(error, TryLater) else "open"


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
