"""What differs here from what was agreed, and nothing is there to send it (spec C3).

An outbox row that was lost, or a write past the triggers: no pull repairs that, as nothing changed in Salesforce, and
no push hears of it. A check finds it among the records that it compares anyway, and a repair has it go out like the
edit it is (D6). Whatever waits, is on its way or was refused is known already, and counts as nothing.
"""

from psycopg import sql

from integrations.models import Connection
from integrations.sync.pull.fields import PulledField
from integrations.sync.pull.plan import UnreadableObject
from integrations.sync.push import outgoing
from integrations.sync.push.plan import PushPlan, push_plan
from integrations.sync.push.standing import fetch, run
from integrations.sync.waking import wake_push

KNOWN = "l.base ? {key} AND {said}"
TOLD_OTHERWISE = "{told} IS DISTINCT FROM l.base ->> {key}"
"""One that the workspace can't hold the same way would differ for ever."""
NOT_KEPT = "NOT (l.base ->> {key} IS NULL AND coalesce(l.linked_run <> coalesce(r.created_run, 0), false))"
"""A record that a pull was matched with may hold what Salesforce has blank. Nobody changed it since, so it goes out
with the record's next edit, not all of them at once."""
NAMED = "{ours} IS NOT NULL"
"""Nobody need have made a reference blank: what it refers to may have come, or been named, after the record."""
UNSENT = """
SELECT c.action, r.id AS record_id
  FROM chunk c
 CROSS JOIN LATERAL (SELECT * FROM integrations_recordlink k WHERE k.id = c.link_id OFFSET 0) l
 CROSS JOIN LATERAL (SELECT * FROM {table} t WHERE t.id = l.record_id OFFSET 0) r
 WHERE c.action IN ('same', 'update') AND l.state = 'linked' AND l.outside = '' AND {differs}
   AND NOT EXISTS (SELECT 1 FROM integrations_outboxentry o
                    WHERE o.kind = {kind} AND o.record_id = r.id OFFSET 0)
   AND NOT EXISTS (SELECT 1 FROM integrations_syncerror e
                    WHERE e.kind = {kind} AND e.record_id = r.id AND e.connection_id = {connection}
                      AND e.source = 'push' AND e.state <> 'closed' OFFSET 0)"""
COUNT = f"SELECT count(*), count(*) FILTER (WHERE action = 'same') FROM ({UNSENT}) unsent"
SEND = f"""
INSERT INTO integrations_outboxentry (kind, record_id)
SELECT {{kind}}, record_id FROM ({UNSENT}) unsent ORDER BY record_id
ON CONFLICT DO NOTHING"""


def find_unsent(connection: Connection, object_name: str, *, send: bool) -> int:
    """How many records of the transaction's `chunk` differ that are the same otherwise; with `send` they go out.

    The caller keeps the maps (`map_lock`), and holds no record locked, since an edit takes these locks the other way
    round.
    """
    try:
        plan = push_plan(connection, object_name)
    except UnreadableObject:
        return 0
    places = {
        "table": sql.Identifier(plan.table),
        "kind": sql.Literal(plan.kind),
        "connection": sql.Literal(plan.connection_id),
        "differs": _differs(plan),
    }
    [(found, same)] = fetch(sql.SQL(COUNT).format(**places))
    if found and send:
        run(sql.SQL(SEND).format(**places))
        wake_push()
    return int(same)


def _differs(plan: PushPlan) -> sql.Composable:
    """Whether an update would say anything that Salesforce doesn't hold by what was agreed."""
    items = [_field_differs(plan, field) for field in plan.fields if field.salesforce in plan.updateable]
    return sql.SQL("({})").format(sql.SQL(" OR ").join(items or [sql.SQL("false")]))


def _field_differs(plan: PushPlan, field: PulledField) -> sql.Composable:
    parts = [KNOWN, TOLD_OTHERWISE, NOT_KEPT]
    if outgoing.has_counterpart(field, plan.object) is not None:
        parts.append(NAMED)
    return sql.SQL(f"({' AND '.join(parts)})").format(
        key=field.key,
        said=outgoing.is_said(plan, field),
        told=outgoing.outgoing(field, plan.object),
        ours=field.ours(),
    )
