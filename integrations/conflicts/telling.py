"""What conflicts decided, as a record's history and *Why this value?* tell it (spec C11, O4)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.utils.text import capfirst

from crm.history import Event, Names, Teller, names_of, shown
from crm.layout import labels_of
from crm.models import Record
from integrations.models import FieldConflict
from mappings.models import Conflict

MOST = 100
LONGEST = 140
Winner = FieldConflict.Winner


def events(record: Record, since: datetime | None, until: datetime | None) -> list[Event]:
    found = _of(record)
    found = found.filter(at__gte=since) if since else found
    found = found.filter(at__lt=until) if until else found
    return in_words(found[:MOST], record.kind)


def of_field(record: Record, field: str) -> list[Event]:
    """The latest only: what it decided, or that it is still open."""
    return in_words(_of(record).filter(field=field)[:1], record.kind, named=False)


def _of(record: Record) -> QuerySet[Any]:
    rows = FieldConflict.objects.filter(kind=record.kind, record_id=record.pk)
    return (
        rows.annotate(at=Coalesce("settled_at", "found_at"))
        .select_related("settled_by")
        .order_by("-at", "-id")
    )


def in_words(conflicts: Iterable[FieldConflict], kind: str, *, named: bool = True) -> list[Event]:
    """`named` where the sentence doesn't stand beside its field."""
    rows = list(conflicts)
    if not rows:
        return []
    labels, names = labels_of(kind), names_of(kind, ((row.field, [row.ours, row.theirs]) for row in rows))
    return [
        Event(
            at=row.settled_at or row.found_at,
            action="conflict",
            who=str(row.settled_by or ""),
            how="",
            run=row.run,
            changes=[],
            said=f"{labels.get(row.field, row.field)}: {sentence(row, names)}"
            if named
            else capfirst(sentence(row, names)),
        )
        for row in rows
    ]


def sentence(conflict: FieldConflict, names: Names) -> str:
    ours, theirs = quoted(ours_shown(conflict, names)), quoted(theirs_shown(conflict, names))
    if conflict.state == FieldConflict.State.OPEN:
        return f"changed on both sides, here to {ours}, in Salesforce to {theirs}; waiting for a decision"
    kept, lost = (f"Salesforce's {theirs}", f"our {ours}")
    if conflict.winner == Winner.WORKSPACE:
        kept, lost = (f"our {ours}", f"Salesforce's {theirs}")
    if conflict.settled_by:
        return f"{conflict.settled_by} kept {kept}; {lost} was given up"
    if conflict.rule == Conflict.ASK:
        return f"{kept} stands, the question about {lost} answered itself"
    rule = Conflict(conflict.rule).label
    if conflict.winner == Winner.WORKSPACE:
        return f"Salesforce's value {theirs} lost to yours, {ours}: rule {rule}"
    return f"your value {ours} lost to Salesforce's, {theirs}: rule {rule}"


def ours_shown(conflict: FieldConflict, names: Names) -> str:
    return shown(conflict.field, conflict.ours, names)


def theirs_shown(conflict: FieldConflict, names: Names) -> str:
    """What Salesforce holds; its own text where it stands for nothing that is here."""
    said = shown(conflict.field, conflict.theirs, names)
    return said or (f"{conflict.salesforce_value} (not known here)" if conflict.salesforce_value else "")


def quoted(text: str) -> str:
    if not text:
        return "nothing"
    return f"“{text if len(text) <= LONGEST else text[: LONGEST - 1] + '…'}”"


TELLER = Teller("conflicts", events, of_field)
