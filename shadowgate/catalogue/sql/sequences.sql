SELECT
    'sequence' AS kind,
    format('%I.%I', n.nspname, c.relname) AS name,
    CASE WHEN o.refobjid IS NULL THEN '[]'::jsonb ELSE jsonb_build_array(
        jsonb_build_array('table', o.refobjid::regclass::text),
        jsonb_build_array('column', format('%s.%I', o.refobjid::regclass, a.attname))
    ) END AS part_of,
    jsonb_build_object(
        'type', format_type(s.seqtypid, NULL),
        'start', s.seqstart,
        'increment', s.seqincrement,
        'minimum', s.seqmin,
        'maximum', s.seqmax,
        'cache', s.seqcache,
        'cycle', s.seqcycle,
        'persistence', CASE c.relpersistence WHEN 'p' THEN 'permanent' WHEN 'u' THEN 'unlogged' END,
        'owned_by', CASE WHEN o.refobjid IS NOT NULL
                         THEN format('%s.%I', o.refobjid::regclass, a.attname) END,
        'owner', c.relowner::regrole::text,
        'privileges', ARRAY(
            SELECT item::text
            FROM unnest(coalesce(c.relacl, acldefault('s', c.relowner))) AS item
            ORDER BY item::text COLLATE "C"
        ),
        'comment', obj_description(c.oid, 'pg_class')
    ) AS attributes
FROM pg_sequence s
JOIN pg_class c ON c.oid = s.seqrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_depend o
    ON o.classid = 'pg_class'::regclass AND o.objid = c.oid AND o.objsubid = 0
    AND o.refclassid = 'pg_class'::regclass AND o.refobjsubid > 0 AND o.deptype IN ('a', 'i')
LEFT JOIN pg_attribute a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid
WHERE c.oid >= 16384
  AND n.nspname !~ '^pg_temp'
  AND NOT EXISTS (
      SELECT FROM pg_depend d
      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  )
