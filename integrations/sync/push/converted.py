"""A lead that was converted while an edit of it was on its way: the edit is one of the contact now (spec C4)."""

from collections.abc import Mapping, Sequence
from functools import partial

from django.db.models import F

from crm.models import Contact
from integrations.models import OutboxEntry, RecordLink, SyncedObject
from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.ids import to18
from integrations.sync import push_errors
from integrations.sync.deadlocks import persistently
from integrations.sync.joined_edits import NOT_READ, carry_over
from integrations.sync.map_lock import MapChanged, keep_maps
from integrations.sync.merging import linked_of, merge_as_salesforce_did
from integrations.sync.pull.plan import fields_of_leads
from integrations.sync.push import settle
from integrations.sync.push.claim import Claim
from integrations.sync.push.compose import Outgoing
from integrations.sync.push.plan import push_plan
from integrations.sync.push.shift import Shift

CODE = "CANNOT_UPDATE_CONVERTED_LEAD"
FIELDS = ("Id", "ConvertedContactId")
ORIGIN = "conversion"


def follow(
    shift: Shift, claim: Claim, lost: Sequence[Outgoing], errors: Mapping[int, SalesforceError]
) -> list[Outgoing]:
    """Move the links of converted leads to their contacts; what was sent goes out again, to them.

    Returns those that are settled. Raises SalesforceError from the one read that it takes.
    """
    leads = [item for item in lost if item.object == "Lead" and errors[item.entry.id].code == CODE]
    if not leads:
        return []
    rows = shift.org.retrieve("Lead", [item.salesforce_id or "" for item in leads], FIELDS)
    contacts = [to18(row["ConvertedContactId"]) if row and row["ConvertedContactId"] else "" for row in rows]
    return [
        item
        for item, contact in zip(leads, contacts, strict=True)
        if contact and persistently(partial(_move, shift, claim, item, contact))
    ]


def _move(shift: Shift, claim: Claim, item: Outgoing, contact: str) -> bool:
    """False where somebody unlinked either meanwhile, or has let go of the contact here: a person sees to it."""
    try:
        keep_maps()
    except MapChanged:  # it meets the conversion again, compared anew
        settle.put_back(claim.name, [item.entry.id], not_before=shift.clock())
        return True
    known = RecordLink.objects.filter(connection=shift.connection)
    chosen = known.filter(salesforce_id=contact).values_list("record_id", flat=True).first()
    persons = Contact.objects.select_for_update().order_by("pk").in_bulk([item.entry.record_id, chosen or 0])
    person = persons.get(item.entry.record_id)
    links = known.select_for_update()
    lead = links.filter(salesforce_id=item.salesforce_id, state=RecordLink.State.LINKED).first()
    there = links.filter(salesforce_id=contact).first()
    if there is not None and there.record_id != chosen:  # somebody took its place before we held it
        settle.put_back(claim.name, [item.entry.id], not_before=shift.clock())
        return True
    linked = there is not None and there.state == RecordLink.State.LINKED
    survivor = persons.get(chosen or 0) if linked else None
    let_go = there is not None and (there.state == RecordLink.State.TOMBSTONE or linked and survivor is None)
    if person is None or lead is None or let_go:
        return False
    pairs = [(person.pk, survivor.pk)] if survivor is not None else []
    if pairs:
        carry_over(shift.connection.pk, pairs, there=NOT_READ, sent=_sent(item), origin=ORIGIN)
    lead.state, lead.suppressed_by = RecordLink.State.SUPPRESSED, contact
    lead.save(update_fields=["state", "suppressed_by"])
    _count(shift, "Lead", linked=-1, suppressed=1)
    push_errors.close(shift.connection, claim.kind, [person.pk], now=shift.clock())
    if pairs:
        settle.drop(claim.name, [item.entry.id], now=shift.clock())
        merge_as_salesforce_did(shift.connection.pk, claim.kind, pairs, run=None, now=shift.clock())
    else:
        is_new = there is None or there.state == RecordLink.State.GONE
        _link(shift, lead, person, contact)
        _count(shift, "Contact", linked=1, there=int(is_new))
        settle.put_back(claim.name, [item.entry.id], not_before=shift.clock())
    return True


def _sent(item: Outgoing) -> list[str]:
    """The fields that are mapped as they were when it was composed."""
    payload = OutboxEntry.objects.values_list("payload", flat=True).filter(pk=item.entry.id).first()
    return list(payload["values"]) if payload else []


def _link(shift: Shift, lead: RecordLink, person: Contact, contact: str) -> None:
    """With what was agreed of the lead, so that the edit is seen as one made here since."""
    plan = push_plan(shift.connection, "Contact")
    merge = plan.merge.fields if plan.merge else ()
    pairs = fields_of_leads(shift.connection, merge)
    base = {name: lead.base[of_lead] for name, of_lead in pairs if of_lead in lead.base}
    account = linked_of(shift.connection.pk, "account", [person.account_id or 0]).get(person.account_id or 0)
    if account:
        base["AccountId"] = account.salesforce_id
    RecordLink.objects.update_or_create(
        connection=shift.connection,
        salesforce_id=contact,
        defaults={
            "salesforce_object": "Contact",
            "kind": "contact",
            "record_id": person.pk,
            "state": RecordLink.State.LINKED,
            "suppressed_by": "",
            "base": base,
            "system_modstamp": None,
            "changed_at": shift.clock(),
        },
    )


def _count(shift: Shift, name: str, *, linked: int, suppressed: int = 0, there: int = 0) -> None:
    synced = SyncedObject.objects.filter(connection=shift.connection, name=name)
    synced.update(
        linked=F("linked") + linked, suppressed=F("suppressed") + suppressed, there=F("there") + there
    )
