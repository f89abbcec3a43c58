-- What ON CONFLICT can be given for a table: the key of each unique index, and its predicate. An
-- expression in parentheses is right for a column as well.
SELECT x.relname,
    (
        SELECT pg_catalog.string_agg(
            '(' || pg_catalog.pg_get_indexdef(i.indexrelid, k, true) || ')', ', ' ORDER BY k
        )
        FROM pg_catalog.generate_series(1, i.indnkeyatts::integer) AS k
    ),
    pg_catalog.pg_get_expr(i.indpred, i.indrelid)
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
WHERE i.indrelid = %(table)s AND i.indisunique AND i.indisvalid AND i.indimmediate
ORDER BY i.indisprimary DESC, x.relname
