"""Why a record here has lost its record in Salesforce, as far as it is known (spec C8).

A link that is gone says neither whether its record was deleted or merged there, nor what was switched on then. What
can't be told apart is said in words that hold for both.
"""

from collections.abc import Iterable
from datetime import datetime

from integrations.deletions import PLURAL
from integrations.models import AuditEntry, RecordLink, SyncSettings
from integrations.not_visible import MARKED
from integrations.sync.mass_deletes import DELETE_SYNC
from integrations.sync.pull.plan import MERGE_SYNC

STAYS = "It stays here, and nothing is pushed to it."
MARKED_GONE = (
    "Salesforce stopped showing it without saying that it was deleted, and an admin marked it as gone there."
)
DELETED = "It was deleted in Salesforce."
DELETED_OR_MERGED = "Salesforce no longer has this record: it was deleted there, or merged into another one."
MERGED = "It was merged into another record in Salesforce."
WAITS = "It waits here until that one comes; nothing is pushed to it."
OFF = "{} for {} {} off, so it stays here. Nothing is pushed to it."


def marked_gone(links: Iterable[RecordLink]) -> set[int]:
    """Those of the links that an admin marked as gone, by their ids: one query where any is gone at all."""
    gone = {link.pk: link.changed_at for link in links if link.state == RecordLink.State.GONE}
    if not gone:
        return set()
    marks = AuditEntry.objects.filter(action=MARKED, at__in=set(gone.values()))
    times: set[datetime] = set(marks.values_list("at", flat=True))
    return {pk for pk, at in gone.items() if at in times}


def why_gone(link: RecordLink, settings: SyncSettings, *, marked: bool) -> str:
    """In two plain sentences."""
    name = link.salesforce_object
    if marked:
        return f"{MARKED_GONE} {STAYS}"
    off = _switched_off(name, settings)
    if link.suppressed_by:
        return f"{MERGED} {OFF.format('Merge sync', PLURAL[name], 'is') if 'merge sync' in off else WAITS}"
    what = DELETED_OR_MERGED if name in MERGE_SYNC else DELETED
    explained = len(off) == len(_switches(name))  # else it may have gone while one was off that is on now
    because = OFF.format(" and ".join(off).capitalize(), PLURAL[name], "are" if len(off) > 1 else "is")
    return f"{what} {because if explained else STAYS}"


def _switches(name: str) -> dict[str, str]:
    """The settings that could have taken the record along, by their names."""
    fields = {"deletion sync": DELETE_SYNC.get(name), "merge sync": MERGE_SYNC.get(name)}
    return {words: field for words, field in fields.items() if field}


def _switched_off(name: str, settings: SyncSettings) -> list[str]:
    return [words for words, field in _switches(name).items() if not getattr(settings, field)]
