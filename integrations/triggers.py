"""The triggers that put a changed record into the outbox, in the transaction that changed it (spec D7)."""

import pgtrigger

from crm.triggers import capture

CHANNEL = "lockstep_outbox"
"""NOTIFY wakes the push on this channel; a lost one costs seconds, never data (design, idea 4)."""

OUTBOX = f"""
CREATE FUNCTION lockstep_outbox(kind text, record bigint, before jsonb, after jsonb) RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  IF before <> '{{}}' AND after <> '{{}}' AND lockstep_changes(before, after) = '{{}}' THEN RETURN; END IF;
  INSERT INTO integrations_outboxentry (kind, record_id) VALUES (lockstep_outbox.kind, lockstep_outbox.record)
  ON CONFLICT (kind, record_id) WHERE state IN ('pending', 'held')
  DO UPDATE SET state = 'pending', changed_at = now(), live = true, waits_for_kind = '', waits_for_id = NULL,
                not_before = least(integrations_outboxentry.not_before, now());
  PERFORM pg_notify('{CHANNEL}', '');
END
$$;
"""
OUTBOX_UNDO = "DROP FUNCTION lockstep_outbox(text, bigint, jsonb, jsonb);"


def outbox_triggers(kind: str) -> list[pgtrigger.Trigger]:
    """The triggers that put a change of one table into the outbox under `kind`."""
    return capture("outbox", lambda record, _, rows: f"lockstep_outbox('{kind}', {record}.id, {rows})")
