"""The three-way merge of one field, as SQL (spec C11): `r` is the record, `l` its link, `c` the chunk's row.

The pure twin is `mappings.write_rules`.
"""

from psycopg import sql

from integrations.sync.pull.fields import PulledField


def changed_there(field: PulledField) -> sql.Composable:
    """Theirs is not the base; with no base yet, a value of theirs counts, a blank loses."""
    return sql.SQL("(c.{} IS DISTINCT FROM l.base ->> {})").format(field.column, field.key)


def changed_here(field: PulledField) -> sql.Composable:
    """Ours is not the base as converted to the workspace; with no base yet, a value of ours counts."""
    base = field.converted(sql.SQL("(l.base ->> {})").format(field.key))
    return sql.SQL(
        "(CASE WHEN l.base ? {key} THEN {ours} IS DISTINCT FROM {base} ELSE NOT {blank} END)"
    ).format(key=field.key, ours=field.ours(), base=base, blank=field.is_blank(field.ours()))


def clash(field: PulledField) -> sql.Composable:
    """Changed on both sides, to different values. What doesn't fit here is an error, not a conflict."""
    unfit = field.unfit() or sql.SQL("false")
    return sql.SQL("({} AND {} AND {} IS DISTINCT FROM {} AND ({}) IS NOT TRUE)").format(
        changed_there(field), changed_here(field), field.ours(), field.theirs(), unfit
    )
