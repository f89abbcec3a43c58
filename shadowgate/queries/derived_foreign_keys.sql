-- Foreign keys with the columns of both sides; those of partitions stand with their roots.
SELECT f.conrelid,
    f.conname,
    n.nspname,
    r.relname,
    ARRAY(
        SELECT a.attname
        FROM pg_catalog.unnest(f.conkey) WITH ORDINALITY AS k (attnum, place)
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = k.attnum
        ORDER BY k.place
    )::text[] AS columns,
    ARRAY(
        SELECT a.attname
        FROM pg_catalog.unnest(f.confkey) WITH ORDINALITY AS k (attnum, place)
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = f.confrelid AND a.attnum = k.attnum
        ORDER BY k.place
    )::text[] AS referenced
FROM pg_catalog.pg_constraint AS f
JOIN pg_catalog.pg_class AS r ON r.oid = f.confrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = r.relnamespace
WHERE f.contype = 'f' AND f.conparentid = 0
ORDER BY f.conrelid, f.conname
