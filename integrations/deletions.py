"""What deleting a record here means in Salesforce, said before it happens (spec C8)."""

from crm.models import Kind
from integrations.models import Connection, RecordLink, SyncSettings
from integrations.sync.mass_deletes import DELETE_SYNC
from integrations.sync.push.taken_along import CHILDREN

PLURAL = {"Account": "accounts", "Contact": "contacts", "Lead": "leads", "Opportunity": "deals"}

ALONG = " Salesforce deletes the account's contacts and opportunities along with it."
FEW_ALONG = f"{ALONG} Should they be many, an admin is asked before."
ASKED_ALONG = f"{ALONG} Deletion sync for {{}} is off: if it has any, an admin is asked before."
KEPT = " Its people and deals stay with it there, though they lose it here."


def sentence_on_deleting(kind: str, record_id: int) -> str:
    connection = Connection.objects.live().first()
    if connection is None:
        return "Salesforce isn't connected: nothing changes there."
    link = RecordLink.objects.filter(
        connection=connection, kind=kind, record_id=record_id, state=RecordLink.State.LINKED
    ).first()
    if link is None:
        return f"Salesforce has no record that is linked with this {Kind(kind).label}: nothing changes there."
    if link.outside:
        return (
            f"It stands outside the pull filter, so Salesforce keeps its record ({link.salesforce_id})."
            " Pulls skip it from then on, until someone clicks Bring back."
        )
    words = PLURAL.get(link.salesforce_object, "such records")
    if getattr(SyncSettings.current(), DELETE_SYNC.get(link.salesforce_object, ""), False):
        return (
            f"Deletion sync for {words} is on: its record in Salesforce ({link.salesforce_id})"
            " is deleted too, as soon as edits go out."
            + (_along() if link.salesforce_object == "Account" else "")
        )
    return (
        f"Salesforce keeps its record ({link.salesforce_id}), as deletion sync for {words} is off."
        + (KEPT if link.salesforce_object == "Account" else "")
        + " Pulls skip it from then on, until someone clicks Bring back."
    )


def _along() -> str:
    settings = SyncSettings.current()
    off = [PLURAL[name] for name in CHILDREN if not getattr(settings, DELETE_SYNC[name])]
    return ASKED_ALONG.format(" and ".join(off)) if off else FEW_ALONG
