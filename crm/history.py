"""A record's journal in words: who, when, by what, and each value before and after (spec O4, I5)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import formats, timezone
from django.utils.dateparse import parse_date, parse_datetime

from crm.layout import custom_fields, labels_of
from crm.models import (
    Account,
    AccountStage,
    Contact,
    ContactStage,
    Deal,
    DealStage,
    JournalEntry,
    Kind,
    Record,
    User,
)
from mappings.field_types import FieldType

PAGE = 20
ORIGINS = {
    "web": "in Lockstep",
    "pull": "by a pull from Salesforce",
    "import": "by an import",
    "cli": "on the command line",
    "enrichment": "by an enrichment rule",
    "undo": "by an undo",
    "conflict": "by deciding a conflict",
    "conversion": "as its lead was converted",
    "joining": "as a lead of the same person joined it",
    "owners": "by the owner map",
    "domain": "by the domain of the e-mail",
    "unknown (SQL)": "directly in the database",
}
MERGED = "merged_into"
"""The key under which the journal keeps which record took another in."""
STAGES = {Kind.ACCOUNT: AccountStage, Kind.CONTACT: ContactStage, Kind.DEAL: DealStage}
MODELS: dict[str, type[Record]] = {Kind.ACCOUNT: Account, Kind.CONTACT: Contact, Kind.DEAL: Deal}
Names = dict[str, dict[int, str]]


@dataclass(frozen=True, slots=True)
class Change:
    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Event:
    """`who` is empty where no user did it; `said` is what happened where no value here changed.

    `about` is the other record that it happened with, named and linked right after `said`, `further` are more such.
    """

    at: datetime
    action: str
    who: str
    how: str
    run: int | None
    changes: list[Change]
    said: str = ""
    about: Record | None = None
    further: Sequence[Record] = ()


@dataclass(frozen=True, slots=True)
class Teller:
    """What another app adds to a record's history, in words; apps above this one register theirs.

    `events` tells all at or after a time and before another, `of_field` what concerns one field now, `beside` what
    stands beside a field's value without being asked for, by the field's key.
    """

    name: str
    events: Callable[[Record, datetime | None, datetime | None], list[Event]]
    of_field: Callable[[Record, str], list[Event]]
    beside: Callable[[Record], dict[str, str]] = lambda record: {}


_tellers: dict[str, Teller] = {}


def register_teller(teller: Teller) -> None:
    """Called in `AppConfig.ready`; registering a name again replaces it, so reloading is harmless."""
    _tellers[teller.name] = teller


@dataclass(frozen=True, slots=True)
class History:
    """`older` is the journal id to go on from, empty at the beginning of the record's life."""

    events: list[Event]
    older: int | None


def history_of(record: Record, *, before: int | None = None, size: int = PAGE) -> History:
    entries = JournalEntry.objects.filter(kind=record.kind, record_id=record.pk).select_related("actor")
    if before:
        entries = entries.filter(pk__lt=before)
    found = list(entries[: size + 1])
    last = found[size - 1] if len(found) > size else None
    told = events_told(record, last.at if last else None, before)
    events = sorted([*told, *in_words(found[:size], record.kind)], key=lambda event: event.at, reverse=True)
    if last is None:
        events += pulled_first(record)
    return History(events, last.pk if last else None)


def events_told(record: Record, since: datetime | None, before: int | None) -> list[Event]:
    """What other apps tell of the time from `since` to the journal entry `before`, where the page began."""
    until = JournalEntry.objects.filter(pk=before).values_list("at", flat=True).first() if before else None
    return [event for teller in _tellers.values() for event in teller.events(record, since, until)]


def pulled_first(record: Record) -> list[Event]:
    """A pulled insert has no journal row: the record itself names the run (design, idea 3)."""
    if record.created_run is None:
        return []
    return [Event(record.created_at, "created", "", ORIGINS["pull"], record.created_run, [])]


def in_words(entries: list[JournalEntry], kind: str) -> list[Event]:
    """Constant in queries, however many entries and values there are."""
    labels, names, survivors = labels_of(kind), names_in(entries, kind), survivors_in(entries, kind)
    return [
        event_of(
            entry,
            changes=[
                Change(labels.get(key, key), shown(key, old, names), shown(key, new, names))
                for key, (old, new) in sorted(entry.changes.items(), key=lambda item: item[0])
                if key != MERGED
            ],
            said="Merged into" if MERGED in entry.changes else "",
            about=survivors.get(entry.changes.get(MERGED, [None])[-1]),
        )
        for entry in entries
    ]


def event_of(
    entry: JournalEntry, *, changes: list[Change], said: str = "", about: Record | None = None
) -> Event:
    """`entry.actor` is read, so fetch it with the entries."""
    who = str(entry.actor) if entry.actor else ""
    return Event(entry.at, entry.action, who, how(entry.origin), entry.run, changes, said, about)


def survivors_in(entries: Iterable[JournalEntry], kind: str) -> dict[int | None, Record]:
    """The records that the entries say another was merged into, in one query where there are any."""
    ids = {entry.changes[MERGED][-1] for entry in entries if MERGED in entry.changes}
    everyone: QuerySet[Any] = MODELS[kind]._default_manager.all()
    return dict(everyone.defer("search", "custom").in_bulk(ids)) if ids else {}


def how(origin: str) -> str:
    return ORIGINS.get(origin, f"by {origin}")


def names_in(entries: Iterable[JournalEntry], kind: str) -> Names:
    return names_of(kind, ((key, value) for entry in entries for key, value in entry.changes.items()))


def names_of(kind: str, values: Iterable[tuple[str, list[Any]]]) -> Names:
    """What the ids among `values` (pairs of key and values) stand for, in one query a key."""
    users = [f"custom.{f.name}" for f in custom_fields(kind) if f.type == FieldType.USER]
    models: dict[str, Any] = {"stage": STAGES[Kind(kind)], "account": Account, "owner": User}
    models |= dict.fromkeys(users, User)
    ids: dict[str, set[int]] = {key: set() for key in models}
    for key, held in values:
        if key in ids:
            ids[key].update(value for value in held if isinstance(value, int))
    return {
        key: {row.pk: str(row) for row in models[key].objects.filter(pk__in=wanted)} if wanted else {}
        for key, wanted in ids.items()
    }


def shown(key: str, value: Any, names: Names) -> str:
    """A journaled value as a person reads it; empty text for none."""
    if value is None or value == "":
        return ""
    if key in names:
        return names[key].get(value, "one that is no longer there")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, int | float):
        return f"{value:,.0f}" if value == int(value) else f"{value:,}"
    return moment(str(value)) or str(value)


def custom_value_in_words(kind: str, name: str, value: Any) -> str:
    """A custom field's value as history shows it; empty text for none."""
    key = f"custom.{name}"
    return shown(key, value, names_of(kind, [(key, [value])]))


def moment(text: str) -> str | None:
    """A date or time that the database wrote as text."""
    try:
        when = parse_date(text) if len(text) == 10 else parse_datetime(text) if len(text) > 18 else None
    except ValueError:
        return None
    if isinstance(when, datetime):
        local = timezone.localtime(when) if timezone.is_aware(when) else when
        return formats.date_format(local, "j M Y, H:i")
    return formats.date_format(when, "j M Y") if when else None


def told_beside(record: Record) -> dict[str, str]:
    """What other apps say of fields, in a sentence each, by the field's key."""
    return {key: said for teller in _tellers.values() for key, said in teller.beside(record).items()}


@dataclass(frozen=True, slots=True)
class Origin:
    """Why a field has its value: the event that set it last, what stood there before, what else is told."""

    event: Event | None
    change: Change | None
    told: list[Event]


def origin_of(record: Record, key: str) -> Origin:
    told = [event for teller in _tellers.values() for event in teller.of_field(record, key)]
    entries = JournalEntry.objects.filter(
        kind=record.kind, record_id=record.pk, changes__has_key=key
    ).select_related("actor")
    found = list(entries[:1])
    if not found:
        created = pulled_first(record)
        return Origin(created[0] if created else None, None, told)
    found[0].changes = {key: found[0].changes[key]}
    event = in_words(found, record.kind)[0]
    return Origin(event, event.changes[0], told)
