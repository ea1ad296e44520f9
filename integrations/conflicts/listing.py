"""Open questions as their page shows them: both values in words, who changed ours, and when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from crm.admin_rights import record_names
from crm.history import ORIGINS, names_of, shown
from crm.layout import labels_of
from crm.listing import COUNT_LIMIT, PAGE_SIZE, Count, bounded_count
from crm.models import Kind, User
from integrations.conflicts.standing import Standing, standings
from integrations.conflicts.telling import theirs_shown
from integrations.models import FieldConflict
from mappings.models import Direction, FieldMap

KINDS = (Kind.CONTACT, Kind.ACCOUNT, Kind.DEAL)
Labels = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Row:
    """One question. `record` is None where it was deleted; `sends` says that keeping ours means sending it."""

    question: FieldConflict
    record: Any
    label: str
    ours: str
    theirs: str
    ours_at: datetime | None
    by: str
    seen: str
    sends: bool

    @property
    def name(self) -> str:
        return f"{self.label} of {self.record or Kind(self.question.kind).label}"


@dataclass(frozen=True, slots=True)
class Page:
    """Newest first; `after` and `before` are the ids to go on from, empty at an end."""

    rows: list[Row]
    count: Count
    after: int | None
    before: int | None


def open_questions(
    *, object_name: str = "", field: str = "", record: tuple[str, int] | None = None
) -> QuerySet[FieldConflict]:
    """Of the live connection."""
    found = FieldConflict.objects.open().of_live_connection()
    if object_name:
        found = found.filter(salesforce_object=object_name)
    if field:
        found = found.filter(field=field)
    if record:
        found = found.filter(kind=record[0], record_id=record[1])
    return found


def page_of_questions(
    questions: QuerySet[FieldConflict],
    *,
    after: int | None = None,
    before: int | None = None,
    size: int = PAGE_SIZE,
) -> Page:
    """By key; as many queries for fifty questions as for one."""
    if before is not None:
        found = list(questions.filter(pk__gt=before).order_by("pk")[: size + 1])
        more, found = len(found) > size, found[:size][::-1]
        has_next, has_previous = True, more
    else:
        here = questions.filter(pk__lt=after) if after else questions
        found = list(here.order_by("-pk")[: size + 1])
        has_next, has_previous, found = len(found) > size, after is not None, found[:size]
    return Page(
        rows=rows_of(found),
        count=bounded_count(questions),
        after=found[-1].pk if found and has_next else None,
        before=found[0].pk if found and has_previous else None,
    )


def rows_of(questions: Sequence[FieldConflict]) -> list[Row]:
    if not questions:
        return []
    now = standings(question.pk for question in questions)
    users = User.objects.in_bulk({s.actor_id for s in now.values() if s.actor_id})
    records = record_names((question.kind, question.record_id) for question in questions)
    sent = set(FieldMap.objects.exclude(direction=Direction.PULL).values_list("object", "field"))
    labels = {kind: labels_of(kind) for kind in {question.kind for question in questions}}
    names = {kind: names_of(kind, _values(questions, kind, now)) for kind in labels}
    return [
        Row(
            question=question,
            record=records.get((question.kind, question.record_id)),
            label=labels[question.kind].get(question.field, question.field),
            ours=shown(question.field, now[question.pk].ours, names[question.kind]),
            theirs=theirs_shown(question, names[question.kind]),
            ours_at=now[question.pk].changed_at,
            by=who(now[question.pk], users),
            seen=now[question.pk].seen,
            sends=(question.salesforce_object, question.field) in sent,
        )
        for question in questions
    ]


def _values(
    questions: Iterable[FieldConflict], kind: str, now: dict[int, Standing]
) -> Iterable[tuple[str, list[Any]]]:
    return ((q.field, [now[q.pk].ours, q.theirs]) for q in questions if q.kind == kind)


def who(standing: Standing, users: dict[int, User]) -> str:
    """Who changed ours, else by what; nothing where the journal doesn't say."""
    if standing.actor_id in users:
        return f"by {users[standing.actor_id]}"
    return ORIGINS.get(standing.origin, "") if standing.changed_at else ""


def fields_asked(questions: QuerySet[FieldConflict]) -> list[tuple[str, str]]:
    """The fields among the newest 10,000 questions, with their labels, to filter by."""
    newest = questions.order_by("-pk").values("kind", "field")[:COUNT_LIMIT]
    found = set(newest.values_list("kind", "field"))
    labels = {kind: labels_of(kind) for kind in {kind for kind, _ in found}}
    return sorted(
        {(field, labels[kind].get(field, field)) for kind, field in found}, key=lambda pair: pair[1]
    )
