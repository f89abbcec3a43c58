-- Objects of the whole database whose definition is a known hazard: rule, object, detail, identity.
-- Taken before and after a script, the identities that came are what the script brought: the name of
-- a table may be another one by then.

-- Foreign keys whose columns no valid, complete index begins with. Who looks for a key looks for no
-- NULL: an index without those rows is complete for him.
SELECT 'unindexed-foreign-key',
       'foreign key ' || quote_ident(k.conname) || ' of ' || k.conrelid::regclass::text,
       pg_catalog.pg_get_constraintdef(k.oid),
       k.oid::text
FROM pg_catalog.pg_constraint AS k
WHERE k.contype = 'f'
  AND k.conparentid = 0
  AND NOT EXISTS (
    SELECT
    FROM pg_catalog.pg_index AS i
    WHERE i.indrelid = k.conrelid
      AND i.indisvalid
      AND (
        i.indpred IS NULL
        OR string_to_array(btrim(pg_catalog.pg_get_expr(i.indpred, i.indrelid), '()'), ') AND (')
          <@ ARRAY(
            SELECT quote_ident(a.attname) || ' IS NOT NULL'
            FROM pg_catalog.pg_attribute AS a
            WHERE a.attrelid = k.conrelid
              AND a.attnum = ANY (k.conkey)
          )
      )
      AND i.indnkeyatts >= cardinality(k.conkey)
      AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
  )
UNION ALL
-- Columns of type json; serial columns. Those that a partition inherits are its parent's.
SELECT CASE WHEN a.atttypid = 'json'::regtype THEN 'json-column' ELSE 'serial-column' END,
       'column ' || c.oid::regclass::text || '.' || quote_ident(a.attname),
       pg_catalog.format_type(a.atttypid, a.atttypmod),
       a.attrelid || '.' || a.attnum
FROM pg_catalog.pg_attribute AS a
JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
WHERE c.oid >= 16384
  AND c.relkind IN ('r', 'p')
  AND a.attnum > 0
  AND NOT a.attisdropped
  AND a.attinhcount = 0
  AND (
    a.atttypid = 'json'::regtype
    OR (a.attidentity = '' AND EXISTS (
      SELECT
      FROM pg_catalog.pg_depend AS d
      JOIN pg_catalog.pg_class AS s ON s.oid = d.objid AND s.relkind = 'S'
      WHERE d.classid = 'pg_class'::regclass
        AND d.refclassid = 'pg_class'::regclass
        AND d.refobjid = a.attrelid
        AND d.refobjsubid = a.attnum
        AND d.deptype = 'a'
    ))
  )
UNION ALL
SELECT 'enum-type',
       'type ' || t.oid::regtype::text,
       (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
        FROM pg_catalog.pg_enum AS e
        WHERE e.enumtypid = t.oid),
       t.oid || ' with ' || (SELECT count(*)
                             FROM pg_catalog.pg_enum AS e
                             WHERE e.enumtypid = t.oid)
FROM pg_catalog.pg_type AS t
WHERE t.typtype = 'e'
  AND t.oid >= 16384
UNION ALL
-- Routines that run with their owner's rights, and the path in which they look for names. pg_temp
-- is searched first unless it is named; an empty path is for routines that qualify every name.
SELECT CASE WHEN s.names[1] = 'pg_catalog' AND p.prosrc ~* '\mcreate\M'
            THEN 'security-definer-catalog-first'
            ELSE 'security-definer-search-path' END,
       'routine ' || p.oid::regprocedure::text,
       CASE WHEN s.path IS NULL THEN 'search_path is the caller''s'
            ELSE 'search_path = ' || s.path END
         || ' [' || left(md5(pg_catalog.pg_get_functiondef(p.oid)), 8) || ']',
       p.oid || ' ' || md5(pg_catalog.pg_get_functiondef(p.oid))
FROM pg_catalog.pg_proc AS p
LEFT JOIN LATERAL (
  SELECT substr(setting, 13) AS path,
         string_to_array(translate(substr(setting, 13), ' "', ''), ',') AS names
  FROM unnest(p.proconfig) AS setting
  WHERE setting LIKE 'search_path=%'
) AS s ON true
WHERE p.prosecdef
  AND p.oid >= 16384
  AND p.prokind IN ('f', 'p')
  AND (s.path IS NULL
       OR (s.names[1] = 'pg_catalog' AND p.prosrc ~* '\mcreate\M')
       OR (s.names[cardinality(s.names)] <> 'pg_temp' AND s.names <> '{""}'))
  AND NOT EXISTS (
    SELECT
    FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_proc'::regclass
      AND d.objid = p.oid
      AND d.deptype = 'e'
  )
