"""The triggers that write the journal (design, idea 3).

One trigger per operation, since an INSERT's WHEN can't see OLD. WHEN compares whole rows, never a list of
columns: dropping a column would drop a trigger that names it. The pull's own statements set
`lockstep.skip` for themselves and write their journal rows in sets.
"""

import pgtrigger

NOT_SKIPPED = "coalesce(current_setting('lockstep.skip', true), '') <> 'on'"
CHANGED = "OLD.* IS DISTINCT FROM NEW.*"


def when(condition: str) -> pgtrigger.Condition:
    return pgtrigger.Condition(condition)


def journal_triggers(kind: str) -> list[pgtrigger.Trigger]:
    """The three triggers that journal one table under `kind`."""

    def trigger(
        operation: pgtrigger.Operation, name: str, condition: str, record: str, call: str
    ) -> pgtrigger.Trigger:
        return pgtrigger.Trigger(
            name=f"journal_{name}",
            when=pgtrigger.After,
            operation=operation,
            condition=when(condition),
            func=f"PERFORM lockstep_journal('{kind}', {record}.id, '{name}', {call}); RETURN NULL;",
        )

    return [
        trigger(pgtrigger.Insert, "created", NOT_SKIPPED, "NEW", "'{}', to_jsonb(NEW)"),
        trigger(
            pgtrigger.Update, "updated", f"{NOT_SKIPPED} AND {CHANGED}", "NEW", "to_jsonb(OLD), to_jsonb(NEW)"
        ),
        trigger(pgtrigger.Delete, "deleted", NOT_SKIPPED, "OLD", "to_jsonb(OLD), '{}'"),
    ]
