-- Indexes over plain columns: what they can be asked by.
SELECT i.indrelid,
    x.relname,
    m.amname,
    i.indisunique,
    ARRAY(
        SELECT a.attname
        FROM pg_catalog.unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, place)
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
        WHERE k.place <= i.indnkeyatts
        ORDER BY k.place
    )::text[] AS columns,
    pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS predicate,
    (
        SELECT t.typname
        FROM pg_catalog.pg_attribute AS a
        JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
        WHERE a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    ) AS type,
    e.nspname AS postgis
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_am AS m ON m.oid = x.relam
LEFT JOIN (
    SELECT n.nspname
    FROM pg_catalog.pg_extension AS p
    JOIN pg_catalog.pg_namespace AS n ON n.oid = p.extnamespace
    WHERE p.extname = 'postgis'
) AS e ON TRUE
WHERE i.indisvalid
    AND 0 <> ALL (i.indkey::smallint[])
    AND m.amname IN ('btree', 'gist')
ORDER BY i.indrelid, i.indisprimary DESC, i.indisunique DESC, x.relname
