"""The plan, compiled: a few SQL statements that apply one chunk of staged rows (design, idea 2).

A chunk is the staged rows `first < seq <= last`. Their texts stand in `chunk_sql`.
"""

from functools import cached_property

from psycopg import sql

from crm.models import Kind
from integrations.sync.pull import chunk_sql, writing
from integrations.sync.pull.fields import PulledField, default_literal, missing_parent
from integrations.sync.pull.merging_fields import changed_here, changed_there, clash
from integrations.sync.pull.plan import MASTER_FIELD, ObjectPlan
from integrations.sync.pull.writing import custom_values, decided
from mappings.models import Conflict

COMMA = sql.SQL(", ")


class Statements:
    """One object's statements. Every name and value in them is quoted by psycopg."""

    def __init__(self, plan: ObjectPlan, staging: sql.Identifier) -> None:
        self.plan = plan
        self.staging = staging
        self.table = sql.Identifier(plan.model._meta.db_table)
        self.fields = plan.fields
        self.unfit = [(field, condition) for field in plan.fields if (condition := field.unfit()) is not None]

    def fill(self, text: str, **more: sql.Composable) -> sql.Composed:
        known = {
            "table": self.table,
            "sequence": sql.Literal(f"{self.plan.model._meta.db_table}_id_seq"),
            "connection": sql.Literal(self.plan.connection_id),
            "object": sql.Literal(self.plan.object),
            "kind": sql.Literal(self.plan.kind),
            "run": sql.Literal(self.plan.run),
            "outside": sql.Literal("known" if self.plan.outside else ""),
            "alive": sql.SQL("true" if self.plan.kind == Kind.CONTACT_ROLE else "r.merged_into_id IS NULL"),
        }
        return sql.SQL(text).format(**(known | more))

    def chunk(self, first: int, until: int) -> sql.Composed:
        """Without parameters, here as elsewhere where names of the org stand in the text: they may hold a %."""
        values: list[sql.Composable] = [
            sql.SQL("{} AS {}").format(field.normalised(), field.column) for field in self.fields
        ]
        parents: list[sql.Composable] = [
            sql.SQL(", CASE WHEN f.action IN ('create', 'update') THEN {} END AS {}").format(
                field.converted(sql.SQL("f.{}").format(field.column)), field.parent_column
            )
            for field in self.fields
            if field.parent_kind
        ]
        if self.unfit:
            parents.append(
                sql.SQL(", array_remove(ARRAY[{}], NULL) AS unfit").format(COMMA.join(self._unfit_names()))
            )
        lead = self.plan.object == "Lead"
        kept: list[sql.Composable] = [sql.SQL("f.{}").format(field.column) for field in self.fields]
        if lead:
            kept += [sql.SQL("f.converted"), sql.SQL("f.contact")]
        if lead or self.plan.kind == Kind.CONTACT_ROLE:
            kept.append(sql.SQL("f.agreed"))
        return self.fill(
            chunk_sql.CHUNK,
            kept=COMMA.join(kept or [sql.SQL("NULL AS nothing")]),
            first=sql.Literal(first),
            until=sql.Literal(until),
            staging=self.staging,
            values=COMMA.join(values or [sql.SQL("NULL AS nothing")]),
            parents=sql.SQL("").join(parents),
            base=self._base(),
            agreed=self._agreed(),
            match_key=self._match_key(),
            master=self._master(),
            lead_columns=sql.SQL(
                's."IsConverted" = \'true\' AS converted, s."ConvertedContactId" AS contact,'
            )
            if lead
            else sql.SQL(""),
            suppressor=self._suppressor(),
        )

    def _suppressor(self) -> sql.Composable:
        """The Salesforce record in whose favour, or for want of which, a row is left out; NULL for most."""
        if self.plan.object == "Lead":
            return self.fill(
                chunk_sql.SUPPRESSED_BY, converted=sql.SQL("d.converted"), contact=sql.SQL("d.contact")
            )
        return missing_parent(self.fields) if self.plan.kind == Kind.CONTACT_ROLE else sql.SQL("NULL")

    def _unfit_names(self) -> list[sql.Composable]:
        return [
            sql.SQL("CASE WHEN {} THEN {} END").format(condition, field.key)
            for field, condition in self.unfit
        ]

    def _base(self) -> sql.Composable:
        """Salesforce's values as the base will keep them, without those that the record can't hold.

        Its keys in the order in which jsonb keeps them, which spares sorting them for each row.
        """
        fields = sorted(
            self.fields, key=lambda field: (len(field.salesforce.encode()), field.salesforce.encode())
        )
        base = sql.SQL("jsonb_object(ARRAY[{}]::text[], ARRAY[{}]::text[])").format(
            COMMA.join(field.key for field in fields),
            COMMA.join(sql.SQL("d.{}").format(field.column) for field in fields),
        )
        if not self.unfit:
            return base
        return sql.SQL("{} - array_remove(ARRAY[{}], NULL)").format(base, COMMA.join(self._unfit_names()))

    def _agreed(self) -> sql.Composable:
        """The link's base, as far as pulls write it."""
        if not self.plan.pushed_only:
            return sql.SQL("e.agreed")
        return sql.SQL("(e.agreed - {}::text[])").format(sql.Literal(list(self.plan.pushed_only)))

    def _master(self) -> sql.Composable:
        """The record that took this one in, which is no delete; blank where none did (C8)."""
        if MASTER_FIELD not in self.plan.columns:
            return sql.SQL("''")
        return sql.SQL("coalesce(s.{}, '')").format(sql.Identifier(MASTER_FIELD))

    def _match_key(self) -> sql.Composable:
        template = chunk_sql.MATCH_KEYS.get(self.plan.object)
        names = {name: sql.Identifier(name) for name in ("Email", "Website")}
        if template is None or not any(
            name in self.plan.columns for name in names if f"{{{name}}}" in template
        ):
            return sql.SQL("''")
        return sql.SQL(template).format(**names)

    @cached_property
    def match(self) -> sql.Composed | None:
        """Adopt unlinked records of the same person or company; None where the kind isn't matched."""
        template = chunk_sql.CANDIDATES.get(self.plan.kind)
        name = next((field.column for field in self.fields if field.target.key == "name"), None)
        if template is None or (self.plan.kind == "account" and name is None):
            return None
        candidates = self.fill(template, name=name or sql.Identifier("sid"))
        return self.fill(chunk_sql.MATCH, candidates=candidates)

    @property
    def has_unlinked(self) -> sql.Composed:
        """Whether there is any record that could be matched."""
        return self.fill(chunk_sql.HAS_UNLINKED)

    @property
    def locks(self) -> list[sql.Composed]:
        """Records before links, each in the order of their ids (design, *Traps*)."""
        return [self.fill(chunk_sql.LOCK_RECORDS), self.fill(chunk_sql.LOCK_LINKS)]

    @cached_property
    def leave_stale(self) -> sql.Composed:
        """For a pull, once the locks are held: a push may settle until then."""
        return self.fill(chunk_sql.LEAVE_STALE)

    @cached_property
    def create_lost_matches(self) -> sql.Composed:
        return self.fill(chunk_sql.CREATE_LOST_MATCHES)

    @cached_property
    def create_records(self) -> sql.Composed:
        columns: dict[str, sql.Composable] = {}
        for field in self.fields:
            if field.target.column is not None:
                columns[field.target.column] = field.theirs()
        if custom := [field for field in self.fields if field.is_custom]:
            columns["custom"] = sql.SQL("jsonb_strip_nulls({})").format(
                custom_values(custom, PulledField.theirs)
            )
        columns |= self._derived(columns) | self._of_the_run()
        for column in self.plan.model._meta.local_concrete_fields:
            default = default_literal(column)
            name = str(column.column)
            if name not in columns and default is not None:
                columns[name] = default
        return self.fill(
            chunk_sql.CREATE_RECORDS,
            columns=COMMA.join(map(sql.Identifier, columns)),
            values=COMMA.join(columns.values()),
        )

    def _derived(self, columns: dict[str, sql.Composable]) -> dict[str, sql.Composable]:
        """An account's domain is its website's, unless it is mapped itself."""
        if self.plan.kind != "account" or "domain" in columns or "website" not in columns:
            return {}
        return {"domain": sql.SQL("coalesce(lockstep_domain({}), '')").format(columns["website"])}

    def _of_the_run(self) -> dict[str, sql.Composable]:
        """What no field brings; contact roles are shown or not as their people are."""
        known = {"created_run": sql.Literal(self.plan.run), "hidden": sql.Literal(self.plan.hidden)}
        columns = {column.column for column in self.plan.model._meta.local_concrete_fields}
        return {name: value for name, value in known.items() if name in columns}

    @cached_property
    def create_links(self) -> sql.Composed:
        """Raises IntegrityError where one has come since the chunk looked for it."""
        return self.fill(chunk_sql.NEW_LINKS, waiting=self._waiting())

    @cached_property
    def link_again(self) -> sql.Composed:
        """For rows whose link had ended, or stood for a lead left out."""
        return self.fill(chunk_sql.LINKS_AGAIN, waiting=self._waiting())

    def _waiting(self) -> sql.Composable:
        waits = [
            sql.SQL(
                "CASE WHEN c.{} IS NOT NULL AND c.{} IS NULL THEN jsonb_build_object({}::text, c.{}) END"
            ).format(field.column, field.parent_column, field.key, field.column)
            for field in self.fields
            if field.waits()
        ]
        return waits[0] if waits else sql.SQL("NULL::jsonb")

    @cached_property
    def decide(self) -> sql.Composed:
        values = writing.before(self.plan)
        values += [sql.SQL("{} AS {}").format(self._decision(field), decided(field)) for field in self.fields]
        asks = [field for field in self.fields if field.conflict == Conflict.ASK]
        values += [sql.SQL("{} AS {}").format(clash(field), _asked(field)) for field in asks]
        clashes: list[sql.Composable] = [sql.SQL("({})::int").format(clash(field)) for field in self.fields]
        return self.fill(
            chunk_sql.DECIDE,
            values=COMMA.join(values or [sql.SQL("NULL AS nothing")]),
            conflicts=sql.SQL(" + ").join(clashes or [sql.SQL("0")]),
        )

    def _decision(self, field: PulledField) -> sql.Composable:
        """C11 for one field: what the record's value becomes. Its pure twin: `mappings.write_rules.decide`."""
        ours, theirs = field.ours(), field.theirs()
        unfit = field.unfit()
        kept = sql.SQL("{} OR NOT ({})").format(unfit or sql.SQL("false"), changed_there(field))
        return sql.SQL(
            "CASE WHEN {kept} THEN {ours} WHEN {clash} THEN {winner} WHEN {here} THEN {ours} ELSE {theirs} END"
        ).format(
            kept=kept,
            clash=clash(field),
            winner=self._winner(field),
            here=changed_here(field),
            ours=ours,
            theirs=theirs,
        )

    @cached_property
    def note_conflicts(self) -> sql.Composed:
        return self.fill(chunk_sql.NOTE_CONFLICTS, fields=COMMA.join(map(self._conflicting, self.fields)))

    def _conflicting(self, field: PulledField) -> sql.Composable:
        settled = {Conflict.ASK: "", Conflict.SALESFORCE: "salesforce", Conflict.WORKSPACE: "workspace"}
        winner: sql.Composable = sql.Literal(settled.get(field.conflict))
        if field.conflict == Conflict.NEWEST:
            winner = sql.SQL(
                "CASE WHEN d.{} IS NOT DISTINCT FROM {} THEN 'salesforce' ELSE 'workspace' END"
            ).format(decided(field), field.theirs())
        return sql.SQL(chunk_sql.CONFLICTING).format(
            clash=clash(field),
            path=sql.Literal(field.target.key),
            key=field.key,
            rule=sql.Literal(field.conflict.value),
            winner=winner,
            ours=sql.SQL("to_jsonb({})").format(field.ours()),
            theirs=sql.SQL("to_jsonb({})").format(field.theirs()),
            n=field.column,
        )

    @property
    def has_questions(self) -> sql.Composed:
        """Whether a person is asked about any field of the object."""
        return self.fill(chunk_sql.HAS_QUESTIONS)

    @cached_property
    def close_questions(self) -> sql.Composed:
        """Those that answered themselves: both sides agree by now, or one of them took its change back."""
        return self.fill(chunk_sql.CLOSE_QUESTIONS)

    def _winner(self, field: PulledField) -> sql.Composable:
        if field.conflict == Conflict.SALESFORCE:
            return field.theirs()
        if field.conflict in (Conflict.WORKSPACE, Conflict.ASK):
            return field.ours()
        edited = self.fill(
            "(SELECT max(j.at) FROM crm_journalentry j WHERE j.kind = {kind} AND j.record_id = r.id"
            " AND j.changes ? {path} AND j.origin <> 'pull')",
            path=sql.Literal(field.target.key),
        )
        # Unknown or equal times let Salesforce win.
        return sql.SQL("CASE WHEN {} > c.modified THEN {} ELSE {} END").format(
            edited, field.ours(), field.theirs()
        )

    @cached_property
    def update_records(self) -> sql.Composed | None:
        """Write what was decided, and journal it; None where no field is mapped."""
        values = writing.assignments(self.plan)
        if not values:
            return None
        pairs = [(sql.Identifier(column), value) for column, value in values.items()]
        return self.fill(
            chunk_sql.UPDATE_RECORDS,
            assignments=COMMA.join(sql.SQL("{} = {}").format(*pair) for pair in pairs),
            differs=sql.SQL(" OR ").join(sql.SQL("r.{} IS DISTINCT FROM {}").format(*pair) for pair in pairs),
            changes=writing.changes(self.plan),
        )

    @cached_property
    def update_links(self) -> sql.Composed:
        """The base becomes what Salesforce holds, but for a field that asks: it goes on differing."""
        base: sql.Composable = sql.SQL("c.base")
        asks = [field for field in self.fields if field.conflict == Conflict.ASK]
        for field in asks:
            base = sql.SQL(chunk_sql.KEEP_ASKING).format(asked=_asked(field), base=base, key=field.key)
        if self.plan.pushed_only:
            pushed = sql.Literal(list(self.plan.pushed_only))
            base = sql.SQL(chunk_sql.KEEP_PUSHED).format(pushed=pushed, base=base)
        asked = sql.SQL(chunk_sql.ASKED if asks else "")
        return self.fill(chunk_sql.UPDATE_LINKS, base=base, waiting=self._waiting(), asked=asked)

    @property
    def ask_of_matches(self) -> sql.Composed | None:
        """No value is agreed yet of a field that asks; None where none does."""
        asked = [
            sql.SQL("CASE WHEN d.{} THEN {} END").format(_asked(field), field.key)
            for field in self.fields
            if field.conflict == Conflict.ASK
        ]
        return self.fill(chunk_sql.ASK_OF_MATCHES, asked=COMMA.join(asked)) if asked else None

    @cached_property
    def mark_gone(self) -> list[sql.Composed]:
        texts = (chunk_sql.MARK_GONE, *([chunk_sql.NOTE_REMOVALS] if self.plan.removes else []))
        return [self.fill(text, mirrors=sql.Literal(self.plan.mirrors)) for text in texts]

    @property
    def end_left_out(self) -> sql.Composed:
        return self.fill(chunk_sql.END_LEFT_OUT, mirrors=sql.Literal(self.plan.mirrors))

    @property
    def keep_alone(self) -> sql.Composed:
        return self.fill(chunk_sql.KEEP_ALONE)

    @property
    def forget_removals(self) -> sql.Composed:
        return self.fill(chunk_sql.FORGET_REMOVALS)

    @property
    def report_unfit(self) -> list[sql.Composed]:
        return [self.fill(chunk_sql.CLOSE_FITTING), self.fill(chunk_sql.REPORT_UNFIT)] if self.unfit else []

    @cached_property
    def count(self) -> sql.Composed:
        rejected = "count(*) FILTER (WHERE cardinality(unfit) > 0)" if self.unfit else "0"
        converted = (
            "count(*) FILTER (WHERE converted AND (action IN ('suppress', 'fold')"
            " OR action = 'suppressed' AND (seen, agreed) IS DISTINCT FROM (modstamp, base)))"
        )
        lead, deal = self.plan.object == "Lead", self.plan.kind == Kind.DEAL
        return self.fill(
            chunk_sql.COUNT,
            rejected=sql.SQL(rejected),
            converted=sql.SQL(converted if lead else "0"),
            skipped=sql.SQL(chunk_sql.SKIPPED),
            counts=sql.SQL("link_outside = ''" if deal else "true"),
            around=sql.SQL(chunk_sql.AROUND if deal else ""),
        )

    @cached_property
    def next_waiting(self) -> sql.Composed | None:
        """The next links that wait for a parent; None where nothing of the object can wait."""
        waiting = next((field for field in self.fields if field.waits()), None)
        return self.fill(chunk_sql.NEXT_WAITING, key=waiting.key) if waiting else None

    @cached_property
    def late_parents(self) -> list[sql.Composed]:
        """Give those records the account that came after them; the first statement finds them."""
        key = next(field.key for field in self.fields if field.waits())
        return [
            self.fill(chunk_sql.LATE_PARENTS, key=key),
            self.fill(chunk_sql.ADOPT_LATE_PARENTS),
            self.fill(chunk_sql.NOTE_LATE_PARENTS),
            self.fill(chunk_sql.FORGET_LATE_PARENTS),
        ]


def _asked(field: PulledField) -> sql.Identifier:
    return sql.Identifier(f"ask{field.place}")
