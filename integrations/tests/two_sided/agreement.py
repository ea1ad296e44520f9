"""What must hold once sync has settled: both sides agree, or it is written down why not."""

import re
from collections import Counter
from typing import Any

from crm.models import Account, Contact, ContactRole, Deal, JournalEntry
from integrations.models import FieldConflict, OutboxEntry, RecordLink, SyncError, SyncSettings
from integrations.sync.mass_deletes import DELETE_SYNC
from integrations.sync.pull.plan import MERGE_SYNC
from integrations.sync.pull.role_plan import ROLE
from integrations.tests.pull.in_step import Comparison, Row, org_rows, role_problems
from integrations.tests.two_sided.world import World
from mappings.catalogue import SALESFORCE_OBJECTS

NAMES = {"Account": "Name", "Contact": "LastName", "Lead": "LastName", "Opportunity": "Name"}
OURS = re.compile(r"^m\d+$")
MODELS: dict[str, Any] = {"account": Account, "contact": Contact, "deal": Deal, "contact_role": ContactRole}


def assert_agreed(world: World) -> None:
    """Everything is in step, nothing is there twice, and the journal explains every value."""
    problems = [*_unsettled(), *_doubles(world), *_unpushed(world), *_unexplained()]
    for name in SALESFORCE_OBJECTS:
        comparison = Comparison(world.org, world.connection, name)
        excuses = _Excuses(comparison)
        for row in comparison.rows:
            problems += [f"{name} {row['Id']}: {problem}" for problem in excuses.problems(row)]
        problems += comparison.counts()
    problems += role_problems(world.org, world.connection, is_excused=_is_held)
    assert not problems, "\n".join(problems[:20])


def assert_quiet(world: World) -> None:
    """With no edit here, neither what is pulled nor a push that follows writes anything there."""
    for row in org_rows(world.org, "SELECT Id FROM Contact WHERE IsDeleted = false"):
        world.seller.change("Contact", row["Id"], Department="Touched", Title="Touched")
    open_before = FieldConflict.objects.filter(state="open").count()
    world.org.control("DELETE", "/requests")
    world.pull(full=True, by_hand=True)
    world.push()
    kinds = world.org.control("GET", "/requests/counts")["by_operation"]
    writing = {name: kinds[name] for name in ("create", "update", "upsert", "delete") if name in kinds}
    assert not writing or open_before, f"Written though nothing was edited: {writing}"


class _Excuses:
    """What is known to differ: open questions, and open errors of the push."""

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        self.settings = SyncSettings.current()
        questions = FieldConflict.objects.filter(state="open")
        self.questions = set(questions.values_list("salesforce_id", "salesforce_field"))

    def problems(self, row: Row) -> list[str]:
        link = self.comparison.links.get(row["Id"])
        if row["IsDeleted"]:
            return self._problems_of_deleted(row, link)
        if link is None:
            return ["has no link"]
        suppressors = self.comparison.suppressors(row)
        if link.state == "suppressed":
            return [] if suppressors else ["is suppressed by nobody"]
        if link.state == "tombstone":
            merged = bool(link.suppressed_by)  # it stands for the survivor of a merge made here
            return ["is a tombstone, its record is here"] if self._record(link) and not merged else []
        record = self._record(link)
        if suppressors and link.state == "linked" and record and not _is_held(link.kind, record.pk):
            return ["is linked, though a contact stands for it"] if self._is_here(suppressors) else []
        if link.state != "linked" or record is None:
            held = _is_held(link.kind, link.record_id or 0)
            return [] if held else [f"is {link.state}, its record {record} ({link.record_id})"]
        return self._differences(row, link, record)

    def _problems_of_deleted(self, row: Row, link: RecordLink | None) -> list[str]:
        if link is None:
            return []
        if link.state == "linked":
            return ["deleted there, yet linked"]
        merged = row.get("MasterRecordId")
        if merged and link.state == "gone" and self.settings_say_merge(link):
            return self._problems_of_merged(link, merged)
        removes = getattr(self.settings, DELETE_SYNC[link.salesforce_object]) and not merged
        elsewhere = self._is_linked_elsewhere(link)
        left = removes and link.state == "gone" and self._record(link) and not elsewhere
        return ["deleted there with deletion sync, yet here"] if left and not self._asks(link) else []

    def settings_say_merge(self, link: RecordLink) -> bool:
        return bool(getattr(self.settings, MERGE_SYNC.get(link.salesforce_object, ""), False))

    def _problems_of_merged(self, link: RecordLink, master: str) -> list[str]:
        """Merged there: merged here into the last survivor's record, where that is here."""
        masters = {row["Id"]: row.get("MasterRecordId") for row in self.comparison.rows}
        while masters.get(master):
            master = str(masters[master])
        last = self.comparison.links.get(master)
        survivor = self._record(last) if last and last.state == "linked" else None
        stands_in = survivor is None or link.record_id == survivor.pk or not self._record(link)
        return [] if stands_in or self._is_linked_elsewhere(link) else ["merged there, yet not here"]

    def _is_linked_elsewhere(self, link: RecordLink) -> bool:
        links = RecordLink.objects.filter(kind=link.kind, record_id=link.record_id, state="linked")
        return links.exists()

    def _is_here(self, contacts: set[str]) -> bool:
        links = RecordLink.objects.filter(salesforce_id__in=contacts, state="linked")
        return any(self._record(link) for link in links)

    def _asks(self, link: RecordLink) -> bool:
        return SyncError.objects.filter(
            salesforce_id=link.salesforce_id, state="open", source="pull"
        ).exists()

    def _record(self, link: RecordLink) -> Any:
        return MODELS[link.kind].objects.filter(pk=link.record_id).first()

    def _differences(self, row: Row, link: RecordLink, record: Any) -> list[str]:
        if _is_held(link.kind, record.pk):
            return []
        return [
            problem
            for field, problem in self.comparison.differences(row, link, record).items()
            if (link.salesforce_id, field) not in self.questions
            and not _open_errors(link.kind, record.pk).filter(field=field).exists()
            and not (field == "AccountId" and self._parent_is_nowhere(row, record))
        ]

    def _parent_is_nowhere(self, row: Row, record: Any) -> bool:
        """The account here was deleted there, or the one there was deleted here."""
        links = RecordLink.objects.filter(salesforce_object="Account").exclude(state="linked")
        links = links.filter(suppressed_by="")
        here = links.filter(record_id=record.account_id).exists()
        return here or links.filter(salesforce_id=row["AccountId"]).exists()


def _open_errors(kind: str, pk: int) -> Any:
    return SyncError.objects.filter(kind=kind, record_id=pk, state="open")


def _is_held(kind: str, pk: int) -> bool:
    """A person has to see to it, and is told."""
    held = OutboxEntry.objects.filter(kind=kind, record_id=pk, state="held").first()
    if held is None:
        return False
    if held.waits_for_id:
        return _is_held(held.waits_for_kind, held.waits_for_id)
    return bool(_open_errors(kind, pk).exists())


def _unsettled() -> list[str]:
    waiting = OutboxEntry.objects.all()
    found = [f"{row} {row.payload} still waits" for row in waiting if not _is_held(row.kind, row.record_id)]
    retrying = SyncError.objects.filter(state="retrying")
    return found + [f"{error.code} of {error.kind} {error.record_id} is still retrying" for error in retrying]


def _doubles(world: World) -> list[str]:
    """Creates of ours carry a name of their own; a conversion's contact, or a merge made here, may carry it on."""
    ours = f"IsDeleted = false AND CreatedById = '{world.connection.sync_user_id}'"
    names: Counter[str] = Counter()
    for name, field in NAMES.items():
        soql = f"SELECT {field} FROM {name} WHERE {ours}"  # noqa: S608
        names.update(row[field] for row in org_rows(world.org, soql) if OURS.match(row[field] or ""))
    found = [f"{name} is there {count} times" for name, count in names.items() if count > 1]
    ours = world.connection.sync_user_id
    soql = f"SELECT OpportunityId, ContactId FROM {ROLE} WHERE IsDeleted = false AND CreatedById = '{ours}'"  # noqa: S608
    roles = Counter((row["OpportunityId"], row["ContactId"]) for row in org_rows(world.org, soql))
    merged = org_rows(world.org, "SELECT Id FROM Contact WHERE MasterRecordId != null")
    if merged or RecordLink.objects.exclude(merged_record_id=None).exists():
        return found  # who was merged may be in a deal twice
    return found + [f"Role {pair} is there {count} times" for pair, count in roles.items() if count > 1]


def _unpushed(world: World) -> list[str]:
    """Records here that Salesforce never heard of."""
    found = []
    for kind, model in MODELS.items():
        for record in model.objects.all():
            if getattr(record, "merged_into_id", None) or getattr(record, "created_run", None):
                continue  # what was deleted there and undeleted is a new record: the one that was pulled first stays
            known = RecordLink.objects.filter(kind=kind, record_id=record.pk).exists()
            if not known and not _is_held(kind, record.pk) and not _lacks_parents(record):
                found.append(f"{kind} {record.pk} ({record}) was never pushed")
    return found


def _lacks_parents(record: Any) -> bool:
    """A role of a deal or a person that Salesforce doesn't have, or has as a lead."""
    if not isinstance(record, ContactRole):
        return False
    linked = RecordLink.objects.filter(state="linked")
    deal = linked.filter(kind="deal", record_id=record.deal_id)
    person = linked.filter(salesforce_object="Contact", kind="contact", record_id=record.contact_id)
    return not (deal.exists() and person.exists())


def _unexplained() -> list[str]:
    """The journal, replayed, leads to what the record holds; what it doesn't name came with the record."""
    found = []
    for kind, model in MODELS.items():
        for record in model.objects.all():
            held = _held(record)
            last: dict[str, Any] = {}
            entries = list(JournalEntry.objects.filter(kind=kind, record_id=record.pk).order_by("id"))
            pulled = getattr(record, "created_run", None) is not None
            if not pulled and not (entries and entries[0].action == "created"):
                found.append(f"{kind} {record.pk}: nothing says where it came from")
            for entry in entries:
                for field, (old, new) in entry.changes.items():
                    known = last.get(field, old if pulled else None)
                    if _plain(old) != _plain(known):
                        found.append(f"{kind} {record.pk}: {field} was {known!r}, the journal says {old!r}")
                    last[field] = new
            found += [
                f"{kind} {record.pk}: {field} is {held[field]!r}, the journal says {new!r}"
                for field, new in last.items()
                if field in held and _plain(held[field]) != _plain(new)
            ]
    return found


def _held(record: Any) -> dict[str, Any]:
    values = {field.name: field.value_from_object(record) for field in record._meta.concrete_fields}
    return values | {f"custom.{name}": value for name, value in (values.get("custom") or {}).items()}


def _plain(value: Any) -> Any:
    """As text, blanks alike, numbers without their noughts."""
    if value is None or value == "":
        return None
    text = str(value)
    try:
        return float(text)
    except ValueError:
        return text
