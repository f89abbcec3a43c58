-- Each table of users' that can have column statistics: its partitioned table if it is a partition,
-- and whether there are any. A partitioned table has those of all its partitions together, which
-- only ANALYZE takes; autovacuum never does.
SELECT
    format('%I.%I', n.nspname, c.relname) AS name,
    format('%I.%I', m.nspname, r.relname) AS root,
    c.relkind = 'r' AS only,
    EXISTS (
        SELECT FROM pg_stats s
        WHERE s.schemaname = n.nspname AND s.tablename = c.relname
          AND s.inherited = (c.relkind = 'p')
    ) AS analysed
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class r ON r.oid = coalesce(pg_partition_root(c.oid), c.oid)
JOIN pg_namespace m ON m.oid = r.relnamespace
WHERE c.relkind IN ('r', 'p', 'm')
  AND c.relispopulated
  AND c.oid >= 16384
  AND n.nspname !~ '^pg_(toast|temp)'
  AND EXISTS (
      SELECT FROM pg_attribute a
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        AND coalesce(a.attstattarget, -1) <> 0
        AND has_column_privilege(c.oid, a.attnum, 'SELECT')
  )
  AND NOT EXISTS (
      SELECT FROM pg_depend d
      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  )
ORDER BY 1
