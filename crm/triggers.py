"""The triggers that capture changes, and those of them that write the journal (design, idea 3).

One trigger per operation, since an INSERT's WHEN can't see OLD. WHEN compares whole rows, never a list of
columns: dropping a column would drop a trigger that names it. The pull's own statements set
`lockstep.skip` for themselves and write their journal rows in sets.
"""

from collections.abc import Callable

import pgtrigger

NOT_SKIPPED = "coalesce(current_setting('lockstep.skip', true), '') <> 'on'"
CHANGED = "OLD.* IS DISTINCT FROM NEW.*"

Call = Callable[[str, str, str], str]
"""`NEW` or `OLD`, what happened, and the row before and after as two arguments → the SQL function's call."""


def capture(purpose: str, call: Call) -> list[pgtrigger.Trigger]:
    """The three triggers that tell a SQL function of every change of one table."""

    def trigger(
        operation: pgtrigger.Operation, action: str, condition: str, record: str, rows: str
    ) -> pgtrigger.Trigger:
        return pgtrigger.Trigger(
            name=f"{purpose}_{action}",
            when=pgtrigger.After,
            operation=operation,
            condition=pgtrigger.Condition(condition),
            func=f"PERFORM {call(record, action, rows)}; RETURN NULL;",
        )

    return [
        trigger(pgtrigger.Insert, "created", NOT_SKIPPED, "NEW", "'{}', to_jsonb(NEW)"),
        trigger(
            pgtrigger.Update, "updated", f"{NOT_SKIPPED} AND {CHANGED}", "NEW", "to_jsonb(OLD), to_jsonb(NEW)"
        ),
        trigger(pgtrigger.Delete, "deleted", NOT_SKIPPED, "OLD", "to_jsonb(OLD), '{}'"),
    ]


def journal_triggers(kind: str) -> list[pgtrigger.Trigger]:
    """The triggers that journal one table under `kind`."""
    return capture(
        "journal", lambda record, action, rows: f"lockstep_journal('{kind}', {record}.id, '{action}', {rows})"
    )


def compare_triggers(kind: str, *columns: str) -> list[pgtrigger.Trigger]:
    """The triggers that note a record as to be compared again when one of `columns` changed (spec C5).

    An update counts even where `lockstep.skip` is on, since merges and conflicts write that way too; what a
    pull inserts is compared by the pull itself. This WHEN does name columns: queueing an event for every row that a
    pull updates would cost a fifth of its chunk. `crm.checks` tells when dropping one took the trigger along.
    """
    note = f"INSERT INTO crm_uncompared (kind, record_id) VALUES ('{kind}', {{row}}.id); RETURN NULL;"
    before, after = (", ".join(f"{row}.{column}" for column in columns) for row in ("OLD", "NEW"))

    def trigger(
        operation: pgtrigger.Operation, action: str, condition: str | None, row: str
    ) -> pgtrigger.Trigger:
        return pgtrigger.Trigger(
            name=f"compare_{action}",
            when=pgtrigger.After,
            operation=operation,
            condition=pgtrigger.Condition(condition) if condition else None,
            func=note.format(row=row),
        )

    return [
        trigger(pgtrigger.Insert, "created", NOT_SKIPPED, "NEW"),
        trigger(pgtrigger.Update, "updated", f"ROW({before}) IS DISTINCT FROM ROW({after})", "NEW"),
        trigger(pgtrigger.Delete, "deleted", None, "OLD"),
    ]
