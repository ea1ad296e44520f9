"""A record that Salesforce says isn't there: believed only from the recycle bin (spec C8)."""

from collections.abc import Mapping, Sequence

from django.db import transaction

from integrations.models import RecordLink
from integrations.salesforce.errors import SalesforceError, TryLater
from integrations.salesforce.ids import to18
from integrations.salesforce.soql import quote
from integrations.sync import push_errors
from integrations.sync.push import converted, outcomes, settle
from integrations.sync.push.claim import Claim
from integrations.sync.push.compose import Outgoing
from integrations.sync.push.shift import Shift


def look_after(
    shift: Shift, claim: Claim, lost: Sequence[Outgoing], errors: Mapping[int, SalesforceError]
) -> None:
    """Deleted there: the link is gone and nothing is pushed. A converted lead's edit is its contact's.

    Else a person has to see to it.
    """
    try:
        followed = converted.follow(shift, claim, lost, errors)
        lost = [item for item in lost if item not in followed]
        deleted = _deleted(shift, lost)
    except TryLater as error:
        outcomes.postpone(shift, claim, lost, error)
        return
    except SalesforceError:
        deleted = set()  # not to be found out: the first answer stands, for a person
    done = [item for item in lost if item.salesforce_id in deleted or _wanted_gone(item)]
    with transaction.atomic():
        _let_go(shift, claim, done)
        outcomes.report(shift, claim, [(item, errors[item.entry.id]) for item in done], state="closed")
    outcomes.hold(shift, claim, [(item, errors[item.entry.id]) for item in lost if item not in done])


def _wanted_gone(item: Outgoing) -> bool:
    """A delete that finds nothing has nothing left to do."""
    return item.op == "delete"


def _deleted(shift: Shift, lost: Sequence[Outgoing]) -> set[str]:
    ids = [item.salesforce_id for item in lost if item.salesforce_id]
    if not ids:
        return set()
    soql = f"SELECT Id FROM {lost[0].object} WHERE Id IN {quote(ids)} AND IsDeleted = true"  # noqa: S608  quoted
    return {to18(row["Id"]) for row in shift.org.query_all(soql, include_deleted=True)}


def _let_go(shift: Shift, claim: Claim, done: Sequence[Outgoing]) -> None:
    now = shift.clock()
    deletes = [item for item in done if item.op == "delete"]
    shift.tally.deleted += len(deletes)
    ids = [item.salesforce_id or "" for item in done]
    settle.drop(claim.name, [item.entry.id for item in done], now=now)
    rows = settle.unlink(shift.connection.pk, ids, state=RecordLink.State.GONE, now=now, at=shift.org.time())
    if done:
        settle.count_unlinked(shift.connection.pk, done[0].object, rows, gone=True)
    push_errors.close(shift.connection, claim.kind, [item.entry.record_id for item in done], now=now)
