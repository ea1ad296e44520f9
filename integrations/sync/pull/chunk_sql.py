"""The SQL of a chunk, with a place for what `statements` compiles from the plan.

`chunk` is a temporary table with a row per Salesforce record: `sid`, `modstamp`, `asked_at`, `action`, Salesforce's
normalised values `n0…`, the records here that its references point to `p0…`, the new `base`, the link as
found. `decided` holds, for the rows that meet a record, what each field becomes.
"""

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
            AND k.match_key = d.match_key AND k.match_key <> '' ORDER BY k.salesforce_id COLLATE "C" LIMIT 1)
  END"""
"""C4: the contact of the same person; of several the oldest, as Salesforce hands its ids out in order. A
converted lead is never pulled.

Here and below, `<> ''` lets the planner use an index that leaves blanks out; `+ 0` keeps it from walking
through all links of the connection."""

CHUNK = """
CREATE TEMP TABLE chunk ON COMMIT DROP AS
SELECT f.sid, f.asked_at, f.modstamp, f.modified, f.deleted, f.master, f.match_key, f.base, f.suppressor, f.link_id,
       f.link_state, f.link_outside, f.record_id, f.seen, f.known_as, f.stand_in, f.action, {kept},
       CASE WHEN f.action = 'create' THEN nextval({sequence}) END AS new_id{parents}
  FROM (
    SELECT e.*, CASE
        WHEN e.seen > e.modstamp AND e.link_state IN ('linked', 'gone')
          THEN CASE e.link_state WHEN 'linked' THEN 'same' ELSE 'ignore' END
        WHEN e.deleted THEN CASE WHEN e.link_state = 'linked' THEN 'gone'
                                 WHEN e.link_state = 'gone' AND e.seen IS NULL THEN 'known gone'
                                 WHEN e.link_state = 'suppressed' THEN 'ended'
                                 ELSE 'ignore' END
        WHEN e.link_state = 'linked' AND e.suppressor IS NOT NULL THEN 'fold'
        WHEN e.link_state = 'linked' AND {agreed} = e.base AND e.known_as = left(e.match_key, 320) THEN 'same'
        WHEN e.link_state = 'linked' THEN 'update'
        WHEN e.link_state = 'suppressed' AND e.suppressor = e.stand_in THEN 'suppressed'
        WHEN e.link_state = 'tombstone' THEN 'ignore'
        WHEN e.suppressor IS NOT NULL THEN 'suppress'
        ELSE 'create' END AS action
      FROM (
        SELECT d.*, {base} AS base, {suppressor}::text AS suppressor,
               l.id AS link_id, l.state AS link_state, l.outside AS link_outside, l.record_id, l.base AS agreed,
               l.system_modstamp AS seen,
               l.match_key AS known_as, l.suppressed_by AS stand_in
          FROM (
            SELECT DISTINCT ON (s."Id") s."Id" AS sid, s.asked_at, s."SystemModstamp"::timestamptz AS modstamp,
                   s."LastModifiedDate"::timestamptz AS modified, s."IsDeleted" = 'true' AS deleted, {master} AS master,
                   {match_key} AS match_key, {lead_columns} {values}
              FROM {staging} s WHERE s.seq > {first} AND s.seq <= {until} ORDER BY s."Id", s.seq DESC
          ) d
          LEFT JOIN LATERAL (
            SELECT k.id, k.state, k.outside, k.record_id, k.base, k.system_modstamp, k.match_key, k.suppressed_by
              FROM integrations_recordlink k
             WHERE k.connection_id = {connection} AND k.salesforce_id = d.sid OFFSET 0
          ) l ON true
        OFFSET 0
      ) e
    OFFSET 0
  ) f"""

ON_ITS_WAY = (
    "EXISTS (SELECT 1 FROM integrations_outboxentry o WHERE o.kind = {{kind}} AND o.record_id = {record}"
    " AND o.state IN ('in_flight', 'unknown') OFFSET 0)"
)
"""What we sent of the record is not answered yet."""

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
MATCHABLE = f"{UNLINKED} AND {{alive}} AND NOT {ON_ITS_WAY.format(record='r.id')}"
"""What is on its way to Salesforce becomes a record of its own there; what was merged away is none any more."""
CANDIDATES = {
    "contact": (
        "SELECT r.id FROM crm_contact r WHERE c.match_key <> '' AND lower(r.email) = c.match_key"
        f" AND r.email <> '' AND {MATCHABLE} ORDER BY r.id LIMIT 1"
    ),
    "account": (
        "SELECT r.id FROM crm_account r WHERE ((c.match_key <> '' AND r.domain = c.match_key AND r.domain <> '')"
        f" OR lower(r.name) = lower(c.{{name}})) AND {MATCHABLE}"
        " ORDER BY (r.domain = c.match_key AND c.match_key <> '') DESC, r.id LIMIT 1"
    ),
    "contact_role": (
        f"SELECT r.id FROM crm_contactrole r WHERE r.contact_id = c.p1 AND r.deal_id = c.p0 AND {MATCHABLE}"
        " ORDER BY r.id LIMIT 1"
    ),
}
"""C6: the same e-mail; the same domain, then name; the same person in the same deal. A deal is never matched."""

HAS_UNLINKED = f"SELECT EXISTS (SELECT 1 FROM {{table}} r WHERE {UNLINKED})"

LOCK_RECORDS = """
SELECT r.id FROM {table} r
 WHERE r.id IN (SELECT record_id FROM chunk WHERE action IN ('update', 'match', 'fold', 'take over', 'freeze', 'thaw'))
 ORDER BY r.id FOR NO KEY UPDATE"""
LOCK_LINKS = """
SELECT l.id FROM integrations_recordlink l
 WHERE l.id IN (SELECT link_id FROM chunk WHERE action IN
                ('update', 'gone', 'known gone', 'ended', 'fold', 'freeze', 'thaw'))
 ORDER BY l.id FOR NO KEY UPDATE"""

LEAVE_STALE = f"""
UPDATE chunk c SET action = 'stale' FROM integrations_recordlink l
 WHERE l.id = c.link_id AND c.action NOT IN ('same', 'suppressed', 'ignore', 'stale')
   AND (l.pushed_at >= c.asked_at AND c.modstamp < l.pushed_at OR {ON_ITS_WAY.format(record="l.record_id")}
        OR l.record_id <> c.record_id AND c.action IN ('update', 'gone'))"""
"""What was read before our last write was answered says nothing of what Salesforce holds now (*Traps*), unless
it was written there surely after it. A record that was merged here until it was locked is judged anew."""
LET_WAIT = "UPDATE chunk SET action = 'stale' WHERE link_id IS NULL AND sid = ANY (%s)"
"""What may be a create of ours, while that can't be decided (C6)."""
STALE_FROM = """
SELECT min(modstamp) FROM chunk
 WHERE action = 'stale' AND (link_id IS NULL OR deleted)"""
"""What can't be asked for by its id next time (`rereading`): nothing here knows it, or Salesforce shows it no more."""

CREATE_LOST_MATCHES = f"""
UPDATE chunk c SET action = 'create', record_id = NULL, new_id = nextval({{sequence}})
 WHERE c.action = 'match' AND NOT EXISTS (SELECT 1 FROM {{table}} r WHERE r.id = c.record_id AND {MATCHABLE})"""
"""A record deleted, linked or sent between being found and being locked."""

CREATE_RECORDS = """
INSERT INTO {table} (id, {columns})
SELECT c.new_id, {values} FROM chunk c WHERE c.action = 'create'"""

CREATE_LINKS = """
INSERT INTO integrations_recordlink AS l (connection_id, salesforce_object, salesforce_id, kind, record_id,
       state, suppressed_by, base, match_key, waiting_for, system_modstamp, linked_run, outside)
SELECT {connection}, {object}, c.sid, {kind}, CASE c.action WHEN 'create' THEN c.new_id ELSE c.record_id END,
       CASE c.action WHEN 'suppress' THEN 'suppressed' ELSE 'linked' END, coalesce(c.suppressor, ''),
       c.base, left(c.match_key, 320), {waiting}, c.modstamp, {run}, {outside}
  FROM chunk c WHERE c.action IN ('create', 'match', 'suppress') AND """
NEW_LINKS = f"{CREATE_LINKS} c.link_id IS NULL"
"""One that came since the chunk looked, such as a push's, is met when the chunk is tried again."""
LINKS_AGAIN = f"""{CREATE_LINKS} c.link_id IS NOT NULL
ON CONFLICT (connection_id, salesforce_id) DO UPDATE
   SET record_id = excluded.record_id, state = excluded.state, suppressed_by = excluded.suppressed_by,
       base = excluded.base, match_key = excluded.match_key, waiting_for = excluded.waiting_for,
       system_modstamp = excluded.system_modstamp, linked_run = excluded.linked_run, outside = excluded.outside,
       matched_account = NULL, changed_at = now()"""
"""Undeleted there, or no longer left out, or left out from now on."""

DECIDE = """
CREATE TEMP TABLE decided ON COMMIT DROP AS
SELECT r.id AS record_id, c.action = 'match' AS is_match, {values}, {conflicts} AS conflicts
  FROM chunk c
  LEFT JOIN integrations_recordlink l ON l.id = c.link_id AND c.action = 'update'
  JOIN {table} r ON r.id = coalesce(l.record_id, c.record_id)
 WHERE c.action IN ('update', 'match')"""

NOTE_CONFLICTS = """
WITH found AS (
  SELECT r.id AS record_id, c.sid, c.modified, x.*
    FROM chunk c
    LEFT JOIN integrations_recordlink l ON l.id = c.link_id AND c.action = 'update'
    JOIN {table} r ON r.id = coalesce(l.record_id, c.record_id)
    JOIN decided d ON d.record_id = r.id AND d.conflicts > 0
   CROSS JOIN LATERAL (VALUES {fields})
      AS x (clash, field, salesforce_field, rule, winner, ours, theirs, value, base)
   WHERE c.action IN ('update', 'match') AND x.clash
), answered AS (
  UPDATE integrations_fieldconflict q
     SET ours = f.ours, theirs = f.theirs, salesforce_value = f.value, base = f.base, theirs_at = f.modified,
         rule = f.rule, winner = f.winner, state = 'settled', settled_at = now(), run = {run}::bigint
    FROM found f
   WHERE q.connection_id = {connection} AND q.salesforce_id = f.sid AND q.field = f.field AND q.state = 'open'
     AND f.winner <> '' RETURNING q.salesforce_id, q.field
)
INSERT INTO integrations_fieldconflict AS q (connection_id, kind, record_id, salesforce_object, salesforce_id, field,
       salesforce_field, rule, ours, theirs, salesforce_value, base, theirs_at, winner, state, settled_at, run)
SELECT {connection}, {kind}, record_id, {object}, sid, field, salesforce_field, rule, ours, theirs, value, base,
       modified, winner, CASE winner WHEN '' THEN 'open' ELSE 'settled' END, CASE WHEN winner <> '' THEN now() END,
       {run}::bigint
  FROM found WHERE (sid, field) NOT IN (SELECT salesforce_id, field FROM answered)
ON CONFLICT (connection_id, salesforce_id, field) WHERE state = 'open' DO UPDATE
   SET kind = excluded.kind, record_id = excluded.record_id, ours = excluded.ours, theirs = excluded.theirs,
       salesforce_value = excluded.salesforce_value, base = excluded.base, theirs_at = excluded.theirs_at,
       salesforce_field = excluded.salesforce_field, run = excluded.run"""
"""Before anything is written: what a rule decides is settled, what asks is an open question.

A question that was open when the rule was changed is answered by the rule."""
CONFLICTING = "({clash}, {path}, {key}, {rule}, {winner}, {ours}, {theirs}, c.{n}, l.base ->> {key})"

HAS_QUESTIONS = """
SELECT EXISTS (SELECT 1 FROM integrations_fieldconflict q
 WHERE q.connection_id = {connection} AND q.salesforce_object = {object} AND q.state = 'open')"""
CLOSE_QUESTIONS = """
UPDATE integrations_fieldconflict q
   SET state = 'settled', settled_at = now(), run = {run}::bigint,
       winner = CASE WHEN r.id IS NULL OR lockstep_value(to_jsonb(r), q.field) IS NOT DISTINCT FROM q.ours
                     THEN 'workspace' ELSE 'salesforce' END
  FROM chunk c
  JOIN integrations_recordlink l ON l.connection_id = {connection} AND l.salesforce_id = c.sid
  LEFT JOIN {table} r ON r.id = l.record_id
 WHERE q.connection_id = {connection} AND q.salesforce_id = c.sid AND q.state = 'open'
   AND c.action NOT IN ('ignore', 'stale') AND coalesce(c.seen <= c.modstamp, true)
   AND (c.deleted OR l.base -> q.salesforce_field IS NOT DISTINCT FROM c.base -> q.salesforce_field)"""
"""After the links: only a field that asks keeps another base than what Salesforce holds."""

UPDATE_RECORDS = """
WITH written AS (
  UPDATE {table} r SET {assignments} FROM decided d
   WHERE r.id = d.record_id AND ({differs}) RETURNING r.id, d.is_match, {changes} AS changes
), noted AS (
  INSERT INTO crm_journalentry (kind, record_id, action, changes, origin, run)
  SELECT {kind}, id, 'updated', changes, 'pull', {run} FROM written WHERE changes <> '{{}}')
SELECT count(*) FROM written WHERE NOT is_match"""

UPDATE_LINKS = """
UPDATE integrations_recordlink l
   SET base = {base}, match_key = left(c.match_key, 320), waiting_for = {waiting},
       system_modstamp = c.modstamp, changed_at = now()
  FROM chunk c {asked}
 WHERE l.id = c.link_id AND c.action = 'update'"""
ASKED = "LEFT JOIN decided d ON d.record_id = c.record_id"

KEEP_ASKING = """
CASE WHEN d.{asked}
     THEN {base} - {key} || CASE WHEN l.base ? {key} THEN jsonb_build_object({key}::text, l.base -> {key})
                        ELSE '{{}}' END
     ELSE {base} END"""

KEEP_PUSHED = """
(SELECT coalesce(jsonb_object_agg(k.key, k.value), '{{}}') FROM jsonb_each(l.base) k WHERE k.key = ANY ({pushed}))
 || {base}"""
"""What only goes out is agreed by pushes; a pull keeps it as it is."""

ASK_OF_MATCHES = """
UPDATE integrations_recordlink l SET base = l.base - array_remove(ARRAY[{asked}], NULL)
  FROM chunk c JOIN decided d ON d.record_id = c.record_id AND d.is_match
 WHERE l.connection_id = {connection} AND l.salesforce_id = c.sid AND c.action = 'match'"""

MARK_GONE = """
UPDATE integrations_recordlink l
   SET state = 'gone', system_modstamp = c.modstamp, changed_at = now(),
       suppressed_by = CASE WHEN {mirrors} THEN c.master ELSE '' END
  FROM chunk c WHERE l.id = c.link_id AND c.action IN ('gone', 'known gone')"""
"""A push may have met it before: that a link is gone since then, the pull has yet to see."""
END_LEFT_OUT = """
UPDATE integrations_recordlink l
   SET state = 'gone', record_id = NULL, system_modstamp = c.modstamp, changed_at = now(),
       suppressed_by = CASE WHEN {mirrors} THEN c.master ELSE '' END
  FROM chunk c WHERE l.id = c.link_id AND c.action = 'ended' AND l.state = 'suppressed'"""
"""What was left out has no record of its own to keep; undeleted, it is judged as if it were new. What was merged there
is a step between those merged into it and the last one."""
KEEP_ALONE = """
UPDATE chunk c SET action = 'ignore'
 WHERE c.action = 'ended' AND EXISTS (SELECT 1 FROM {table} r WHERE r.id = c.record_id)
   AND NOT EXISTS (SELECT 1 FROM integrations_recordlink o WHERE o.connection_id = {connection} AND o.kind = {kind}
                      AND o.record_id = c.record_id AND o.id <> c.link_id)"""
"""The person of a lead that was converted to a contact nobody shows us waits for it all the same."""
SEE_SKIPPED = """
UPDATE integrations_recordlink l SET system_modstamp = c.modstamp
  FROM chunk c WHERE l.id = c.link_id AND c.action = 'ignore' AND c.deleted AND l.state = 'tombstone'"""
"""A delete that is read again isn't counted again."""

NOTE_REMOVALS = """
INSERT INTO integrations_syncerror (connection_id, source, salesforce_object, salesforce_id, kind, record_id,
       code, message, field, existing_id, held_by_us, state, attempts, run, created_at, changed_at)
SELECT {connection}, 'pull', {object}, c.sid, {kind}, c.record_id, 'MASS_DELETE_THERE', '', '', '', true, 'retrying',
       0, {run}, now(), now()
  FROM chunk c WHERE c.action IN ('gone', 'known gone') AND c.master = ''
   AND EXISTS (SELECT 1 FROM {table} r WHERE r.id = c.record_id)
ON CONFLICT DO NOTHING"""
"""What was deleted here first needs nobody's yes."""
FORGET_REMOVALS = """
UPDATE integrations_syncerror e SET state = 'closed', changed_at = now() FROM chunk c
 WHERE e.connection_id = {connection} AND e.source = 'pull' AND e.code = 'MASS_DELETE_THERE' AND e.state <> 'closed'
   AND e.salesforce_object = {object} AND e.salesforce_id = c.sid AND NOT c.deleted AND c.action <> 'stale'"""
"""What was undeleted there before anybody said yes stays here."""

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
   AND e.salesforce_object = {object} AND e.salesforce_id = c.sid
   AND c.action <> 'stale' AND e.field <> ALL (c.unfit)"""

COUNT = """
SELECT count(*), count(*) FILTER (WHERE action = 'create'), count(*) FILTER (WHERE action = 'match'),
       count(*) FILTER (WHERE action = 'same'), count(*) FILTER (WHERE action = 'update'),
       count(*) FILTER (WHERE action IN ('suppress', 'suppressed', 'fold')), count(*) FILTER (WHERE action = 'gone'),
       count(*) FILTER (WHERE action IN ('ignore', 'known gone', 'ended')),
       count(*) FILTER (WHERE action = 'suppress' AND link_state IS DISTINCT FROM 'suppressed'),
       count(*) FILTER (WHERE link_state = 'gone' AND action IN ('create', 'match', 'suppress', 'take over')),
       {converted}, {rejected}, count(*) FILTER (WHERE action = 'stale'),
       count(*) FILTER (WHERE action = 'known gone'), count(*) FILTER (WHERE action = 'fold'),
       count(*) FILTER (WHERE action IN ('create', 'match') AND link_state = 'suppressed'),
       count(*) FILTER (WHERE action = 'take over'),
       count(*) FILTER (WHERE action IN ('freeze', 'frozen', 'thaw')),
       count(*) FILTER (WHERE action IN ('create', 'match', 'suppress') AND link_id IS NOT NULL),
       count(*) FILTER (WHERE action = 'ended'), {skipped},
       count(*) FILTER (WHERE action IN ('create', 'match', 'suppress', 'take over')
                          AND coalesce(link_state, 'gone') = 'gone')
       - count(*) FILTER (WHERE action IN ('gone', 'ended') AND {counts}) - {skipped} {around}
  FROM chunk"""
"""The last says by how many Salesforce has more: what is new there, less what is deleted there. A link that is gone
was counted off when it went."""
SKIPPED = """
count(*) FILTER (WHERE action = 'ignore' AND deleted AND link_state = 'tombstone'
                   AND coalesce(seen < modstamp, true))"""
AROUND = """
+ count(*) FILTER (WHERE action IN ('update', 'thaw') AND link_outside <> '')
- count(*) FILTER (WHERE action = 'freeze')"""
"""A deal outside the filter counts on neither side; people and companies are known all the same."""

NEXT_WAITING = """
CREATE TEMP TABLE waiting ON COMMIT DROP AS
SELECT l.id, l.record_id, l.waiting_for ->> {key} AS parent FROM integrations_recordlink l
 WHERE l.connection_id = {connection} AND l.salesforce_object = {object} AND l.waiting_for IS NOT NULL
   AND l.state = 'linked' AND l.id > %s
 ORDER BY l.id LIMIT 5000"""
LAST_WAITING = "SELECT max(id) FROM waiting"
LATE_PARENTS = """
CREATE TEMP TABLE decided ON COMMIT DROP AS
SELECT r.id AS record_id, to_jsonb(r) AS before, l.id AS link_id, a.id AS parent_id
  FROM waiting w
  JOIN LATERAL (
    SELECT k.record_id FROM integrations_recordlink k
     WHERE k.connection_id = {connection} AND k.salesforce_id = w.parent AND k.state = 'linked' OFFSET 0
  ) p ON true
  JOIN crm_account a ON a.id = p.record_id
  JOIN {table} r ON r.id = w.record_id
  JOIN integrations_recordlink l ON l.id = w.id AND l.waiting_for ->> {key} = w.parent
 ORDER BY r.id FOR NO KEY UPDATE OF r, l"""
ADOPT_LATE_PARENTS = (
    "UPDATE {table} r SET account_id = d.parent_id FROM decided d"
    " WHERE r.id = d.record_id AND r.account_id IS NULL"
)
NOTE_LATE_PARENTS = """
INSERT INTO crm_journalentry (kind, record_id, action, changes, origin, run)
SELECT {kind}, r.id, 'updated', x.changes, 'pull', {run}
  FROM decided d JOIN {table} r ON r.id = d.record_id
 CROSS JOIN LATERAL (SELECT lockstep_changes(d.before, to_jsonb(r)) AS changes OFFSET 0) x
 WHERE x.changes <> '{{}}'"""
FORGET_LATE_PARENTS = (
    "UPDATE integrations_recordlink l SET waiting_for = NULL, changed_at = now()"
    " FROM decided d WHERE l.id = d.link_id"
)
