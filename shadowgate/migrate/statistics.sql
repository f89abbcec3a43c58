-- Every table and materialised view, with its columns and those that the planner has statistics of.
-- A partitioned table's own are those of the whole tree. Left out is what cannot be read here: a
-- view that was never filled, a partition on another server.
SELECT c.oid::bigint,
       CASE n.nspname WHEN 'public' THEN '' ELSE quote_ident(n.nspname) || '.' END
         || quote_ident(c.relname),
       ARRAY[n.nspname, c.relname]::text[],
       coalesce(array_agg(a.attname::text) FILTER (WHERE a.attname IS NOT NULL), '{}'),
       coalesce(array_agg(a.attname::text) FILTER (WHERE s.starelid IS NOT NULL), '{}')
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN (
    SELECT DISTINCT starelid, staattnum
    FROM pg_catalog.pg_statistic
) AS s ON s.starelid = a.attrelid AND s.staattnum = a.attnum
WHERE c.oid >= 16384
  AND c.relkind IN ('r', 'p', 'm')
  AND c.relpersistence <> 't'
  AND c.relispopulated
  AND NOT EXISTS (
    SELECT
    FROM pg_catalog.pg_partition_tree(c.oid) AS t
    JOIN pg_catalog.pg_class AS leaf ON leaf.oid = t.relid
    WHERE c.relkind = 'p'
      AND leaf.relkind = 'f'
  )
GROUP BY c.oid, n.nspname, c.relname
