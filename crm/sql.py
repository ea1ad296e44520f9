"""SQL functions that triggers, indexes and the pull share. Installed by migrations, in `lockstep_*` names."""

CHANGES = """
CREATE FUNCTION lockstep_field(column_name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN regexp_replace(column_name, '_id$', '');

CREATE FUNCTION lockstep_changes(before jsonb, after jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(jsonb_object_agg(field, jsonb_build_array(o, n)), '{}') FROM (
    SELECT lockstep_field(coalesce(b.key, a.key)) AS field, b.value AS o, a.value AS n
      FROM jsonb_each(before - '{id,search,hidden,created_run,created_at,custom}'::text[]) b
      FULL JOIN jsonb_each(after - '{id,search,hidden,created_run,created_at,custom}'::text[]) a USING (key)
    UNION ALL
    SELECT 'custom.' || coalesce(b.key, a.key), b.value, a.value
      FROM jsonb_each(before -> 'custom') b FULL JOIN jsonb_each(after -> 'custom') a USING (key)
  ) AS pairs
  WHERE coalesce(o, 'null') IS DISTINCT FROM coalesce(n, 'null')
    AND NOT (coalesce(o, 'null') IN ('null', '""') AND coalesce(n, 'null') IN ('null', '""'))
$$;

CREATE FUNCTION lockstep_setting(setting text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE RETURN nullif(current_setting('lockstep.' || setting, true), '');
"""
CHANGES_UNDO = """
DROP FUNCTION lockstep_setting(text);
DROP FUNCTION lockstep_changes(jsonb, jsonb);
DROP FUNCTION lockstep_field(text);
"""

JOURNAL = """
CREATE FUNCTION lockstep_journal(kind text, record bigint, action text, before jsonb, after jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE changed jsonb := lockstep_changes(before, after);
BEGIN
  IF action = 'updated' AND changed = '{}' THEN RETURN; END IF;
  INSERT INTO crm_journalentry (kind, record_id, action, changes, actor_id, origin, run)
  VALUES (kind, record, action, changed, lockstep_setting('actor')::bigint,
          coalesce(lockstep_setting('origin'), 'unknown (SQL)'), lockstep_setting('run')::bigint);
END
$$;
"""
JOURNAL_UNDO = "DROP FUNCTION lockstep_journal(text, bigint, text, jsonb, jsonb);"

TRUNCATE_GUARD = """
CREATE FUNCTION lockstep_refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF lockstep_setting('allow_truncate') = 'on' THEN RETURN NULL; END IF;
  RAISE EXCEPTION 'TRUNCATE of % is refused: it would go unjournaled. Delete rows instead.', TG_TABLE_NAME;
END
$$;
"""
TRUNCATE_GUARD_UNDO = "DROP FUNCTION lockstep_refuse_truncate();"

GUARDED_TABLES = ("crm_account", "crm_contact", "crm_deal", "crm_contactrole")
GUARD_TABLES = "\n".join(
    f"CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION lockstep_refuse_truncate();"
    for table in GUARDED_TABLES
)
UNGUARD_TABLES = "\n".join(f"DROP TRIGGER refuse_truncate ON {table};" for table in GUARDED_TABLES)

DOMAIN = r"""
CREATE FUNCTION lockstep_domain(address text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT array_to_string(labels[size - suffix : size], '.') FROM (
    SELECT labels, size,
           coalesce(max(k - 1) FILTER (WHERE p.rule LIKE '!%'), max(k) FILTER (WHERE p.rule IS NOT NULL), 1) AS suffix
      FROM (SELECT string_to_array(host, '.') AS labels, array_length(string_to_array(host, '.'), 1) AS size
              FROM (SELECT rtrim(lower(substring(btrim(address) FROM
                     '^(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?:[^/?#\s]*@)?([^/:?#\s@]+)')), '.') AS host OFFSET 0) h
             WHERE length(host) <= 253 AND host ~ '^[^.]+(\.[^.]+)+$' AND host !~ '^[0-9.]+$') parts
     CROSS JOIN LATERAL generate_series(1, size) k
      LEFT JOIN crm_publicsuffix p ON p.rule IN (
           array_to_string(labels[size - k + 1 : size], '.'),
           '!' || array_to_string(labels[size - k + 1 : size], '.'),
           '*.' || array_to_string(labels[size - k + 2 : size], '.'))
     GROUP BY labels, size
  ) found WHERE size > suffix
$$;
"""
"""The registrable domain of a web address, host or e-mail; NULL where there is none (C5, C7)."""
DOMAIN_UNDO = "DROP FUNCTION lockstep_domain(text);"

COMPANY = r"""
CREATE FUNCTION lockstep_company(name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT nullif(regexp_replace(
    btrim(regexp_replace(lower(translate(name, '.''’', '')), '[[:punct:][:space:]]+', ' ', 'g')),
    '( (inc|incorporated|corp|corporation|co|company|llc|llp|lp|ltd|limited|plc|pty|pte|pvt|gmbh|mbh|ag|kg|kgaa|ohg|ug'
    '|sa|sas|sarl|srl|spa|sl|slu|bv|nv|oy|oyj|ab|as|asa|aps|se|sro|kft|zrt|kk|ltda))+$', ''), '')
$$;
"""
"""A company's name regardless of case, punctuation and legal form; NULL where nothing is left (C5)."""
COMPANY_UNDO = "DROP FUNCTION lockstep_company(text);"
