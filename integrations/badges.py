"""How a record stands with Salesforce, in one badge with its reason (pages: *Record page*)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zlib import crc32

from crm.models import Account, Contact, Kind
from integrations.gone_there import marked_gone, why_gone
from integrations.models import (
    Connection,
    ConnectionState,
    OutboxEntry,
    RecordLink,
    SyncedObject,
    SyncError,
    SyncSettings,
)
from integrations.salesforce.hosts import record_url
from integrations.sync.push.gates import allowed_stages, why_not_pushed

PARENTS = {Kind.ACCOUNT: "account", Kind.CONTACT: "person", Kind.DEAL: "deal"}
"""Also the names of their pages."""
THERE = {"Contact": "a contact", "Lead": "a lead", "Account": "an account", "Opportunity": "an opportunity"}
STRONGEST_FIRST = ("linked", "gone", "tombstone", "suppressed")
WAITS_FOR = {
    ConnectionState.NEEDS_SIGN_IN: "goes out once an admin has signed in to Salesforce again",
    ConnectionState.PAUSED: "goes out when syncing is resumed",
    ConnectionState.CONFIGURING: "goes out when syncing is on",
    ConnectionState.READ_ONLY: "goes out when read only is switched off",
    ConnectionState.ACTIVE: "goes out next",
}


@dataclass(frozen=True, slots=True)
class Badge:
    """`tone` is a class of the badge component; `at`, where given, is shown as how long ago.

    `moving`: it will change without anybody's doing, so that a page may look again. `parent` is the record that
    this one waits for, as the name of its page and its id; `error` may be that one's.
    """

    record_id: int
    tone: str
    icon: str
    text: str
    reason: str
    at: datetime | None = None
    url: str = ""
    error: int | None = None
    moving: bool = False
    parent: tuple[str, int] | None = None

    @property
    def fingerprint(self) -> str:
        """The same for badges that say the same."""
        said = "\0".join((self.tone, self.text, self.reason, self.url, str(self.error), str(self.parent)))
        return f"{crc32(said.encode()):08x}"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the tables say of one record."""

    record_id: int
    link: RecordLink | None
    entry: OutboxEntry | None
    error: SyncError | None
    stage: str | None
    parents_error: SyncError | None = None
    marked_gone: bool = False


def badges_for(kind: str, ids: Iterable[int]) -> list[Badge]:
    """One for each id, in a fixed number of queries."""
    wanted = list(ids)
    connection = Connection.objects.live().first()
    if connection is None:
        return [not_connected(record_id) for record_id in wanted]
    settings = SyncSettings.current()
    pulled = dict(SyncedObject.objects.filter(connection=connection).values_list("name", "pulled_at"))
    return [
        badge_of(kind, standing, connection, settings, pulled)
        for standing in standings(kind, wanted, connection, settings)
    ]


def not_connected(record_id: int) -> Badge:
    return Badge(record_id, "ls-quiet", "link_off", "Not connected", "Salesforce isn't connected.")


def standings(kind: str, ids: list[int], connection: Connection, settings: SyncSettings) -> list[Standing]:
    of_these: dict[str, Any] = {"kind": kind, "record_id__in": ids}
    links = RecordLink.objects.filter(connection=connection, **of_these).defer("base")
    by_strength = sorted(links, key=lambda link: STRONGEST_FIRST.index(link.state), reverse=True)
    entries = OutboxEntry.objects.filter(**of_these).defer("payload").order_by("-id")
    errors = SyncError.objects.filter(connection=connection, **of_these).exclude(state=SyncError.State.CLOSED)
    link_of = {link.record_id: link for link in by_strength}
    entry_of = {entry.record_id: entry for entry in entries}
    error_of = {error.record_id: error for error in errors.defer("sent").order_by("changed_at")}
    stage_of = stage_names(kind, ids) if allowed_stages(kind, settings) is not None else {}
    parents_error_of = errors_of_parents(connection, entries)
    marked = marked_gone(link_of.values())
    return [
        Standing(
            pk,
            link_of.get(pk),
            entry_of.get(pk),
            error_of.get(pk),
            stage_of.get(pk),
            parents_error_of.get(pk),
            pk in link_of and link_of[pk].pk in marked,
        )
        for pk in ids
    ]


def errors_of_parents(connection: Connection, entries: Iterable[OutboxEntry]) -> dict[int, SyncError]:
    """What keeps the parents of held records, by the record that waits for them; one query where any does."""
    waiting_for = {
        entry.record_id: (entry.waits_for_kind, entry.waits_for_id) for entry in entries if entry.waits_for_id
    }
    if not waiting_for:
        return {}
    errors = SyncError.objects.filter(
        connection=connection,
        kind__in={kind for kind, _ in waiting_for.values()},
        record_id__in={pk for _, pk in waiting_for.values()},
        state=SyncError.State.OPEN,
    )
    found = {(error.kind, error.record_id): error for error in errors.defer("sent").order_by("changed_at")}
    return {pk: found[parent] for pk, parent in waiting_for.items() if parent in found}


def stage_names(kind: str, ids: list[int]) -> dict[int, str | None]:
    model = Contact if kind == Kind.CONTACT else Account
    return dict(model.objects.filter(pk__in=ids).values_list("pk", "stage__name"))


def badge_of(
    kind: str,
    standing: Standing,
    connection: Connection,
    settings: SyncSettings,
    pulled: dict[str, datetime | None],
) -> Badge:
    link, entry, error = standing.link, standing.entry, standing.error
    linked = link is not None and link.state == RecordLink.State.LINKED
    url = address_in(connection, link) if link else ""
    pk = standing.record_id
    if error is not None:
        return failed(error, entry, pk, url)
    if linked and link is not None and link.outside and not (entry is not None and is_sent(entry)):
        return outside(pk, link, url)
    if entry is not None and entry.waits_for_id:
        return behind_parent(entry, standing.parents_error, url)
    if entry is not None and (linked or is_sent(entry)):
        return waiting(entry, connection, url)
    if linked and link is not None:
        at = max(filter(None, (link.changed_at, pulled.get(link.salesforce_object))))
        reason = f"Linked with {THERE[link.salesforce_object]} in Salesforce."
        return Badge(pk, "ls-good", "check_circle", "In step", reason, at=at, url=url)
    if link is not None:
        return ended(standing, link, settings, url)
    return not_there(kind, standing, connection, settings)


def failed(error: SyncError, entry: OutboxEntry | None, pk: int, url: str) -> Badge:
    """What a person has to look at; what is tried again by itself waits, and says for what."""
    if error.state == SyncError.State.RETRYING:
        text = "Waiting: it is tried again by itself"
        reason = f"Salesforce couldn't take it just now: {error.message}"
        return Badge(pk, "ls-info", "sync", text, reason, error.changed_at, url, error.pk, moving=True)
    reason = "It was held before sending." if error.held_by_us else "Salesforce refused it."
    text = f"Error: {error.message}"
    goes_again = entry is not None and entry.state != OutboxEntry.State.HELD
    if goes_again:
        reason += " It goes out once more."
    return Badge(pk, "ls-bad", "error", text, reason, url=url, error=error.pk, moving=goes_again)


def behind_parent(entry: OutboxEntry, error: SyncError | None, url: str) -> Badge:
    """Held for a record that Salesforce must have first (spec D4)."""
    name = PARENTS[Kind(entry.waits_for_kind)]
    parent = (name, entry.waits_for_id or 0)
    text = f"Waiting: its {name} goes first"
    if error is None:
        reason = f"Salesforce doesn't have the {name} yet; it is sent first."
        return Badge(
            entry.record_id, "ls-info", "hourglass_top", text, reason, entry.changed_at, url,
            moving=True, parent=parent,
        )  # fmt: skip
    refused = "was held before sending" if error.held_by_us else "was refused"
    reason = f"The {name} {refused}: {error.message}"
    return Badge(
        entry.record_id, "ls-warn", "front_hand", text, reason, entry.changed_at, url, error.pk,
        moving=True, parent=parent,
    )  # fmt: skip


def is_sent(entry: OutboxEntry) -> bool:
    return entry.state in (OutboxEntry.State.IN_FLIGHT, OutboxEntry.State.UNKNOWN)


def outside(pk: int, link: RecordLink, url: str) -> Badge:
    """Linked, but it doesn't meet the pull filter (spec C12)."""
    known = f"Only its name and {'domain' if link.kind == Kind.ACCOUNT else 'e-mail'} are pulled"
    kept = "It keeps the values it had" if link.outside == RecordLink.Outside.FROZEN else known
    reason = (
        f"{THERE[link.salesforce_object].capitalize()} in Salesforce that doesn't meet the pull filter. {kept}; "
        "it is hidden from lists, and nothing is pushed. It moves again once it meets the filter."
    )
    return Badge(pk, "ls-quiet", "filter_alt_off", "Outside the pull filter", reason, link.changed_at, url)


def waiting(entry: OutboxEntry, connection: Connection, url: str) -> Badge:
    pk = entry.record_id
    if entry.state == OutboxEntry.State.HELD:
        return Badge(pk, "ls-warn", "front_hand", "Held", "It can't go out as it is; see its error.", url=url)
    if entry.state == OutboxEntry.State.UNKNOWN:
        reason = "The answer was lost; Salesforce is asked again, so that nothing is made twice."
        return Badge(pk, "ls-info", "help", "Waiting: being checked", reason, url=url, moving=True)
    if entry.state == OutboxEntry.State.IN_FLIGHT:
        reason = "It is being sent right now."
        return Badge(pk, "ls-info", "upload", "Waiting: on its way", reason, url=url, moving=True)
    if entry.backfill and not entry.live:
        return backfill(entry, connection, url)
    until = WAITS_FOR.get(connection.state, "waits")
    return Badge(
        pk, "ls-info", "hourglass_top", f"Waiting: 1 edit {until}", "Edits wait in the outbox.",
        at=entry.changed_at, url=url, moving=True,
    )  # fmt: skip


def backfill(entry: OutboxEntry, connection: Connection, url: str = "") -> Badge:
    """Part of a push of all, behind everybody's edits (spec D7)."""
    active = connection.state == ConnectionState.ACTIVE
    until = "goes out after all edits" if active else WAITS_FOR.get(connection.state, "waits")
    reason = "All that Salesforce doesn't have yet is being pushed; edits overtake it."
    return Badge(
        entry.record_id, "ls-info", "hourglass_top", f"Waiting: {until}", reason,
        at=entry.changed_at, url=url, moving=True,
    )  # fmt: skip


def what_it_waits_for(entry: OutboxEntry) -> str:
    """In a few words, from the row alone."""
    if entry.waits_for_id:
        return f"its {PARENTS[Kind(entry.waits_for_kind)]}, which goes first"
    if entry.state == OutboxEntry.State.HELD:
        return "somebody: see its error"
    if entry.state == OutboxEntry.State.UNKNOWN:
        return "Salesforce, asked what became of it"
    if entry.state == OutboxEntry.State.IN_FLIGHT:
        return "Salesforce's answer"
    if entry.attempts:
        return "another try"
    return "all edits, before a push of all" if entry.backfill and not entry.live else "its turn"


def ended(standing: Standing, link: RecordLink, settings: SyncSettings, url: str) -> Badge:
    """The record has a link, but one that moves nothing any more."""
    pk = standing.record_id
    if link.state == RecordLink.State.GONE:
        reason = why_gone(link, settings, marked=standing.marked_gone)
        return Badge(pk, "ls-warn", "cloud_off", "Gone there", reason, at=link.changed_at)
    if link.state == RecordLink.State.SUPPRESSED:
        reason = "Salesforce holds this lead as a contact too; the contact is the one in step."
        return Badge(pk, "ls-quiet", "person_off", "Not in step", reason, url=url)
    reason = "It was merged or deleted here; Salesforce kept its record."
    return Badge(pk, "ls-quiet", "link_off", "Unlinked", reason, url=url)


def not_there(kind: str, standing: Standing, connection: Connection, settings: SyncSettings) -> Badge:
    pk, entry = standing.record_id, standing.entry
    whatever_the_settings = entry is not None and (entry.manual or entry.needed)
    of_all = entry is not None and entry.backfill
    why_not = why_not_pushed(kind, standing.stage, settings, backfill=of_all)
    if why_not and not whatever_the_settings:
        return Badge(pk, "ls-quiet", "cloud_off", f"Not in Salesforce: {why_not[0]}", why_not[1])
    if entry is None:
        reason = "It was here before pushing new records was switched on; the next save sends it."
        return Badge(pk, "ls-quiet", "cloud_off", "Not in Salesforce", reason)
    if entry.state == OutboxEntry.State.HELD:
        return waiting(entry, connection, "")
    if entry.backfill and not entry.live:
        return backfill(entry, connection)
    until = WAITS_FOR.get(connection.state, "waits")
    return Badge(
        pk, "ls-info", "hourglass_top", f"Waiting: {until}", why_it_goes(entry),
        at=entry.changed_at, moving=True,
    )  # fmt: skip


def why_it_goes(entry: OutboxEntry) -> str:
    if entry.needed:
        return "A record that belongs to it goes out, so it is made in Salesforce first."
    if entry.manual:
        return "Somebody pushed it by hand, so it will be made in Salesforce."
    return "New records are pushed, so it will be made in Salesforce."


def address_in(connection: Connection, link: RecordLink) -> str:
    """The record's page in Salesforce; empty while the connection knows no host."""
    if not connection.instance_url:
        return ""
    return record_url(connection.instance_url, link.salesforce_id, link.salesforce_object)
