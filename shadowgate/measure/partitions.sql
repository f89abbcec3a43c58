-- Every partition, of tables and of indexes, with the relation at the root of its tree.
SELECT c.relname, r.relname
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_class AS r ON r.oid = pg_catalog.pg_partition_root(c.oid)
WHERE c.relispartition
