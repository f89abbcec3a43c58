-- Tables of users that hold rows, the largest first; partitions are looked at through their roots.
SELECT c.oid,
    n.nspname,
    c.relname,
    COALESCE((
        SELECT pg_catalog.sum(pg_catalog.pg_relation_size(t.relid))
        FROM pg_catalog.pg_partition_tree(c.oid) AS t
    ), pg_catalog.pg_relation_size(c.oid)) AS bytes,
    ARRAY(
        SELECT a.attname
        FROM pg_catalog.pg_index AS i
        CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::smallint[])
            WITH ORDINALITY AS k (attnum, place)
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
        WHERE i.indrelid = c.oid AND i.indisprimary
        ORDER BY k.place
    )::text[] AS key,
    (
        SELECT a.attname
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            AND a.attgenerated = '' AND a.attidentity <> 'a'
        ORDER BY EXISTS (
            SELECT FROM pg_catalog.pg_index AS i
            WHERE i.indrelid = c.oid AND a.attnum = ANY (i.indkey)
        ), a.attnum
        LIMIT 1
    ) AS settable
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm')
    AND c.relispopulated
    AND NOT c.relispartition
    AND c.relpersistence <> 't'
    AND n.nspname <> 'information_schema'
    AND n.nspname !~ '^pg_'
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
            AND d.deptype = 'e'
    )
ORDER BY bytes DESC, n.nspname, c.relname
