SELECT
    'index' AS kind,
    format('%I.%I', n.nspname, c.relname) AS name,
    jsonb_build_array(jsonb_build_array(
        CASE WHEN r.relkind = 'm' THEN 'materialized view' ELSE 'table' END, r.oid::regclass::text
    ))
    || CASE WHEN h.inhparent IS NULL THEN '[]'::jsonb
            ELSE jsonb_build_array(jsonb_build_array('index', h.inhparent::regclass::text)) END
    || CASE WHEN k.oid IS NULL THEN '[]'::jsonb
            ELSE jsonb_build_array(jsonb_build_array(
                'constraint', format('%s.%I', k.conrelid::regclass, k.conname)
            )) END AS part_of,
    jsonb_build_object(
        'table', r.oid::regclass::text,
        'definition', pg_get_indexdef(c.oid),
        'valid', i.indisvalid,
        'ready', i.indisready,
        'live', i.indislive,
        'unique', i.indisunique,
        'primary', i.indisprimary,
        'immediate', i.indimmediate,
        'clustered', i.indisclustered,
        'replica_identity', i.indisreplident,
        'predicate', pg_get_expr(i.indpred, i.indrelid),
        'parent', h.inhparent::regclass::text,
        'constraint', k.conname,
        'tablespace', s.spcname,
        'options', ARRAY(SELECT o FROM unnest(c.reloptions) AS o ORDER BY o COLLATE "C"),
        'statistics_targets', (
            SELECT jsonb_object_agg(a.attnum, a.attstattarget) FROM pg_attribute a
            WHERE a.attrelid = c.oid AND a.attstattarget >= 0
        ),
        'comment', obj_description(c.oid, 'pg_class')
    ) AS attributes
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class r ON r.oid = i.indrelid
LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
LEFT JOIN pg_inherits h ON h.inhrelid = c.oid
LEFT JOIN pg_constraint k ON k.conindid = c.oid AND k.contype IN ('p', 'u', 'x')
WHERE c.oid >= 16384
  AND n.nspname !~ '^pg_(toast|temp)'
  AND NOT EXISTS (
      SELECT FROM pg_depend d
      WHERE d.classid = 'pg_class'::regclass AND d.objid IN (c.oid, r.oid) AND d.deptype = 'e'
  )
