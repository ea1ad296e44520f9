"""One mapped field on its way to Salesforce, as SQL: the normalised text of what the record `r` holds.

The pure twin of the conversions is `mappings.converters.to_salesforce`.
"""

import json

from psycopg import sql

from integrations.sync.pull.fields import PulledField
from integrations.sync.pull.merging_fields import changed_here
from integrations.sync.push.plan import PARENT_COLUMNS, PushPlan
from mappings.field_types import NUMBERS, FieldType
from mappings.models import Conflict

NONE = sql.SQL("NULL::text")
PAIRS_AT_ONCE = 50  # jsonb_build_object takes a hundred arguments at most

PARENT = """
(SELECT p.salesforce_id FROM integrations_recordlink p
  WHERE p.connection_id = {connection} AND p.kind = {kind} AND p.record_id = r.{column} AND p.state = 'linked'
    AND ({object} = '' OR p.salesforce_object = {object}))"""
OWNER = """
(SELECT o.salesforce_id FROM integrations_salesforceowner o
  WHERE o.connection_id = {connection} AND o.user_id = {user} AND o.is_active AND NOT o.is_queue
  ORDER BY o.by_hand DESC, o.id LIMIT 1)"""
HAS_USER_THERE = """
EXISTS (SELECT 1 FROM integrations_salesforceowner o
         WHERE o.connection_id = {connection} AND o.user_id = {user} AND NOT o.is_queue)"""
COMPANY = """
CASE WHEN coalesce(r.company_name, '') = ''
     THEN (SELECT nullif(a.name, '') FROM crm_account a WHERE a.id = r.account_id) END"""
"""A lead has no account, so it carries the company's name (spec D2)."""


NO_QUESTION = """
NOT EXISTS (SELECT 1 FROM integrations_fieldconflict q
             WHERE q.connection_id = l.connection_id AND q.salesforce_id = l.salesforce_id
               AND q.salesforce_field = {} AND q.state = 'open')"""

NOT_AWAITED = "NOT coalesce(l.waiting_for ? {}, false)"
"""A parent that Salesforce named and that isn't pulled yet is blank here; nobody made it so (C7)."""


def parent_kind(field: PulledField) -> str:
    """The kind of record that the field refers to; empty where it refers to none."""
    return PARENT_COLUMNS.get(field.target.column or "", "")


def outgoing(field: PulledField, object_name: str) -> sql.Composable:
    """What Salesforce is to hold; NULL for blank, and for what has no counterpart there."""
    column = sql.Identifier(field.target.column or "custom")
    places = {"connection": sql.Literal(field.connection_id), "column": column}
    if kind := parent_kind(field):
        needs = sql.Literal("Contact" if kind == "contact" else "")
        return sql.SQL(PARENT).format(**places, kind=sql.Literal(kind), object=needs)
    if field.target.type == FieldType.USER:
        return sql.SQL(OWNER).format(connection=sql.Literal(field.connection_id), user=reference(field))
    if field.target.type == FieldType.STAGE:
        names: dict[str, str] = {}
        for name, stage in field.stage_ids.items():
            names.setdefault(str(stage), name)
        return sql.SQL("({}::jsonb ->> r.{}::text)").format(sql.Literal(json.dumps(names)), column)
    return _renamed(field, _text(field, column))


def _text(field: PulledField, column: sql.Identifier) -> sql.Composable:
    kind = field.target.type
    if field.is_custom:
        text = sql.SQL("(nullif(r.custom -> {0}, 'null') #>> '{{}}')").format(sql.Literal(field.custom_name))
        if kind in NUMBERS:
            return sql.SQL("trim_scale({}::numeric)::text").format(text)
        return sql.SQL("coalesce({}, 'false')" if kind == FieldType.CHECKBOX else "nullif({}, '')").format(
            text
        )
    if kind in NUMBERS:
        return sql.SQL("trim_scale(r.{}::numeric)::text").format(column)
    if kind == FieldType.CHECKBOX:
        return sql.SQL("r.{}::text").format(column)
    if kind == FieldType.DATE:
        return sql.SQL("to_char(r.{}, 'YYYY-MM-DD')").format(column)
    if kind == FieldType.DATETIME:
        form = sql.Literal('YYYY-MM-DD"T"HH24:MI:SS"Z"')
        return sql.SQL("to_char(r.{} AT TIME ZONE 'UTC', {})").format(column, form)
    return sql.SQL("nullif(r.{}, '')").format(column)


def _renamed(field: PulledField, text: sql.Composable) -> sql.Composable:
    if not field.values:
        return text
    there = {ours: theirs for theirs, ours in field.values.items()}
    return sql.SQL("coalesce({}::jsonb ->> {}, {})").format(sql.Literal(json.dumps(there)), text, text)


def has_counterpart(field: PulledField, object_name: str) -> sql.Composable | None:
    """False for an owner, stage or parent that Salesforce doesn't know; None where that can't happen."""
    if not (parent_kind(field) or field.target.type in (FieldType.USER, FieldType.STAGE)):
        return None
    if is_owner(field):  # nobody owns nothing there: Salesforce keeps whom it has
        return sql.SQL("({} IS NOT NULL)").format(outgoing(field, object_name))
    return sql.SQL("({} IS NULL OR {} IS NOT NULL)").format(reference(field), outgoing(field, object_name))


def is_owner(field: PulledField) -> bool:
    """Whether it is the record's owner: each record there has one, whoever created it if nobody was named."""
    return field.target.column == "owner_id"


def reference(field: PulledField) -> sql.Composable:
    """The id here that the record holds in a field that refers to something."""
    return sql.SQL("({} #>> '{{}}')::bigint").format(field.ours()) if field.is_custom else field.ours()


def document(pairs: list[sql.Composable]) -> sql.Composable:
    """A jsonb of `key, value` pairs, in parts that PostgreSQL takes."""
    parts = [
        sql.SQL("jsonb_build_object({})").format(sql.SQL(", ").join(pairs[start : start + PAIRS_AT_ONCE]))
        for start in range(0, max(len(pairs), 1), PAIRS_AT_ONCE)
    ]
    return sql.SQL("({})").format(sql.SQL(" || ").join(parts))


def everything(plan: PushPlan) -> sql.Composable:
    """What a create says: each field that holds something."""
    pairs: list[sql.Composable] = [
        sql.SQL("{}::text, {}").format(field.key, _of_new(plan, field))
        for field in plan.fields
        if field.salesforce in plan.createable
    ]
    return sql.SQL("jsonb_strip_nulls({})").format(document(pairs))


def _of_new(plan: PushPlan, field: PulledField) -> sql.Composable:
    """As any value, but for an owner whom Salesforce can't be told: then the sync user is, by our own doing.

    That both sides agree on, so that no pull takes it for somebody's change there and gives the record away here.
    """
    value = outgoing(field, plan.object)
    if not (is_owner(field) and plan.sync_user):
        return value
    return sql.SQL("CASE WHEN {} IS NOT NULL THEN coalesce({}, {}) END").format(
        field.ours(), value, sql.Literal(plan.sync_user)
    )


def unknown_owner(plan: PushPlan) -> sql.Composable:
    """The owner's field, where a new record has one whom Salesforce can't be told."""
    items: list[sql.Composable] = [
        sql.SQL("CASE WHEN {} IS NOT NULL AND {} IS NULL THEN {}::text END").format(
            field.ours(), outgoing(field, plan.object), field.key
        )
        for field in plan.fields
        if is_owner(field)
    ]
    return sql.SQL("array_remove(ARRAY[{}]::text[], NULL)").format(sql.SQL(", ").join(items))


def inactive_owner(plan: PushPlan) -> sql.Composable:
    """Whether the owner of a new record is somebody there who isn't active any more."""
    for field in plan.fields:
        if is_owner(field):
            there = sql.SQL(HAS_USER_THERE).format(
                connection=sql.Literal(field.connection_id), user=field.ours()
            )
            return sql.SQL("({} AND {} IS NULL)").format(there, outgoing(field, plan.object))
    return sql.SQL("false")


def extra(plan: PushPlan) -> sql.Composable:
    """What a create says beside the record's own fields."""
    company = [f for f in plan.fields if plan.object == "Lead" and f.target.key == "company_name"]
    pairs: list[sql.Composable] = [
        sql.SQL("{}::text, {}").format(field.key, sql.SQL(COMPANY)) for field in company
    ]
    return sql.SQL("jsonb_strip_nulls({})").format(document(pairs))


def parents(plan: PushPlan, *, changed: bool) -> sql.Composable:
    """`[{"kind": "account", "id": 7}]`: those the record refers to and Salesforce doesn't have.

    With `changed`, only where the record refers to another than Salesforce last did.
    """
    items: list[sql.Composable] = []
    for field in plan.fields:
        names = plan.updateable if changed else plan.createable
        if not parent_kind(field) or field.salesforce not in names:
            continue
        column = sql.Identifier(field.target.column or "")
        items.append(
            sql.SQL(
                "CASE WHEN {column} IS NOT NULL AND {there} IS NULL AND {differs}"
                " THEN jsonb_build_object('kind', {kind}::text, 'id', {column}) END"
            ).format(
                column=sql.SQL("r.{}").format(column),
                there=outgoing(field, plan.object),
                differs=changed_here(field) if changed else sql.SQL("true"),
                kind=sql.Literal(parent_kind(field)),
            )
        )
    if not items:
        return sql.SQL("'[]'::jsonb")
    return sql.SQL("to_jsonb(array_remove(ARRAY[{}], NULL))").format(sql.SQL(", ").join(items))


def changes(plan: PushPlan) -> sql.Composable:
    """What an update says: each field that differs and has a counterpart, but for open questions (C11)."""
    items: list[sql.Composable] = []
    for field in plan.fields:
        if field.salesforce not in plan.updateable:
            continue
        items.append(
            sql.SQL("CASE WHEN {} THEN jsonb_build_object({}::text, {}) ELSE '{{}}' END").format(
                is_said(plan, field), field.key, outgoing(field, plan.object)
            )
        )
    return sql.SQL("({})").format(sql.SQL(" || ").join(items or [sql.SQL("'{}'::jsonb")]))


def is_said(plan: PushPlan, field: PulledField) -> sql.Composable:
    """Whether an update says it."""
    condition = [changed_here(field)]
    known = has_counterpart(field, plan.object)
    condition += [known] if known is not None else []
    if parent_kind(field):
        condition.append(sql.SQL(NOT_AWAITED).format(field.key))
    if field.conflict == Conflict.ASK:
        condition.append(sql.SQL(NO_QUESTION).format(field.key))
    return sql.SQL(" AND ").join(condition)


def unsendable(plan: PushPlan) -> sql.Composable:
    """The fields that were changed here to what Salesforce has no counterpart of, parents apart."""
    items: list[sql.Composable] = [
        sql.SQL("CASE WHEN l.base ? {} AND {} AND {} IS NOT NULL AND NOT {} THEN {}::text END").format(
            field.key, changed_here(field), reference(field), known, field.key
        )
        for field in plan.fields
        if not parent_kind(field) and (known := has_counterpart(field, plan.object)) is not None
    ]
    return sql.SQL("array_remove(ARRAY[{}]::text[], NULL)").format(sql.SQL(", ").join(items))
