"""Edits of a lead's person that Salesforce doesn't have when the person joins its contact's (spec C4).

Nothing that was typed is lost, so they are made on the contact's person, and go out to the contact.
"""

from collections.abc import Sequence

from django.db import connection as database
from psycopg import sql

from crm import journal
from integrations.models import Connection, OutboxEntry
from integrations.sync.pull.fields import PulledField
from integrations.sync.push import outgoing
from integrations.sync.push.plan import push_plan
from mappings.models import Conflict

CARRY_OVER = """
WITH typed AS MATERIALIZED (
  SELECT m.survivor, r.id, o.changed_at, {said} AS said, l.base AS agreed, {there} AS there
    FROM unnest({leads}::bigint[], {survivors}::bigint[]) AS m (lead, survivor)
    JOIN integrations_outboxentry o ON o.kind = 'contact' AND o.record_id = m.lead
    JOIN crm_contact r ON r.id = m.lead
    JOIN integrations_recordlink l
      ON l.connection_id = {connection} AND l.kind = 'contact' AND l.record_id = r.id AND l.state = 'linked'
     AND l.outside = ''
), edits AS (
  SELECT t.survivor,
         coalesce(jsonb_object_agg(f.name, f.value ORDER BY t.changed_at, t.id) FILTER (WHERE f.own), '{{}}') AS own,
         coalesce(jsonb_object_agg(f.name, f.value ORDER BY t.changed_at, t.id) FILTER (WHERE NOT f.own), '{{}}')
           AS custom
    FROM typed t
    JOIN crm_contact r ON r.id = t.id
   CROSS JOIN LATERAL (VALUES {fields}) AS f (said_as, own, name, value, differs)
   WHERE t.said ? f.said_as
     AND (t.agreed ? f.said_as OR f.said_as = ANY({sent}::text[]) OR t.there ? f.said_as AND f.differs)
   GROUP BY t.survivor
)
UPDATE crm_contact s SET {assignments}
  FROM edits e
  JOIN crm_contact b ON b.id = e.survivor
 CROSS JOIN LATERAL jsonb_populate_record(b, e.own) x
 WHERE s.id = e.survivor"""
"""What a push would say to the lead. Of two leads' edits of one field the later stands.

Where nothing was agreed, as after a changed map or on a lead that no pull has read yet, what Salesforce holds of the
lead decides (C11): a blank there loses, an equal value is nobody's edit, and another one stands unless the map says
otherwise."""
READ = sql.SQL("(SELECT c.base FROM chunk c WHERE c.link_id = l.id)")
NOT_READ = sql.SQL("NULL::jsonb")


def carry_over(
    connection_id: int,
    pairs: Sequence[tuple[int, int]],
    *,
    there: sql.Composable = READ,
    sent: Sequence[str] = (),
    origin: str = "joining",
) -> None:
    """For the caller's transaction, which holds each pair's lead's and contact's person, and the leads' links.

    The links are linked still. `there` is what Salesforce holds of a lead, by its fields; those that were `sent`, and
    refused, were compared with it. `origin` is what the history tells (`crm.history`).
    """
    leads = [lead for lead, _ in pairs]
    if not OutboxEntry.objects.filter(kind="contact", record_id__in=leads).exists():
        return
    plan = push_plan(Connection.objects.get(pk=connection_id), "Lead")
    if not plan.fields:
        return
    statement = sql.SQL(CARRY_OVER).format(
        said=outgoing.changes(plan),
        there=there,
        sent=sql.Literal(list(sent)),
        leads=sql.Literal(leads),
        survivors=sql.Literal([survivor for _, survivor in pairs]),
        connection=sql.Literal(connection_id),
        fields=sql.SQL(", ").join(map(_value, plan.fields)),
        assignments=sql.SQL(", ").join(_assignments(plan.fields)),
    )
    with journal.acting(None, origin), journal.captured(), database.cursor() as cursor:
        cursor.execute(statement)


def _value(field: PulledField) -> sql.Composable:
    name, value = field.target.column, sql.SQL("to_jsonb({})").format(field.ours())
    if name is None:
        name, value = field.custom_name, sql.SQL("coalesce({}, 'null')").format(field.ours())
    own, theirs = sql.Literal(not field.is_custom), sql.SQL("(t.there ->> {})").format(field.key)
    differs = sql.SQL("{} IS NULL").format(theirs)
    if field.conflict == Conflict.WORKSPACE:
        differs = sql.SQL("{} IS DISTINCT FROM {}").format(field.ours(), field.converted(theirs))
    return sql.SQL("({}::text, {}, {}::text, {}, {})").format(
        field.key, own, sql.Literal(name), value, differs
    )


def _assignments(fields: Sequence[PulledField]) -> list[sql.Composable]:
    columns = sorted({field.target.column for field in fields if field.target.column is not None})
    own = [sql.SQL("{0} = x.{0}").format(sql.Identifier(column)) for column in columns]
    return [*own, sql.SQL("custom = jsonb_strip_nulls(s.custom || e.custom)")]
