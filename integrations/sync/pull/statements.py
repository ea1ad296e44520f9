"""The plan, compiled: a few SQL statements that apply one chunk of staged rows (design, idea 2).

A chunk is the staged rows `first < seq <= last`. `chunk` is a temporary table with a row per Salesforce
record: `sid`, `modstamp`, `action`, Salesforce's normalised values `n0…`, the records here that its
references point to `p0…`, the new `base`, the link as found. `decided` holds, for the rows that meet a
record, what each field becomes.
"""

from functools import cached_property

from psycopg import sql

from integrations.sync.pull.fields import PulledField, default_literal
from integrations.sync.pull.plan import ObjectPlan
from mappings.models import Conflict

COMMA = sql.SQL(", ")
PAIRS_AT_ONCE = 50  # jsonb_build_object takes a hundred arguments at most

MATCH_KEYS = {
    "Account": "coalesce(lockstep_domain(s.{Website}), '')",
    "Contact": "coalesce(lower(s.{Email}), '')",
    "Lead": "coalesce(lower(s.{Email}), '')",
}

SUPPRESSED_BY = """
  CASE WHEN {converted} THEN coalesce({contact}, '')
       WHEN d.match_key <> '' THEN (
         SELECT k.salesforce_id FROM integrations_recordlink k
          WHERE k.connection_id + 0 = {connection} AND k.salesforce_object = 'Contact' AND k.state = 'linked'
            AND k.match_key = d.match_key AND k.match_key <> '' ORDER BY k.record_id + 0 LIMIT 1)
  END"""
"""C4: the contact of the same person; of several the oldest. A converted lead is never pulled.

Here and below, `<> ''` lets the planner use an index that leaves blanks out; `+ 0` keeps it from walking
through the links in the order of their records."""

CHUNK = """
CREATE TEMP TABLE chunk ON COMMIT DROP AS
SELECT f.*, CASE WHEN f.action = 'create' THEN nextval({sequence}) END AS new_id{parents}
  FROM (
    SELECT e.*, CASE
        WHEN e.deleted THEN CASE WHEN e.link_state = 'linked' THEN 'gone' ELSE 'ignore' END
        WHEN e.link_state = 'linked' AND (e.seen > e.modstamp
             OR e.agreed = e.base AND e.known_as = left(e.match_key, 320)) THEN 'same'
        WHEN e.link_state = 'linked' THEN 'update'
        WHEN e.link_state = 'suppressed' THEN 'suppressed'
        WHEN e.link_state = 'tombstone' THEN 'ignore'
        WHEN e.suppressor IS NOT NULL THEN 'suppress'
        ELSE 'create' END AS action
      FROM (
        SELECT d.*, {base} AS base, {suppressor}::text AS suppressor,
               l.id AS link_id, l.state AS link_state, l.record_id, l.base AS agreed, l.system_modstamp AS seen,
               l.match_key AS known_as
          FROM (
            SELECT DISTINCT ON (s."Id") s."Id" AS sid, s."SystemModstamp"::timestamptz AS modstamp,
                   s."LastModifiedDate"::timestamptz AS modified, s."IsDeleted" = 'true' AS deleted,
                   {match_key} AS match_key, {lead_columns} {values}
              FROM {staging} s WHERE s.seq > %s AND s.seq <= %s ORDER BY s."Id", s.seq DESC
          ) d
          LEFT JOIN LATERAL (
            SELECT k.id, k.state, k.record_id, k.base, k.system_modstamp, k.match_key FROM integrations_recordlink k
             WHERE k.connection_id = {connection} AND k.salesforce_id = d.sid OFFSET 0
          ) l ON true
        OFFSET 0
      ) e
    OFFSET 0
  ) f"""

MATCH = """
WITH found AS (
  SELECT DISTINCT ON (m.id) c.sid, m.id FROM chunk c, LATERAL ({candidates}) m
   WHERE c.action = 'create' ORDER BY m.id, c.modstamp, c.sid)
UPDATE chunk c SET action = 'match', record_id = found.id FROM found WHERE found.sid = c.sid"""

UNLINKED = (
    "NOT EXISTS (SELECT 1 FROM integrations_recordlink x WHERE x.connection_id = {connection}"
    " AND x.kind = {kind} AND x.record_id = r.id AND x.state = 'linked' OFFSET 0)"
)
"""Links of an org before this one don't count (A7). OFFSET 0 has each record asked for by its index: joined, a
planner with old statistics walks through all links for each."""
CANDIDATES = {
    "contact": (
        "SELECT r.id FROM crm_contact r WHERE c.match_key <> '' AND lower(r.email) = c.match_key"
        f" AND r.email <> '' AND {UNLINKED} ORDER BY r.id LIMIT 1"
    ),
    "account": (
        "SELECT r.id FROM crm_account r WHERE ((c.match_key <> '' AND r.domain = c.match_key AND r.domain <> '')"
        f" OR lower(r.name) = lower(c.{{name}})) AND {UNLINKED}"
        " ORDER BY (r.domain = c.match_key AND c.match_key <> '') DESC, r.id LIMIT 1"
    ),
}
"""C6: the same e-mail; the same domain, then name. A deal is never matched."""

HAS_UNLINKED = f"SELECT EXISTS (SELECT 1 FROM {{table}} r WHERE {UNLINKED})"

LOCK_RECORDS = """
SELECT r.id FROM {table} r WHERE r.id IN (SELECT record_id FROM chunk WHERE action IN ('update', 'match'))
 ORDER BY r.id FOR NO KEY UPDATE"""
LOCK_LINKS = """
SELECT l.id FROM integrations_recordlink l
 WHERE l.id IN (SELECT link_id FROM chunk WHERE action IN ('update', 'gone')) ORDER BY l.id FOR NO KEY UPDATE"""

CREATE_RECORDS = """
INSERT INTO {table} (id, created_run, hidden, {columns})
SELECT c.new_id, {run}, {hidden}, {values} FROM chunk c WHERE c.action = 'create'"""

CREATE_LINKS = """
INSERT INTO integrations_recordlink AS l (connection_id, salesforce_object, salesforce_id, kind, record_id,
       state, suppressed_by, base, match_key, waiting_for, system_modstamp, linked_run)
SELECT {connection}, {object}, c.sid, {kind}, CASE c.action WHEN 'create' THEN c.new_id ELSE c.record_id END,
       CASE c.action WHEN 'suppress' THEN 'suppressed' ELSE 'linked' END, coalesce(c.suppressor, ''),
       c.base, left(c.match_key, 320), {waiting}, c.modstamp, {run}
  FROM chunk c WHERE c.action IN ('create', 'match', 'suppress')
ON CONFLICT (connection_id, salesforce_id) DO UPDATE
   SET record_id = excluded.record_id, state = excluded.state, suppressed_by = excluded.suppressed_by,
       base = excluded.base, match_key = excluded.match_key, waiting_for = excluded.waiting_for,
       system_modstamp = excluded.system_modstamp, linked_run = excluded.linked_run, changed_at = now()"""

DECIDE = """
CREATE TEMP TABLE decided ON COMMIT DROP AS
SELECT r.id AS record_id, c.action = 'match' AS is_match, to_jsonb(r) AS before, {values}, {conflicts} AS conflicts
  FROM chunk c
  LEFT JOIN integrations_recordlink l ON l.id = c.link_id AND c.action = 'update'
  JOIN {table} r ON r.id = coalesce(l.record_id, c.record_id)
 WHERE c.action IN ('update', 'match')"""

UPDATE_RECORDS = """
WITH written AS (
  UPDATE {table} r SET {assignments} FROM decided d
   WHERE r.id = d.record_id AND ({differs}) RETURNING d.is_match)
SELECT count(*), count(*) FILTER (WHERE NOT is_match) FROM written"""

JOURNAL = """
INSERT INTO crm_journalentry (kind, record_id, action, changes, origin, run)
SELECT {kind}, r.id, 'updated', x.changes, 'pull', {run}
  FROM decided d JOIN {table} r ON r.id = d.record_id
 CROSS JOIN LATERAL (SELECT lockstep_changes(d.before, to_jsonb(r)) AS changes OFFSET 0) x
 WHERE x.changes <> '{{}}'"""

UPDATE_LINKS = """
UPDATE integrations_recordlink l
   SET base = {base}, match_key = left(c.match_key, 320), waiting_for = {waiting},
       system_modstamp = c.modstamp, changed_at = now()
  FROM chunk c LEFT JOIN decided d ON d.record_id = c.record_id
 WHERE l.id = c.link_id AND c.action = 'update'"""

KEEP_ASKING = """
CASE WHEN d.{asked}
     THEN {base} - {key} || CASE WHEN l.base ? {key} THEN jsonb_build_object({key}::text, l.base -> {key})
                        ELSE '{{}}' END
     ELSE {base} END"""

ASK_OF_MATCHES = """
UPDATE integrations_recordlink l SET base = l.base - array_remove(ARRAY[{asked}], NULL)
  FROM chunk c JOIN decided d ON d.record_id = c.record_id AND d.is_match
 WHERE l.connection_id = {connection} AND l.salesforce_id = c.sid AND c.action = 'match'"""

MARK_GONE = """
UPDATE integrations_recordlink l SET state = 'gone', system_modstamp = c.modstamp, changed_at = now()
  FROM chunk c WHERE l.id = c.link_id AND c.action = 'gone'"""

REPORT_UNFIT = """
INSERT INTO integrations_syncerror AS e (connection_id, source, salesforce_object, salesforce_id, kind, record_id,
       code, message, field, existing_id, held_by_us, state, attempts, run, created_at, changed_at)
SELECT {connection}, 'pull', {object}, c.sid, {kind},
       CASE c.action WHEN 'create' THEN c.new_id ELSE c.record_id END, 'VALUE_DOES_NOT_FIT',
       'Salesforce''s value of ' || u.field || ' doesn''t fit the field it is mapped to. Map it to a longer field.',
       u.field, '', true, 'open', 1, {run}, now(), now()
  FROM chunk c CROSS JOIN unnest(c.unfit) AS u(field) WHERE c.action IN ('create', 'update', 'match')
ON CONFLICT (connection_id, source, salesforce_object, salesforce_id, kind, record_id, code, field)
  WHERE NOT (state = 'closed') DO UPDATE SET attempts = e.attempts + 1, changed_at = now(), run = excluded.run"""
CLOSE_FITTING = """
UPDATE integrations_syncerror e SET state = 'closed', changed_at = now() FROM chunk c
 WHERE e.connection_id = {connection} AND e.source = 'pull' AND e.code = 'VALUE_DOES_NOT_FIT' AND e.state <> 'closed'
   AND e.salesforce_object = {object} AND e.salesforce_id = c.sid AND e.field <> ALL (c.unfit)"""

COUNT = """
SELECT count(*), count(*) FILTER (WHERE action = 'create'), count(*) FILTER (WHERE action = 'match'),
       count(*) FILTER (WHERE action = 'same'), count(*) FILTER (WHERE action = 'update'),
       count(*) FILTER (WHERE action IN ('suppress', 'suppressed')), count(*) FILTER (WHERE action = 'gone'),
       count(*) FILTER (WHERE action = 'ignore'), count(*) FILTER (WHERE action = 'suppress'),
       count(*) FILTER (WHERE link_state = 'gone' AND action IN ('create', 'match', 'suppress')),
       {converted}, {rejected}
  FROM chunk"""

LATE_PARENTS = """
CREATE TEMP TABLE decided ON COMMIT DROP AS
SELECT r.id AS record_id, to_jsonb(r) AS before, l.id AS link_id, p.record_id AS parent_id
  FROM integrations_recordlink l
  JOIN integrations_recordlink p ON p.connection_id = l.connection_id AND p.state = 'linked'
   AND p.salesforce_id = l.waiting_for ->> {key}
  JOIN crm_account a ON a.id = p.record_id
  JOIN {table} r ON r.id = l.record_id
 WHERE l.connection_id = {connection} AND l.salesforce_object = {object} AND l.state = 'linked'
   AND l.waiting_for IS NOT NULL
 ORDER BY r.id LIMIT 5000 FOR NO KEY UPDATE OF r, l"""
ADOPT_LATE_PARENTS = (
    "UPDATE {table} r SET account_id = d.parent_id FROM decided d"
    " WHERE r.id = d.record_id AND r.account_id IS NULL"
)
FORGET_LATE_PARENTS = (
    "UPDATE integrations_recordlink l SET waiting_for = NULL, changed_at = now()"
    " FROM decided d WHERE l.id = d.link_id"
)


class Statements:
    """One object's statements. Every name and value in them is quoted by psycopg."""

    def __init__(self, plan: ObjectPlan, staging: sql.Identifier) -> None:
        self.plan = plan
        self.staging = staging
        self.table = sql.Identifier(plan.model._meta.db_table)
        self.fields = plan.fields
        self.unfit = [(field, condition) for field in plan.fields if (condition := field.unfit()) is not None]

    def _fill(self, text: str, **more: sql.Composable) -> sql.Composed:
        known = {
            "table": self.table,
            "connection": sql.Literal(self.plan.connection_id),
            "object": sql.Literal(self.plan.object),
            "kind": sql.Literal(self.plan.kind),
            "run": sql.Literal(self.plan.run),
        }
        return sql.SQL(text).format(**(known | more))

    @cached_property
    def chunk(self) -> sql.Composed:
        values: list[sql.Composable] = [
            sql.SQL("{} AS {}").format(field.normalised(), field.column) for field in self.fields
        ]
        parents: list[sql.Composable] = [
            sql.SQL(", CASE WHEN f.action IN ('create', 'update') THEN {} END AS {}").format(
                field.converted(sql.SQL("f.{}").format(field.column)), field.parent_column
            )
            for field in self.fields
            if field.waits()
        ]
        if self.unfit:
            parents.append(
                sql.SQL(", array_remove(ARRAY[{}], NULL) AS unfit").format(COMMA.join(self._unfit_names()))
            )
        lead = self.plan.object == "Lead"
        return self._fill(
            CHUNK,
            staging=self.staging,
            sequence=sql.Literal(f"{self.plan.model._meta.db_table}_id_seq"),
            values=COMMA.join(values or [sql.SQL("NULL AS nothing")]),
            parents=sql.SQL("").join(parents),
            base=self._base(),
            match_key=self._match_key(),
            lead_columns=sql.SQL(
                's."IsConverted" = \'true\' AS converted, s."ConvertedContactId" AS contact,'
            )
            if lead
            else sql.SQL(""),
            suppressor=self._fill(
                SUPPRESSED_BY, converted=sql.SQL("d.converted"), contact=sql.SQL("d.contact")
            )
            if lead
            else sql.SQL("NULL"),
        )

    def _unfit_names(self) -> list[sql.Composable]:
        return [
            sql.SQL("CASE WHEN {} THEN {} END").format(condition, field.key)
            for field, condition in self.unfit
        ]

    def _base(self) -> sql.Composable:
        """Salesforce's values as the base will keep them, without those that the record can't hold."""
        pairs = [sql.SQL("{}::text, d.{}").format(field.key, field.column) for field in self.fields]
        parts = [
            sql.SQL("jsonb_build_object({})").format(COMMA.join(pairs[start : start + PAIRS_AT_ONCE]))
            for start in range(0, max(len(pairs), 1), PAIRS_AT_ONCE)
        ]
        base = sql.SQL(" || ").join(parts)
        if not self.unfit:
            return base
        return sql.SQL("({}) - array_remove(ARRAY[{}], NULL)").format(base, COMMA.join(self._unfit_names()))

    def _match_key(self) -> sql.Composable:
        template = MATCH_KEYS.get(self.plan.object)
        names = {name: sql.Identifier(name) for name in ("Email", "Website")}
        if template is None or not any(
            name in self.plan.columns for name in names if f"{{{name}}}" in template
        ):
            return sql.SQL("''")
        return sql.SQL(template).format(**names)

    @cached_property
    def match(self) -> sql.Composed | None:
        """Adopt unlinked records of the same person or company; None where the kind isn't matched."""
        template = CANDIDATES.get(self.plan.kind)
        name = next((field.column for field in self.fields if field.target.key == "name"), None)
        if template is None or (self.plan.kind == "account" and name is None):
            return None
        candidates = self._fill(template, name=name or sql.Identifier("sid"))
        return self._fill(MATCH, candidates=candidates)

    @property
    def has_unlinked(self) -> sql.Composed:
        """Whether there is any record that could be matched."""
        return self._fill(HAS_UNLINKED)

    @property
    def locks(self) -> list[sql.Composed]:
        """Records before links, each in the order of their ids (design, *Traps*)."""
        return [self._fill(LOCK_RECORDS), self._fill(LOCK_LINKS)]

    @cached_property
    def create_records(self) -> sql.Composed:
        columns: dict[str, sql.Composable] = {}
        for field in self.fields:
            if field.target.column is not None:
                columns[field.target.column] = field.theirs()
        if custom := [field for field in self.fields if field.is_custom]:
            columns["custom"] = sql.SQL("jsonb_strip_nulls({})").format(self._custom(custom, "theirs"))
        columns |= self._derived(columns)
        for column in self.plan.model._meta.local_concrete_fields:
            default = default_literal(column)
            name = str(column.column)
            if name not in {*columns, "created_run", "hidden"} and default is not None:
                columns[name] = default
        return self._fill(
            CREATE_RECORDS,
            hidden=sql.Literal(self.plan.hidden),
            columns=COMMA.join(map(sql.Identifier, columns)),
            values=COMMA.join(columns.values()),
        )

    def _derived(self, columns: dict[str, sql.Composable]) -> dict[str, sql.Composable]:
        """An account's domain is its website's, unless it is mapped itself."""
        if self.plan.kind != "account" or "domain" in columns or "website" not in columns:
            return {}
        return {"domain": sql.SQL("coalesce(lockstep_domain({}), '')").format(columns["website"])}

    def _custom(self, fields: list[PulledField], value: str) -> sql.Composable:
        pairs = [
            sql.SQL("{}::text, {}").format(
                sql.Literal(field.custom_name),
                field.theirs() if value == "theirs" else sql.SQL("d.{}").format(_decided(field)),
            )
            for field in fields
        ]
        parts = [
            sql.SQL("jsonb_build_object({})").format(COMMA.join(pairs[start : start + PAIRS_AT_ONCE]))
            for start in range(0, len(pairs), PAIRS_AT_ONCE)
        ]
        return sql.SQL("({})").format(sql.SQL(" || ").join(parts))

    @cached_property
    def create_links(self) -> sql.Composed:
        return self._fill(CREATE_LINKS, waiting=self._waiting())

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
        values: list[sql.Composable] = [
            sql.SQL("{} AS {}").format(self._decision(field), _decided(field)) for field in self.fields
        ]
        asks = [field for field in self.fields if field.conflict == Conflict.ASK]
        values += [sql.SQL("{} AS {}").format(self._clash(field), _asked(field)) for field in asks]
        clashes: list[sql.Composable] = [
            sql.SQL("({})::int").format(self._clash(field)) for field in self.fields
        ]
        return self._fill(
            DECIDE,
            values=COMMA.join(values or [sql.SQL("NULL AS nothing")]),
            conflicts=sql.SQL(" + ").join(clashes or [sql.SQL("0")]),
        )

    def _decision(self, field: PulledField) -> sql.Composable:
        """C11 for one field: what the record's value becomes. Its pure twin: `mappings.write_rules.decide`."""
        ours, theirs = field.ours(), field.theirs()
        unfit = field.unfit()
        kept = sql.SQL("{} OR NOT ({})").format(unfit or sql.SQL("false"), self._changed_there(field))
        return sql.SQL(
            "CASE WHEN {kept} THEN {ours} WHEN {clash} THEN {winner} WHEN {here} THEN {ours} ELSE {theirs} END"
        ).format(
            kept=kept,
            clash=self._clash(field),
            winner=self._winner(field),
            here=self._changed_here(field),
            ours=ours,
            theirs=theirs,
        )

    def _changed_there(self, field: PulledField) -> sql.Composable:
        """Theirs is not the base; with no base yet, a value of theirs counts, a blank loses."""
        return sql.SQL(
            "(CASE WHEN l.base ? {key} THEN c.{n} IS DISTINCT FROM l.base ->> {key} ELSE c.{n} IS NOT NULL END)"
        ).format(key=field.key, n=field.column)

    def _changed_here(self, field: PulledField) -> sql.Composable:
        """Ours is not the base as converted to the workspace; with no base yet, a value of ours counts."""
        base = field.converted(sql.SQL("(l.base ->> {})").format(field.key))
        return sql.SQL(
            "(CASE WHEN l.base ? {key} THEN {ours} IS DISTINCT FROM {base} ELSE NOT {blank} END)"
        ).format(key=field.key, ours=field.ours(), base=base, blank=field.is_blank(field.ours()))

    def _clash(self, field: PulledField) -> sql.Composable:
        """Changed on both sides, to different values."""
        return sql.SQL("({} AND {} AND {} IS DISTINCT FROM {})").format(
            self._changed_there(field), self._changed_here(field), field.ours(), field.theirs()
        )

    def _winner(self, field: PulledField) -> sql.Composable:
        if field.conflict == Conflict.SALESFORCE:
            return field.theirs()
        if field.conflict in (Conflict.WORKSPACE, Conflict.ASK):
            return field.ours()
        edited = self._fill(
            "(SELECT max(j.at) FROM crm_journalentry j WHERE j.kind = {kind} AND j.record_id = r.id"
            " AND j.changes ? {path} AND j.origin <> 'pull')",
            path=sql.Literal(field.target.key),
        )
        return sql.SQL("CASE WHEN c.modified >= coalesce({}, '-infinity') THEN {} ELSE {} END").format(
            edited, field.theirs(), field.ours()
        )

    @cached_property
    def update_records(self) -> sql.Composed | None:
        """Write what was decided; None where no field is mapped."""
        values = {
            f.target.column or "": sql.SQL("d.{}").format(_decided(f)) for f in self.fields if not f.is_custom
        }
        if custom := [field for field in self.fields if field.is_custom]:
            values["custom"] = sql.SQL("jsonb_strip_nulls(r.custom || {})").format(
                self._custom(custom, "decided")
            )
        if self.plan.kind == "account" and "website" in values and "domain" not in values:
            values["domain"] = sql.SQL(
                "CASE WHEN r.website IS DISTINCT FROM {} THEN coalesce(lockstep_domain({}), r.domain) ELSE r.domain END"
            ).format(values["website"], values["website"])
        if not values:
            return None
        pairs = [(sql.Identifier(column), value) for column, value in values.items()]
        return self._fill(
            UPDATE_RECORDS,
            assignments=COMMA.join(sql.SQL("{} = {}").format(*pair) for pair in pairs),
            differs=sql.SQL(" OR ").join(sql.SQL("r.{} IS DISTINCT FROM {}").format(*pair) for pair in pairs),
        )

    @cached_property
    def journal(self) -> sql.Composed:
        return self._fill(JOURNAL)

    @cached_property
    def update_links(self) -> sql.Composed:
        """The base becomes what Salesforce holds, but for a field that asks: it goes on differing."""
        base: sql.Composable = sql.SQL("c.base")
        for field in self.fields:
            if field.conflict == Conflict.ASK:
                base = sql.SQL(KEEP_ASKING).format(asked=_asked(field), base=base, key=field.key)
        return self._fill(UPDATE_LINKS, base=base, waiting=self._waiting())

    @property
    def ask_of_matches(self) -> sql.Composed | None:
        """No value is agreed yet of a field that asks; None where none does."""
        asked = [
            sql.SQL("CASE WHEN d.{} THEN {} END").format(_asked(field), field.key)
            for field in self.fields
            if field.conflict == Conflict.ASK
        ]
        return self._fill(ASK_OF_MATCHES, asked=COMMA.join(asked)) if asked else None

    @cached_property
    def mark_gone(self) -> sql.Composed:
        return self._fill(MARK_GONE)

    @property
    def report_unfit(self) -> list[sql.Composed]:
        return [self._fill(CLOSE_FITTING), self._fill(REPORT_UNFIT)] if self.unfit else []

    @cached_property
    def count(self) -> sql.Composed:
        rejected = "count(*) FILTER (WHERE cardinality(unfit) > 0)" if self.unfit else "0"
        converted = "count(*) FILTER (WHERE action = 'suppress' AND converted)"
        lead = self.plan.object == "Lead"
        return self._fill(COUNT, rejected=sql.SQL(rejected), converted=sql.SQL(converted if lead else "0"))

    @property
    def late_parents(self) -> list[sql.Composed]:
        """Give records their account that came after them; the first statement says how many."""
        waiting = [field for field in self.fields if field.waits()]
        if not waiting:
            return []
        return [
            self._fill(LATE_PARENTS, key=waiting[0].key),
            self._fill(ADOPT_LATE_PARENTS),
            self._fill(JOURNAL),
            self._fill(FORGET_LATE_PARENTS),
        ]


def _decided(field: PulledField) -> sql.Identifier:
    return sql.Identifier(f"v{field.place}")


def _asked(field: PulledField) -> sql.Identifier:
    return sql.Identifier(f"ask{field.place}")
