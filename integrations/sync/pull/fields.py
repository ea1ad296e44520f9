"""One mapped field as SQL: how Salesforce's text is normalised, converted, and compared.

The pure twin of the conversions is `mappings.converters`, of the decision `mappings.write_rules`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from psycopg import sql

from mappings.catalogue import MappableField
from mappings.field_types import NUMBERS, FieldType
from mappings.models import Conflict

NUMERIC_TYPES = frozenset({"int", "double", "currency", "percent", "long"})
NULL_TEXT = sql.SQL("NULL::text")

# An account may have been deleted here, its link outliving it; one that was merged into another is that other
# (spec C9). The link's state and kind are asked of the one row found, so that no other index can tempt the planner.
PARENT_LOOKUP = (
    "(SELECT CASE WHEN (p.state = 'linked' OR p.suppressed_by <> '') AND p.kind = {kind}"
    " THEN (SELECT a.id FROM {table} a WHERE a.id = p.record_id) END"
    " FROM integrations_recordlink p WHERE p.connection_id = {connection} AND p.salesforce_id = {text})"
)
PARENT_TABLES = {"account": "crm_account", "contact": "crm_contact", "deal": "crm_deal"}
USER_LOOKUP = (
    "(SELECT o.user_id FROM integrations_salesforceowner o WHERE o.connection_id = {connection}"
    " AND o.salesforce_id = {text})"
)


def normal_form(salesforce_type: str) -> str:
    """How `base` writes values of a type down: boolean, number, datetime or text."""
    if salesforce_type in NUMERIC_TYPES:
        return "number"
    return salesforce_type if salesforce_type in ("boolean", "datetime") else "text"


@dataclass(frozen=True, slots=True)
class PulledField:
    """A row of the map that pulls. `place` numbers it within the statement; `stages` is the stage table."""

    place: int
    salesforce: str
    salesforce_type: str
    salesforce_length: int
    target: MappableField
    connection_id: int
    conflict: Conflict = Conflict.SALESFORCE
    values: dict[str, str] = field(default_factory=dict)
    stage_ids: dict[str, int] = field(default_factory=dict)
    refers_to: str = ""
    """The kind of record that a role's reference points to; an account's needs no word."""

    @property
    def column(self) -> sql.Identifier:
        """The chunk's column that holds Salesforce's value, normalised."""
        return sql.Identifier(f"n{self.place}")

    @property
    def parent_column(self) -> sql.Identifier:
        """The chunk's column that holds the record here which a reference points to."""
        return sql.Identifier(f"p{self.place}")

    @property
    def is_custom(self) -> bool:
        return self.target.column is None

    @property
    def key(self) -> sql.Literal:
        return sql.Literal(self.salesforce)

    def normalised(self) -> sql.Composable:
        """Staged text in the one form that `base` keeps; NULL where Salesforce holds nothing."""
        staged = sql.SQL("s.{}").format(sql.Identifier(self.salesforce))
        form = normal_form(self.salesforce_type)
        if form == "boolean":
            return sql.SQL("coalesce(lower({}), 'false')").format(staged)
        if form == "number":
            return sql.SQL("trim_scale({}::numeric)::text").format(staged)
        if form == "datetime":
            moment = '\'YYYY-MM-DD"T"HH24:MI:SS"Z"\''
            return sql.SQL(f"to_char({{}}::timestamptz AT TIME ZONE 'UTC', {moment})").format(staged)
        return staged

    def theirs(self) -> sql.Composable:
        """Salesforce's value as the workspace would hold it; blank where it can't hold it."""
        if self.parent_kind:
            return sql.SQL("c.{}").format(self.parent_column)
        value = self.converted(sql.SQL("c.{}").format(self.column))
        unfit = self.unfit()
        if unfit is None:
            return value
        return sql.SQL("CASE WHEN {} THEN {} ELSE {} END").format(unfit, self.converted(NULL_TEXT), value)

    def converted(self, text: sql.Composable) -> sql.Composable:
        """The workspace's value for a normalised Salesforce value, typed as the column or as jsonb."""
        target = self.target
        if target.type == FieldType.STAGE:
            known = sql.Literal(_json(self.stage_ids))
            return sql.SQL("({}::jsonb ->> {})::bigint").format(known, text)
        found = self._record(text) or self._plain(self._renamed(text))
        return sql.SQL("to_jsonb({})").format(found) if self.is_custom else found

    def _record(self, text: sql.Composable) -> sql.Composable | None:
        """The id here of what a reference points to; None for what is no reference."""
        connection = sql.Literal(self.connection_id)
        if kind := self.parent_kind:
            table = sql.Identifier(PARENT_TABLES[kind])
            places = {"connection": connection, "text": text, "kind": sql.Literal(kind), "table": table}
            return sql.SQL(PARENT_LOOKUP).format(**places)
        if self.target.type == FieldType.USER:
            return sql.SQL(USER_LOOKUP).format(connection=connection, text=text)
        return None

    def _renamed(self, text: sql.Composable) -> sql.Composable:
        if not self.values:
            return text
        return sql.SQL("coalesce({}::jsonb ->> {}, {})").format(sql.Literal(_json(self.values)), text, text)

    def _plain(self, text: sql.Composable) -> sql.Composable:
        kind = self.target.type
        if kind == FieldType.CHECKBOX:
            return sql.SQL("coalesce({}, 'false')::boolean").format(text)
        if kind in NUMBERS:
            digits, decimals = self.target.max_digits or (18, 6)
            cast = "bigint" if decimals == 0 else "numeric"
            return sql.SQL(f"round({{}}::numeric, {decimals})::{cast}").format(text)
        if kind == FieldType.DATE:
            return sql.SQL("left({}, 10)::date").format(text)
        if kind == FieldType.DATETIME:
            return sql.SQL("{}::timestamptz").format(text) if not self.is_custom else text
        return text if self.is_custom else sql.SQL("coalesce({}, '')").format(text)

    def unfit(self) -> sql.Composable | None:
        """True for a value that the workspace's field can't hold; None where that can't happen."""
        target = self.target
        if target.max_length and self.salesforce_length > target.max_length:
            return sql.SQL("length({}) > {}").format(
                self._renamed(self.column), sql.Literal(target.max_length)
            )
        if target.type in NUMBERS:
            digits, decimals = target.max_digits or (18, 6)
            return sql.SQL("abs(round({}::numeric, {})) >= {}").format(
                self.column, sql.Literal(decimals), sql.Literal(10**digits)
            )
        return None

    @property
    def parent_kind(self) -> str:
        """The kind of record that it refers to; blank for what refers to none."""
        return "account" if self.target.type == FieldType.ACCOUNT else self.refers_to

    def waits(self) -> bool:
        """Whether its parent may arrive after it (C7)."""
        return self.target.type == FieldType.ACCOUNT

    def ours(self) -> sql.Composable:
        """The record's own value, of the same type as `converted`."""
        if self.is_custom:
            return sql.SQL("nullif(r.custom -> {}, 'null')").format(sql.Literal(self.custom_name))
        return sql.SQL("r.{}").format(sql.Identifier(self.target.column or ""))

    def is_blank(self, value: sql.Composable) -> sql.Composable:
        if self.target.type == FieldType.CHECKBOX and not self.is_custom:
            return sql.SQL("false")
        if self.is_custom or self.target.max_length is None and self.target.type != FieldType.LONG_TEXT:
            return sql.SQL("({}) IS NULL").format(value)
        return sql.SQL("({}) = ''").format(value)

    @property
    def custom_name(self) -> str:
        return self.target.key.removeprefix("custom.")


def missing_parent(fields: Sequence[PulledField]) -> sql.Composable:
    """The Salesforce id of the first parent of a chunk's row `d` that isn't here; NULL where all are."""
    parents = [field for field in fields if field.parent_kind]
    cases = [
        sql.SQL("WHEN {} IS NULL THEN coalesce(d.{}, '')").format(
            field.converted(sql.SQL("d.{}").format(field.column)), field.column
        )
        for field in parents
    ]
    return sql.SQL("CASE {} END").format(sql.SQL(" ").join(cases))


def default_literal(column: models.Field[Any, Any]) -> sql.Composable | None:
    """What a new row gets in a column that no map fills; None where the database fills it itself."""
    if column.has_db_default() or column.generated or column.primary_key:
        return None
    default = column.get_default()
    if isinstance(column, models.JSONField):
        return sql.Literal(_json(default))
    return None if default is None else sql.Literal(default)


def _json(value: object) -> str:
    return json.dumps(value)
