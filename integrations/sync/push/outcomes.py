"""What both the sender and those who look after its rows do with a refusal."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import random

from django.db import transaction

from integrations.models import ApiAllowance, OutboxEntry
from integrations.salesforce.errors import OutcomeUnknown, SalesforceError, Scope, SignInNeeded, TryLater
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
    if isinstance(error, TryLater):
        try_later(shift, claim, [(item, error) for item in rows])
    else:
        not_before = when(error, max(item.entry.attempts for item in rows), shift.clock())
        settle.put_back(claim.name, [item.entry.id for item in rows], not_before=not_before)
    note_limit(shift, error)


def try_later(shift: Shift, claim: Claim, refused: Sequence[tuple[Outgoing, TryLater]]) -> None:
    """Rows tried as often for the same reason wait together, so that they go out in one call again."""
    together: defaultdict[tuple[Scope, float | None, int], list[tuple[Outgoing, TryLater]]]
    together = defaultdict(list)
    for item, error in refused:
        together[(error.scope, error.after, item.entry.attempts)].append((item, error))
    for (scope, _, attempts), pairs in together.items():
        at = when(pairs[0][1], attempts, shift.clock())
        with transaction.atomic():
            ids = [item.entry.id for item, _ in pairs]
            settle.put_back(claim.name, ids, not_before=at, tried=uses_up_a_try(scope))
            if scope != "network":  # where nobody at Salesforce said anything
                report(shift, claim, pairs, state="retrying")


def stands_in_the_way(error: SalesforceError) -> bool:
    """Of every further call: the sign-in, the org, its quota, the way there."""
    if isinstance(error, TryLater):
        return not uses_up_a_try(error.scope)
    return isinstance(error, SignInNeeded)


def note_limit(shift: Shift, error: SalesforceError) -> None:
    """A quota that is used up stops everybody for a while."""
    if isinstance(error, TryLater) and error.scope == "daily limit":
        now = shift.clock()
        ApiAllowance.objects.update_or_create(
            connection=shift.connection,
            defaults={"waits_until": now + ASK_AGAIN},
            create_defaults={"waits_until": now + ASK_AGAIN, "seen_at": now},
        )


def when(error: SalesforceError, attempts: int, now: datetime) -> datetime:
    """When a row that has been tried so often is tried again; at once where only the sign-in is missing."""
    if isinstance(error, SignInNeeded):
        return now
    if isinstance(error, TryLater):
        return next_try(now=now, attempts=attempts + 1, after=error.after, scope=error.scope, random=random)
    if isinstance(error, OutcomeUnknown):
        return next_try(now=now, attempts=attempts + 1, scope="network", random=random)
    return next_try(now=now, attempts=attempts + 1, after=REFUSED_READ, random=random)


def state_after(error: SalesforceError) -> str:
    """Of the error of a row that is tried again by itself: whether a person should look."""
    return "retrying" if isinstance(error, TryLater) else "open"


def hold(shift: Shift, claim: Claim, refused: Sequence[tuple[Outgoing, SalesforceError]]) -> None:
    """Refused for good: held until a person mends it, with the reason beside it."""
    ids = [item.entry.id for item, _ in refused]
    shift.tally.failed += len(ids)
    with transaction.atomic():
        held = OutboxEntry.State.HELD
        settle.put_back(claim.name, ids, state=held, not_before=shift.clock(), tried=True)
        report(shift, claim, refused, state="open")


def report(
    shift: Shift, claim: Claim, refused: Sequence[tuple[Outgoing, SalesforceError]], *, state: str
) -> None:
    """What Salesforce said of rows of one object, for the error log (spec E1)."""
    if not refused:
        return
    refusals = [
        push_errors.refusal(
            error,
            record_id=item.entry.record_id,
            salesforce_id=item.salesforce_id or "",
            sent=item.sent,
            state=state,
            attempts=item.entry.attempts + 1,
        )
        for item, error in refused
    ]
    push_errors.record_all(
        shift.connection,
        kind=claim.kind,
        salesforce_object=refused[0][0].object,
        refusals=refusals,
        now=shift.clock(),
    )


def report_unlinked(
    shift: Shift,
    kind: str,
    object_name: str,
    record_id: int,
    salesforce_id: str,
    *,
    sent: dict[str, str | None],
) -> None:
    """It was made there while the record, or what was made, was linked otherwise: a person has to choose."""
    push_errors.record_ours(
        shift.connection,
        kind=kind,
        salesforce_object=object_name,
        rows=[(record_id, "")],
        code="LINKED_OTHERWISE",
        message=(
            f"{salesforce_id} was made in Salesforce for this record, but one of the two was linked otherwise "
            "meanwhile. Delete the one in Salesforce that is too many."
        ),
        existing_ids=[salesforce_id],
        sent=sent,
        now=shift.clock(),
    )
