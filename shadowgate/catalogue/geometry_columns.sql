-- Geometry and geography columns of users' tables; partitions are read through their table.
SELECT
    format('%I.%I', n.nspname, c.relname) AS table,
    a.attname::text AS column,
    t.typname = 'geography' AS geography,
    e.nspname::text AS postgis,
    c.relkind = 'r' AS only
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_depend d ON d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
JOIN pg_extension x ON x.oid = d.refobjid AND x.extname = 'postgis'
JOIN pg_namespace e ON e.oid = t.typnamespace
WHERE t.typname IN ('geometry', 'geography')
  AND c.relkind IN ('r', 'p')
  AND NOT c.relispartition
  AND a.attnum > 0
  AND NOT a.attisdropped
  AND c.oid >= 16384
  AND n.nspname !~ '^pg_(toast|temp)'
  AND NOT EXISTS (
      SELECT FROM pg_depend o
      WHERE o.classid = 'pg_class'::regclass AND o.objid = c.oid AND o.deptype = 'e'
  )
ORDER BY 1, a.attnum
