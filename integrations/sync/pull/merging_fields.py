"""The three-way merge of one field, as SQL (spec C11): `r` is the record, `l` its link, `c` the chunk's row.

The pure twin is `mappings.write_rules`.
"""

from psycopg import sql

from integrations.sync.pull.fields import PulledField
from mappings.field_types import FieldType

YET_TO_FOLLOW = """
 AND NOT EXISTS (SELECT 1 FROM integrations_ownermove m
                  WHERE m.connection_id = {connection} AND m.salesforce_id = l.base ->> {key} AND l.id > m.done
                    AND to_jsonb(m.was_id) IS NOT DISTINCT FROM to_jsonb({ours}))"""


def changed_there(field: PulledField) -> sql.Composable:
    """Theirs is not the base; with no base yet, a value of theirs counts, a blank loses."""
    return sql.SQL("(c.{} IS DISTINCT FROM l.base ->> {})").format(field.column, field.key)


def changed_here(field: PulledField) -> sql.Composable:
    """Ours is not the base as converted to the workspace; with no base yet, a value of ours counts."""
    base = field.converted(sql.SQL("(l.base ->> {})").format(field.key))
    return sql.SQL(
        "(CASE WHEN l.base ? {key} THEN {ours} IS DISTINCT FROM {base}{followed} ELSE NOT {blank} END)"
    ).format(
        key=field.key,
        ours=field.ours(),
        base=base,
        followed=_followed(field),
        blank=field.is_blank(field.ours()),
    )


def _followed(field: PulledField) -> sql.Composable:
    """No person changed what has yet to follow an owner who is someone else here by now."""
    if field.target.type != FieldType.USER:
        return sql.SQL("")
    return sql.SQL(YET_TO_FOLLOW).format(
        connection=sql.Literal(field.connection_id), key=field.key, ours=field.ours()
    )


def clash(field: PulledField) -> sql.Composable:
    """Changed on both sides, to different values. What doesn't fit here is an error, not a conflict."""
    unfit = field.unfit() or sql.SQL("false")
    return sql.SQL("({} AND {} AND {} IS DISTINCT FROM {} AND ({}) IS NOT TRUE)").format(
        changed_there(field), changed_here(field), field.ours(), field.theirs(), unfit
    )
