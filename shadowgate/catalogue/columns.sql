-- The columns of a relation, as somebody meets them who writes rows; none of an extension's table.
SELECT
    a.attnum,
    a.attname,
    pg_catalog.format_type(a.atttypid, a.atttypmod),
    a.atttypid::pg_catalog.regtype::text,
    a.atttypmod,
    a.attnotnull,
    a.attgenerated <> '' OR a.attidentity = 'a',
    EXISTS (
        SELECT
        FROM pg_catalog.pg_index AS i
        WHERE i.indrelid = a.attrelid
            AND i.indisunique
            AND (
                a.attnum = ANY ((i.indkey::smallint[])[0:i.indnkeyatts - 1])
                OR i.indexprs IS NOT NULL AND EXISTS (
                    SELECT
                    FROM pg_catalog.pg_depend AS d
                    WHERE d.objid = i.indexrelid
                        AND d.refobjid = a.attrelid
                        AND d.refobjsubid = a.attnum
                )
            )
    ),
    a.attidentity <> ''
        OR pg_catalog.pg_get_serial_sequence(%(table)s, a.attname) IS NOT NULL
        OR pg_catalog.pg_get_expr(d.adbin, d.adrelid) ~ '\mnextval\(',
    a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL
FROM pg_catalog.pg_attribute AS a
JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = pg_catalog.to_regclass(%(table)s) AND a.attnum > 0 AND NOT a.attisdropped
    AND NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
            AND d.objid = a.attrelid
            AND d.deptype = 'e'
    )
ORDER BY a.attnum
