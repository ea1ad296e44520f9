"""What deleting a record here means in Salesforce, said before it happens (spec C8).

And what that brings about here: Salesforce deletes an account's contacts and opportunities with it, which the next pull
mirrors where their own deletion sync is on.
"""

from collections.abc import Iterable

from crm.models import Kind
from integrations.models import Connection, RecordLink, SyncSettings
from integrations.sync.mass_deletes import DELETE_SYNC
from integrations.sync.push.taken_along import CHILDREN

PLURAL = {"Account": "accounts", "Contact": "contacts", "Lead": "leads", "Opportunity": "deals"}
HERE = {"Contact": "people", "Opportunity": "deals"}

NOT_CONNECTED = "Salesforce isn't connected: nothing changes there."
STAY = "Its people and deals stay here, without an account."
STAY_THERE = (
    "Its people and deals stay: here without an account, in Salesforce with the account they have there."
)
ALONG = "Salesforce deletes the account's contacts and opportunities along with it."
ASKED = "If it has {} there, an admin is asked first."
GO = "The next pull then deletes its {} here too, except {}what Salesforce doesn't have."
SOME_STAY = "Its {} stay here, without an account."


def sentences_on_deleting(kind: str, record_id: int) -> list[str]:
    """One about the record's own place in Salesforce; more about what stands below an account."""
    connection = Connection.objects.live().first()
    link = RecordLink.objects.filter(
        connection=connection, kind=kind, record_id=record_id, state=RecordLink.State.LINKED
    ).first()
    settings = SyncSettings.current()
    goes = link is not None and not link.outside and _deletes(settings, link.salesforce_object)
    sentences = [_of_itself(kind, link, goes=goes) if connection else NOT_CONNECTED]
    if kind == Kind.ACCOUNT:
        sentences += along(settings) if goes else [STAY_THERE if link else STAY]
    return sentences


def _deletes(settings: SyncSettings, name: str) -> bool:
    return bool(getattr(settings, DELETE_SYNC.get(name, ""), False))


def _of_itself(kind: str, link: RecordLink | None, *, goes: bool) -> str:
    if link is None:
        return f"Salesforce has no record that is linked with this {Kind(kind).label}: nothing changes there."
    if link.outside:
        return (
            f"It stands outside the pull filter, so Salesforce keeps its record ({link.salesforce_id})."
            " Pulls skip it from then on, until someone clicks Bring back."
        )
    words = PLURAL.get(link.salesforce_object, "such records")
    if goes:
        return (
            f"Deletion sync for {words} is on: its record in Salesforce ({link.salesforce_id})"
            " is deleted too, as soon as edits go out."
        )
    return (
        f"Salesforce keeps its record ({link.salesforce_id}), as deletion sync for {words} is off."
        " Pulls skip it from then on, until someone clicks Bring back."
    )


def along(settings: SyncSettings) -> list[str]:
    """What becomes of the account's people and deals, on both sides."""
    of_any = [CHILDREN[name][1] for name in CHILDREN if not _deletes(settings, name)]
    of_many = [f"many {CHILDREN[name][1]}" for name in CHILDREN if _deletes(settings, name)]
    go = [name for name in CHILDREN if _goes_here(settings, name)]
    stay = [HERE[name] for name in CHILDREN if name not in go]
    sentences = [f"{ALONG} {ASKED.format(' or '.join(of_any + of_many))}"]
    if go:
        sentences.append(
            GO.format(_listed(HERE[name] for name in go), "leads and " if "Contact" in go else "")
        )
    if stay:
        sentences.append(SOME_STAY.format(_listed(stay)))
    return sentences


def _goes_here(settings: SyncSettings, name: str) -> bool:
    """Deals that aren't pulled are deleted there unseen."""
    return _deletes(settings, name) and (name != "Opportunity" or settings.pull_deals)


def _listed(words: Iterable[str]) -> str:
    return " and ".join(words)
