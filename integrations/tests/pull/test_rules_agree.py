"""The pull's SQL decides every field as the pure function does, and keeps what it decided (design, idea 5).

All types that a workspace field can have, nulls and blanks, no base, all rules, times equal and unknown.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.models import JournalEntry
from integrations.models import Connection, FieldConflict, RecordLink
from integrations.tests import every_type
from integrations.tests.every_type import FIELDS, NAMES, as_json, make_record, to_here, value_of
from integrations.tests.factories import NOW, row
from integrations.tests.pull.pulling import pull_rows
from mappings.catalogue import SALESFORCE_OBJECTS
from mappings.models import Conflict, FieldMap
from mappings.write_rules import NO_BASE, NO_LOSER, Decision, Outcome, decide

pytestmark = pytest.mark.django_db
live, known = every_type.live, every_type.known

EDITED_AT = NOW - timedelta(hours=1)
Case = tuple[Any, str | None, str | None, Conflict]
"""The base, ours as Salesforce would write it, theirs, and the rule."""


def case(values: list[str | None]) -> st.SearchStrategy[Case]:
    value = st.sampled_from(values)
    return st.tuples(st.sampled_from([*values, NO_BASE]), value, value, st.sampled_from(Conflict))


def cases(object_name: str) -> st.SearchStrategy[dict[str, Case]]:
    return st.fixed_dictionaries({key: case(mapped.values) for key, mapped in FIELDS[object_name].items()})


@pytest.mark.parametrize("name", FIELDS)
@settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.data(),
    st.sampled_from([EDITED_AT, None]),
    st.sampled_from([EDITED_AT - timedelta(hours=1), EDITED_AT, EDITED_AT + timedelta(hours=1), None]),
)
def test_sql_and_the_pure_function_decide_alike(
    live: Connection,
    known: dict[str, dict[str, int]],
    name: str,
    data: st.DataObject,
    edited: datetime | None,
    modified: datetime | None,
) -> None:
    chosen = data.draw(cases(name))
    with transaction.atomic():
        check(live, partial(to_here, known, name), name, chosen, edited, modified)
        transaction.set_rollback(True)


def check(
    live: Connection,
    here: Callable[[str, str | None], Any],
    name: str,
    chosen: dict[str, Case],
    edited: datetime | None,
    modified: datetime | None,
) -> None:
    ours = {key: here(key, mine) for key, (_, mine, _, _) in chosen.items()}
    record = make_record(name, ours)
    journal(ours, edited)
    for key, (_, _, _, conflict) in chosen.items():
        FieldMap.objects.filter(object=name, field=key).update(conflict=conflict)
    incoming, link = meet(live, name, record, chosen, modified)

    pull_rows(live, name, [incoming])
    record.refresh_from_db()
    link.refresh_from_db()
    kept = {conflict.field: conflict for conflict in FieldConflict.objects.all()}

    for key, (agreed, _, theirs, conflict) in chosen.items():
        decision = decide(
            agreed, ours[key], theirs, conflict, here=partial(here, key), ours_at=edited, theirs_at=modified
        )
        about = (key, chosen[key], ours[key], decision)
        expected = here(key, theirs) if decision.outcome is Outcome.THEIRS else ours[key]
        assert value_of(record, name, key) == as_json(expected), about
        assert link.base.get(FIELDS[name][key].salesforce, NO_BASE) == decision.base, about
        assert told(kept.get(key)) == expected_to_tell(decision, ours[key], here(key, theirs)), about


def journal(ours: dict[str, Any], edited: datetime | None) -> None:
    """Every field is named as edited, a blank one too, so that the rule *newest* has a time for each, or none."""
    if edited is None:
        JournalEntry.objects.all().delete()
    else:
        JournalEntry.objects.update(at=edited, changes=dict.fromkeys(ours, [None, None]))


def meet(
    live: Connection, name: str, record: Any, chosen: dict[str, Case], modified: datetime | None
) -> tuple[dict[str, Any], RecordLink]:
    """Salesforce's record, and its link with the record here and what was agreed."""
    _, called = NAMES[name]
    incoming = row(name, 1) | {
        called: "Lovelace",
        "LastModifiedDate": modified.isoformat() if modified else None,
    }
    incoming |= {FIELDS[name][key].salesforce: theirs for key, (_, _, theirs, _) in chosen.items()}
    agreed = {FIELDS[name][key].salesforce: base for key, (base, *_) in chosen.items() if base is not NO_BASE}
    link = RecordLink.objects.create(
        connection=live,
        salesforce_object=name,
        salesforce_id=incoming["Id"],
        kind=SALESFORCE_OBJECTS[name],
        record_id=record.pk,
        base=agreed | {called: "Lovelace"},
    )
    return incoming, link


def told(kept: FieldConflict | None) -> tuple[str, Any, Any] | None:
    return (kept.winner or kept.state, as_json(kept.ours), as_json(kept.theirs)) if kept else None


def expected_to_tell(decision: Decision, ours: Any, theirs: Any) -> tuple[str, Any, Any] | None:
    """The winner, or that the question is open, with both values; nothing where nothing was in conflict."""
    if not decision.is_conflict:
        return None
    winner = {Outcome.ASK: "open", Outcome.OURS: "workspace", Outcome.THEIRS: "salesforce"}[decision.outcome]
    if decision.loser is not NO_LOSER:
        assert decision.loser == (theirs if winner == "workspace" else ours)
    return (winner, as_json(ours), as_json(theirs))
