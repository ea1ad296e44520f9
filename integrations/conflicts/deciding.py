"""A person answers an open question (spec C11, *ask*): ours is kept and sent, or Salesforce's is written here."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from django.db import connection as database
from psycopg import sql

from crm import journal
from crm.models import User
from integrations.conflicts.standing import Standing, standings
from integrations.models import FieldConflict, RecordLink
from integrations.sync.map_lock import MapChanged, keep_maps
from integrations.sync.pull.fields import PulledField
from integrations.sync.pull.plan import MODELS, UnreadableObject, mapped_fields, readable_fields
from integrations.sync.refusals import Refused
from mappings.field_types import REFERENCES
from mappings.models import Direction, FieldMap

ORIGIN = "conflict"
MAP_CHANGES = "A changed map is still being worked off. Decide again in a minute."
Winner = FieldConflict.Winner

LOCK_RECORD = "SELECT to_jsonb(r) FROM {table} r WHERE r.id = {record} FOR NO KEY UPDATE"
WRITE = "UPDATE {table} r SET {assignments} WHERE r.id = {record}"
JOURNAL = """
SELECT lockstep_journal({kind}, r.id, 'updated', {before}::jsonb, to_jsonb(r)) FROM {table} r WHERE r.id = {record}"""
DOMAIN = "domain = coalesce(nullif(lockstep_domain({value}), ''), r.domain)"
KEEP_UP = """
UPDATE integrations_fieldconflict SET theirs = to_jsonb({value})
 WHERE id = {question} AND theirs IS DISTINCT FROM to_jsonb({value})"""
SEND = "SELECT lockstep_outbox({kind}, {record}, '{{}}', '{{}}')"


class Outcome(Enum):
    DECIDED = "decided"
    ALREADY = "already"  # somebody else, or a pull, was quicker
    MOVED = "moved"  # a value isn't what was seen: look again
    OVER = "over"  # the record is no longer here or no longer linked


@dataclass(frozen=True, slots=True)
class Answer:
    outcome: Outcome
    question: FieldConflict


def decide_question(
    *, question_id: int, winner: FieldConflict.Winner, seen: str, user: User, now: datetime
) -> Answer:
    """Answer one question, given the `seen` of its standing when the page was drawn.

    Safe to repeat and beside a pull: locks are taken as a pull takes them, record, link, question.
    Raises Refused where the question or its field's map is gone or changes just now, or Salesforce's value can't be
    written yet.
    """
    found = FieldConflict.objects.filter(pk=question_id).first()
    if found is None:
        raise Refused("There is no such question any more.")
    with journal.acting(user, ORIGIN):
        try:
            keep_maps()
        except MapChanged:
            raise Refused(MAP_CHANGES) from None
        before = _fetch(LOCK_RECORD, found)
        link = RecordLink.objects.select_for_update(of=("self",), no_key=True).filter(
            connection=found.connection_id, salesforce_id=found.salesforce_id
        ).first()  # fmt: skip
        question = FieldConflict.objects.select_for_update(of=("self",)).get(pk=question_id)
        if question.state == FieldConflict.State.SETTLED:
            return Answer(Outcome.ALREADY, question)
        if before is None or link is None or not _is_of(link, question):
            return _settle(question, Winner.WORKSPACE, None, now, Outcome.OVER)
        return _decide(question, link, before, winner, seen, user, now)


def _is_of(link: RecordLink, question: FieldConflict) -> bool:
    return link.state == RecordLink.State.LINKED and link.record_id == question.record_id


def _decide(
    question: FieldConflict,
    link: RecordLink,
    before: str,
    winner: FieldConflict.Winner,
    seen: str,
    user: User,
    now: datetime,
) -> Answer:
    field = _field_of(question)
    if _has_moved(question, field, standings([question.pk])[question.pk], seen):
        return Answer(Outcome.MOVED, question)
    if winner == Winner.SALESFORCE:
        _take_theirs(question, field, before)
    link.base = link.base | {question.salesforce_field: question.salesforce_value}
    link.changed_at = now
    link.save(update_fields=["base", "changed_at"])
    if winner == Winner.WORKSPACE and is_sent(question):
        _fetch(SEND, question)
    return _settle(question, winner, user, now, Outcome.DECIDED)


def _field_of(question: FieldConflict) -> PulledField:
    connection, name = question.connection, question.salesforce_object
    try:
        readable = readable_fields(connection, name)
    except UnreadableObject as error:
        raise Refused(str(error)) from error
    for field in mapped_fields(connection, name, question.kind, readable, leave_out=Direction.PUSH):
        if (field.target.key, field.salesforce) == (question.field, question.salesforce_field):
            return field
    raise Refused(
        f"{question.salesforce_field} isn't pulled any more: its row of the map rests or was removed."
    )


def _has_moved(question: FieldConflict, field: PulledField, standing: Standing, seen: str) -> bool:
    """Whether a value differs from what was seen; theirs also does once the map makes another of it."""
    value = _theirs(question, field)
    with database.cursor() as cursor:
        cursor.execute(sql.SQL(KEEP_UP).format(value=value, question=sql.Literal(question.pk)))
        differs = bool(cursor.rowcount)
    if differs:
        question.refresh_from_db(fields=["theirs"])
    return differs or standing.seen != seen


def _theirs(question: FieldConflict, field: PulledField) -> sql.Composable:
    return field.converted(sql.SQL("{}::text").format(sql.Literal(question.salesforce_value)))


def _take_theirs(question: FieldConflict, field: PulledField, before: str) -> None:
    """As a pull writes: journaled, and not sent back to where it comes from."""
    if field.target.type in REFERENCES and question.salesforce_value and question.theirs is None:
        raise Refused(
            f"What Salesforce holds there ({question.salesforce_value}) isn't known here yet, so it can't be taken."
        )
    value = _theirs(question, field)
    if field.is_custom:
        changed = sql.SQL("custom = jsonb_strip_nulls(r.custom || jsonb_build_object({}::text, {}))").format(
            sql.Literal(field.custom_name), value
        )
    else:
        changed = sql.SQL("{} = {}").format(sql.Identifier(field.target.column or ""), value)
    if (question.kind, question.field) == ("account", "website") and not _is_mapped(question, "domain"):
        changed = sql.SQL(", ").join([changed, sql.SQL(DOMAIN).format(value=value)])
    with database.cursor() as cursor:
        cursor.execute("SELECT set_config('lockstep.skip', 'on', true)")
        cursor.execute(_fill(WRITE, question, assignments=changed))
        cursor.execute("SELECT set_config('lockstep.skip', '', true)")
        cursor.execute(_fill(JOURNAL, question, before=sql.Literal(before)))


def _is_mapped(question: FieldConflict, field: str) -> bool:
    return FieldMap.objects.filter(object=question.salesforce_object, field=field).exists()


def is_sent(question: FieldConflict) -> bool:
    """Whether the field goes to Salesforce at all, so that keeping ours means sending it."""
    rows = FieldMap.objects.filter(object=question.salesforce_object, field=question.field)
    return rows.exclude(direction=Direction.PULL).exists()


def _settle(
    question: FieldConflict, winner: FieldConflict.Winner, user: User | None, now: datetime, outcome: Outcome
) -> Answer:
    question.state, question.winner = FieldConflict.State.SETTLED, winner
    question.settled_by, question.settled_at = user, now
    question.save(update_fields=["state", "winner", "settled_by", "settled_at"])
    return Answer(outcome, question)


def _fetch(text: str, question: FieldConflict) -> Any:
    with database.cursor() as cursor:
        cursor.execute(_fill(text, question))
        row = cursor.fetchone()
    return row[0] if row else None


def _fill(text: str, question: FieldConflict, **more: sql.Composable) -> sql.Composed:
    known = {
        "table": sql.Identifier(MODELS[question.kind]._meta.db_table),
        "kind": sql.Literal(question.kind),
        "record": sql.Literal(question.record_id),
    }
    return sql.SQL(text).format(**(known | more))
