"""What becomes of two records' links with Salesforce when one is merged into the other here (spec C9)."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F
from django.db.models.functions import Greatest

from crm.models import Record
from integrations.models import RecordLink, SyncedObject
from integrations.sync.merging import settle_losers

State = RecordLink.State


@dataclass(frozen=True, slots=True)
class Outcome:
    """The link that the survivor has afterwards, whether it was the other's, and the one that ends."""

    kept: RecordLink | None
    moves: bool
    ended: RecordLink | None

    @property
    def leaves_out(self) -> bool:
        """Whether a lead's link ends that pulls leave out anyway, as the contact is the same person (C4)."""
        return (
            self.ended is not None
            and self.kept is not None
            and (self.ended.salesforce_object, self.kept.salesforce_object) == ("Lead", "Contact")
            and bool(self.ended.match_key)
            and self.ended.match_key == self.kept.match_key
        )


def outcome(ours: RecordLink | None, theirs: RecordLink | None) -> Outcome:
    """`ours` is the survivor's link. It stays; but of a lead and a contact, the contact's does."""
    if ours is None:
        return Outcome(kept=theirs, moves=theirs is not None, ended=None)
    if theirs is not None and (ours.salesforce_object, theirs.salesforce_object) == ("Lead", "Contact"):
        return Outcome(kept=theirs, moves=True, ended=ours)
    return Outcome(kept=ours, moves=False, ended=theirs)


def settle_links(connection_id: int, survivor: Record, loser: Record, *, now: datetime) -> Outcome:
    """One link of the two stays with the survivor, the other ends; what else is the loser's in the sync ends too.

    For the caller's transaction, which holds both records locked.
    """
    links = RecordLink.objects.filter(
        connection_id=connection_id,
        kind=survivor.kind,
        record_id__in=[survivor.pk, loser.pk],
        state=State.LINKED,
    )
    held = {link.record_id: link for link in links.select_for_update(no_key=True).order_by("pk")}
    done = outcome(held.get(survivor.pk), held.get(loser.pk))
    _count_hidden(done, held, survivor, loser)
    if done.ended is not None and done.kept is not None:
        _end(done.ended, done.kept, survivor, loser, out=done.leaves_out, now=now)
        _end_leads_of(done.ended, done.kept, survivor, loser, now=now)
    if done.moves and done.kept is not None:
        done.kept.record_id, done.kept.changed_at = survivor.pk, now
        done.kept.save(update_fields=["record_id", "changed_at"])
    settle_losers(connection_id, survivor.kind, [(loser.pk, survivor.pk)], now=now)
    return done


def _end(
    link: RecordLink, kept: RecordLink, survivor: Record, loser: Record, *, out: bool, now: datetime
) -> None:
    link.state = State.SUPPRESSED if out else State.TOMBSTONE
    link.suppressed_by = kept.salesforce_id
    link.record_id, link.merged_record_id = survivor.pk, None if out else loser.pk
    link.waiting_for, link.changed_at = None, now
    link.save(
        update_fields=[
            *("state", "suppressed_by", "record_id", "merged_record_id", "waiting_for", "changed_at")
        ]
    )
    _count(link.connection_id, link.salesforce_object, linked=-1, suppressed=int(out))


def _end_leads_of(
    contact: RecordLink, kept: RecordLink, survivor: Record, loser: Record, *, now: datetime
) -> None:
    """Leads left out because of the contact whose link ends: they were merged away with it.

    Else they would come back as persons of their own as soon as they change there (C4).
    """
    leads = RecordLink.objects.filter(
        connection_id=contact.connection_id,
        salesforce_object="Lead",
        suppressed_by=contact.salesforce_id,
        state=State.SUPPRESSED,
    )
    values = {
        "suppressed_by": kept.salesforce_id,
        "record_id": survivor.pk,
        "changed_at": now,
    }
    if kept.match_key:
        leads.filter(match_key=kept.match_key).update(**values)
    ended = leads.update(**values, merged_record_id=loser.pk, state=State.TOMBSTONE)
    _count(contact.connection_id, "Lead", suppressed=-ended)


def _count_hidden(done: Outcome, held: dict[int | None, RecordLink], survivor: Record, loser: Record) -> None:
    """Linked records that are hidden are counted too."""
    for record in (survivor, loser):
        link = held.get(record.pk)
        if link is not None and record.hidden:
            _count(link.connection_id, link.salesforce_object, hidden=-1)
    if done.kept is not None and survivor.hidden:
        _count(done.kept.connection_id, done.kept.salesforce_object, hidden=1)


def _count(connection_id: int, object_name: str, **changes: int) -> None:
    changed = {name: Greatest(F(name) + by, 0) for name, by in changes.items() if by}
    if changed:
        SyncedObject.objects.filter(connection_id=connection_id, name=object_name).update(**changed)
