"""Records deleted here: deleted there too where deletion sync says so, else left there as tombstones (spec C8)."""

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import F
from psycopg import sql

from integrations.models import OutboxEntry, RecordLink, SyncedObject
from integrations.sync import push_errors
from integrations.sync.mass_deletes import DELETE_SYNC, MOST_AT_ONCE, needs_yes
from integrations.sync.pull.role_plan import ROLE
from integrations.sync.push import settle, taken_along
from integrations.sync.push.claim import Claim
from integrations.sync.push.plan import TABLES
from integrations.sync.push.shift import Shift
from integrations.sync.push.standing import Stand, fetch

MASS_DELETE = (
    "{count} records of {object} were deleted here at once. Nothing is deleted in Salesforce until an admin says "
    "yes: retry them to delete them there too."
)
ONE_RUN = timedelta(minutes=10)
"""So long deletes count as one mass, in however many claims they are taken."""
TOGETHER = """
SELECT count(*) FROM (
  SELECT 1 FROM integrations_outboxentry o
    JOIN integrations_recordlink l ON l.connection_id = %s AND l.salesforce_object = %s AND l.kind = o.kind
     AND l.record_id = o.record_id AND l.state = 'linked'
   WHERE o.kind = %s AND o.live AND NOT o.manual AND (o.state <> 'held' OR o.changed_at > %s)
     AND NOT EXISTS (SELECT 1 FROM {table} r WHERE r.id = o.record_id) LIMIT %s) deletes"""
ROLE_ALONE = """
SELECT r.salesforce_id FROM integrations_recordlink r
 WHERE r.connection_id = %s AND r.salesforce_id = ANY(%s)
   AND 2 = (SELECT count(*) FROM integrations_recordlink p
             WHERE p.connection_id = r.connection_id AND (p.state = 'linked' OR p.suppressed_by <> '')
               AND p.salesforce_id IN (r.base ->> 'OpportunityId', r.base ->> 'ContactId')
               AND CASE p.kind WHEN 'deal' THEN EXISTS (SELECT 1 FROM crm_deal d WHERE d.id = p.record_id)
                               ELSE EXISTS (SELECT 1 FROM crm_contact c WHERE c.id = p.record_id) END)"""
"""Roles that were taken away themselves; the others went with their deal or person, which decides for them."""


def to_delete(shift: Shift, claim: Claim, object_name: str, stands: Sequence[Stand]) -> list[Stand]:
    """Those to be deleted there; the others are settled here."""
    wanted = _wanted(shift, object_name, stands)
    left = [stand for stand in stands if stand not in wanted]
    _leave_there(shift, claim, object_name, left)
    count = max(len(wanted), _together(shift, claim, object_name)) if wanted else 0
    agreed = [stand for stand in wanted if stand.entry.manual]
    asked = [stand for stand in wanted if not stand.entry.manual]
    if _too_many(shift, object_name, count):
        message = MASS_DELETE.format(count=count, object=object_name)
        _wait_for_yes(shift, claim, object_name, asked, "MASS_DELETE", message)
        return agreed
    if object_name == "Account" and asked:
        asked = _without_children(shift, claim, asked)
    return agreed + asked


def _without_children(shift: Shift, claim: Claim, stands: Sequence[Stand]) -> list[Stand]:
    """The accounts that may go without a yes; those that would take more along than our switches do wait."""
    found = taken_along.what_waits(shift, [stand.salesforce_id or "" for stand in stands])
    if found is None:
        return list(stands)
    waiting = [stand for stand in stands if stand.salesforce_id in found.accounts]
    _wait_for_yes(shift, claim, "Account", waiting, "DELETES_ALONG", found.message)
    return [stand for stand in stands if stand not in waiting]


def _wanted(shift: Shift, object_name: str, stands: Sequence[Stand]) -> list[Stand]:
    if object_name != ROLE:
        follows = getattr(shift.settings, DELETE_SYNC[object_name])
        return [stand for stand in stands if follows and not stand.outside]
    ids = [stand.salesforce_id for stand in stands]
    alone = {id for (id,) in fetch(ROLE_ALONE, [shift.connection.pk, ids])}
    return [stand for stand in stands if stand.salesforce_id in alone]


def _leave_there(shift: Shift, claim: Claim, object_name: str, stands: Sequence[Stand]) -> None:
    now = shift.clock()
    ids = [stand.salesforce_id or "" for stand in stands]
    unlinked = settle.unlink(shift.connection.pk, ids, state=RecordLink.State.TOMBSTONE, now=now)
    settle.count_unlinked(shift.connection.pk, object_name, unlinked, gone=False)
    if object_name == "Contact":
        _leave_leads_of(shift, ids)
    settle.drop(claim.name, [stand.entry.id for stand in stands], now=now)


def _leave_leads_of(shift: Shift, contact_ids: Sequence[str]) -> None:
    """Leads left out because of these contacts are the same person: they don't come back as one of their own."""
    leads = RecordLink.objects.filter(
        connection=shift.connection,
        salesforce_object="Lead",
        suppressed_by__in=[id for id in contact_ids if id],
        state=RecordLink.State.SUPPRESSED,
    )
    left = leads.update(state=RecordLink.State.TOMBSTONE, changed_at=shift.clock())
    synced = SyncedObject.objects.filter(connection=shift.connection, name="Lead")
    synced.update(suppressed=F("suppressed") - left)


def _together(shift: Shift, claim: Claim, object_name: str) -> int:
    """How many deletes are in the outbox, counted to the most: this claim, others', what waits, what is held."""
    query = sql.SQL(TOGETHER).format(table=sql.Identifier(TABLES[claim.kind]))
    recently = shift.clock() - ONE_RUN
    rows = fetch(query, [shift.connection.pk, object_name, claim.kind, recently, MOST_AT_ONCE + 1])
    return int(rows[0][0])


def _too_many(shift: Shift, object_name: str, wanted: int) -> bool:
    if object_name == ROLE:
        return False
    synced = SyncedObject.objects.filter(connection=shift.connection, name=object_name).first()
    return needs_yes(wanted, synced.linked if synced else 0)


def _wait_for_yes(
    shift: Shift, claim: Claim, object_name: str, stands: Sequence[Stand], code: str, message: str
) -> None:
    now = shift.clock()
    settle.put_back(
        claim.name, [stand.entry.id for stand in stands], state=OutboxEntry.State.HELD, not_before=now
    )
    shift.tally.held += len(stands)
    push_errors.record_ours(
        shift.connection,
        kind=claim.kind,
        salesforce_object=object_name,
        rows=[(stand.entry.record_id, stand.salesforce_id or "") for stand in stands],
        code=code,
        message=message,
        now=now,
    )
