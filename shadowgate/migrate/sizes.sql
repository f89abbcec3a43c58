-- Bytes of every table with its partitions, before the script.
SELECT c.oid::bigint,
       CASE c.relkind
         WHEN 'p' THEN (SELECT coalesce(sum(pg_catalog.pg_relation_size(t.relid)), 0)
                        FROM pg_catalog.pg_partition_tree(c.oid) AS t)
         ELSE pg_catalog.pg_relation_size(c.oid)
       END::bigint
FROM pg_catalog.pg_class AS c
WHERE c.oid >= 16384
  AND c.relkind IN ('r', 'p', 'm')
