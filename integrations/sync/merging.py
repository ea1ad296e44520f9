"""What becomes of links, the outbox and the error log when a record here is merged into another (spec C4, C8, C9)."""

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import connection as database

from crm import journal
from crm.merging import fold, lock
from crm.models import ContactRole, Kind
from integrations.models import FieldConflict, OutboxEntry, RecordLink, SyncError

STAND_IN = """
UPDATE integrations_recordlink l SET record_id = m.survivor, changed_at = %(now)s
  FROM unnest(%(losers)s::bigint[], %(survivors)s::bigint[]) AS m (loser, survivor)
 WHERE l.connection_id = %(connection)s AND l.kind = %(kind)s AND l.record_id = m.loser AND l.state <> 'linked'"""


def settled_pairs(kind: str, find: Callable[[], list[tuple[int, int]]]) -> list[tuple[int, int]]:
    """The pairs that `find` still finds once both records of each are locked.

    A survivor that was merged or deleted here until then would be no survivor. For the caller's transaction.
    """
    pairs = find()
    while pairs:
        lock(kind, [record for pair in pairs for record in pair])
        again = find()
        if again == pairs:
            return pairs
        pairs = again
    return []


def merge_as_salesforce_did(
    connection_id: int, kind: str, pairs: Sequence[tuple[int, int]], *, run: int | None, now: datetime
) -> None:
    """Merge each pair's first record into its second, on Salesforce's word; the links are the caller's to end first.

    For the caller's transaction.
    """
    if pairs:
        roles = roles_of(kind, [record for pair in pairs for record in pair])
        with journal.acting(None, "pull", run=run):
            fold(kind, pairs)
        read_dropped_roles_again(connection_id, roles)
        settle_losers(connection_id, kind, pairs, now=now)


def roles_of(kind: str, record_ids: Sequence[int]) -> set[int]:
    """The roles of these people, or in these deals."""
    if kind == Kind.ACCOUNT:
        return set()
    side = {"contact__in": record_ids} if kind == Kind.CONTACT else {"deal__in": record_ids}
    return set(ContactRole.objects.filter(**side).values_list("pk", flat=True))


def read_dropped_roles_again(connection_id: int, roles: set[int]) -> None:
    """Salesforce keeps each role of whom it merges; so those that went in the merge here come again."""
    gone = roles - set(ContactRole.objects.filter(pk__in=roles).values_list("pk", flat=True))
    links = RecordLink.objects.filter(connection_id=connection_id, kind=Kind.CONTACT_ROLE, record_id__in=gone)
    links.filter(state=RecordLink.State.LINKED).update(
        state=RecordLink.State.SUPPRESSED, record_id=None, reread=True
    )


def settle_losers(connection_id: int, kind: str, pairs: Sequence[tuple[int, int]], *, now: datetime) -> None:
    """The merged records' links that moved nothing any more stand for the survivors; nothing of theirs waits.

    What waited for one as its parent is set free by the next sweep: no other row of the outbox is touched while
    records are locked.
    """
    losers = [loser for loser, _ in pairs]
    of_losers = {"kind": kind, "record_id__in": losers}
    with database.cursor() as cursor:
        cursor.execute(
            STAND_IN,
            {
                "losers": losers,
                "survivors": [survivor for _, survivor in pairs],
                "connection": connection_id,
                "kind": kind,
                "now": now,
            },
        )
    waiting = (OutboxEntry.State.PENDING, OutboxEntry.State.HELD)
    OutboxEntry.objects.filter(**of_losers, state__in=waiting).delete()
    errors = SyncError.objects.filter(**of_losers, connection_id=connection_id)
    errors.exclude(state=SyncError.State.CLOSED).update(state=SyncError.State.CLOSED, changed_at=now)
    FieldConflict.objects.open().filter(**of_losers, connection_id=connection_id).update(
        state=FieldConflict.State.SETTLED, winner=FieldConflict.Winner.SALESFORCE, settled_at=now
    )


def linked_of(connection_id: int, kind: str, record_ids: Sequence[int]) -> dict[int, RecordLink]:
    """The links of these records that move something, by record."""
    links = RecordLink.objects.filter(
        connection_id=connection_id, kind=kind, record_id__in=record_ids, state=RecordLink.State.LINKED
    )
    return {link.record_id or 0: link for link in links}
