"""*Link to it*: a record that Salesforce has already is linked with the one there, not made again (spec D10)."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F

from crm.admin_rights import record_names
from crm.models import Kind
from integrations.models import Connection, RecordLink, SyncedObject, SyncError
from integrations.sync import push_errors
from integrations.sync.refusals import Refused
from integrations.sync.retrying import push_again
from mappings.catalogue import SALESFORCE_OBJECTS

OBJECT_OF_PREFIX = {"001": "Account", "003": "Contact", "00Q": "Lead", "006": "Opportunity"}
CODES = frozenset({"DUPLICATES_DETECTED", "DUPLICATE_VALUE", "DUPLICATE_EXTERNAL_ID", "SEVERAL_CANDIDATES"})
MEANWHILE = "Somebody linked one of the two meanwhile. Look at both records again."


def candidates(error: SyncError) -> list[str]:
    """The Salesforce ids that the error's record may be linked with; none where linking is no fix."""
    if error.code not in CODES or error.state == SyncError.State.CLOSED or error.record_id is None:
        return []
    ids = dict.fromkeys([*filter(None, [error.existing_id]), *error.existing_ids])
    return [id for id in ids if SALESFORCE_OBJECTS.get(object_of(id)) == error.kind]


def object_of(salesforce_id: str) -> str:
    """The object that an id's first three characters stand for; empty for one that isn't synced."""
    return OBJECT_OF_PREFIX.get(salesforce_id[:3], "")


def link_to(error: SyncError, salesforce_id: str, *, now: datetime) -> RecordLink:
    """Link the error's record with an existing one and let it go out, with nothing agreed yet (C11).

    Raises Refused where one of the two is linked already, naming with which.
    """
    if salesforce_id not in candidates(error):
        raise Refused(f"Salesforce didn't name {salesforce_id} as the record that is there already.")
    kind, record_id = str(error.kind), error.record_id or 0
    try:
        with transaction.atomic():
            link = _link(error.connection, kind, record_id, salesforce_id, now)
            push_errors.close(error.connection, kind, [record_id], now)
            push_again([(kind, record_id)], now=now)
    except IntegrityError:
        raise Refused(MEANWHILE) from None
    return link


def _link(connection: Connection, kind: str, record_id: int, salesforce_id: str, now: datetime) -> RecordLink:
    names = record_names([(kind, record_id)])
    if (kind, record_id) not in names:
        raise Refused("The record was deleted here.")
    links = RecordLink.objects.select_for_update().filter(connection=connection)
    ours = links.filter(kind=kind, record_id=record_id, state=RecordLink.State.LINKED).first()
    if ours is not None:
        raise Refused(f"{names[kind, record_id]} is linked with {ours.salesforce_id} in Salesforce already.")
    there = links.filter(salesforce_id=salesforce_id).first()
    if there is not None:
        _refuse_taken(there)
    is_new = there is None or there.state == RecordLink.State.GONE
    link, _ = RecordLink.objects.update_or_create(
        connection=connection,
        salesforce_id=salesforce_id,
        defaults={
            "salesforce_object": object_of(salesforce_id),
            "kind": kind,
            "record_id": record_id,
            "state": RecordLink.State.LINKED,
            "suppressed_by": "",
            "merged_record_id": None,
            "base": {},
            "changed_at": now,
        },
    )
    SyncedObject.objects.filter(connection=connection, name=link.salesforce_object).update(
        linked=F("linked") + 1, there=F("there") + int(is_new)
    )
    return link


def _refuse_taken(there: RecordLink) -> None:
    """A tombstone, or a link whose record was gone there, is free to be used again."""
    if there.state == RecordLink.State.LINKED:
        holder = (there.kind, there.record_id)
        named = record_names([holder]).get(holder) or f"{Kind(there.kind).label} {there.record_id}"
        raise Refused(f"It is linked with {named} here already. Merge the two here instead.")
    if there.state == RecordLink.State.SUPPRESSED:
        raise Refused(
            f"That lead is a contact too ({there.suppressed_by}), which is the one in step. Link with the contact."
        )
