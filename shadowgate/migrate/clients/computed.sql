-- What is kept as it was computed, by an expression that calls a function of the user's, or what has
-- changed: keys and predicates of indexes, stored columns, and the rows that a check was once held
-- against. What a function calls in its turn is not recorded anywhere, so whoever calls one of the
-- user's may call any.
WITH callers AS (
    SELECT d.classid, d.objid, d.objsubid
    FROM pg_catalog.pg_depend AS d
    WHERE (
            d.refclassid IN (
                'pg_catalog.pg_ts_config'::pg_catalog.regclass,
                'pg_catalog.pg_ts_dict'::pg_catalog.regclass
            )
            AND d.refobjid = ANY (%(changed)s)
        )
        OR (
            d.refclassid IN (
                'pg_catalog.pg_proc'::pg_catalog.regclass,
                'pg_catalog.pg_operator'::pg_catalog.regclass
            )
            AND (
                d.refobjid = ANY (%(changed)s)
                OR NOT EXISTS (
                    SELECT FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = d.refclassid AND e.objid = d.refobjid AND e.deptype = 'e'
                )
            )
        )
)
SELECT 'index' AS kind,
    i.indexrelid::bigint AS relation,
    0 AS number,
    i.indexrelid::pg_catalog.regclass::text AS name,
    i.indrelid::pg_catalog.regclass::text AS of_table,
    ARRAY(
        SELECT pg_catalog.pg_get_indexdef(i.indexrelid, k.place::integer, true)
        FROM pg_catalog.unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (number, place)
        WHERE k.number = 0
        ORDER BY k.place
    ) || CASE
        WHEN i.indpred IS NULL THEN '{}'::text[]
        ELSE ARRAY[pg_catalog.pg_get_expr(i.indpred, i.indrelid)]
    END AS expressions,
    ARRAY(
        SELECT a.attname::text
        FROM pg_catalog.pg_depend AS d
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
            AND d.objid = i.indexrelid
            AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
            AND d.refobjid = i.indrelid
            AND d.refobjsubid > 0
        GROUP BY a.attnum, a.attname
        ORDER BY a.attnum
    ) AS columns,
    -- Another one once it was built anew.
    pg_catalog.pg_relation_filenode(i.indexrelid)::bigint AS file
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid AND x.relkind = 'i'
WHERE (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)
    AND i.indisvalid
    AND EXISTS (
        SELECT FROM callers AS c
        WHERE c.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.objid = i.indexrelid
    )
UNION ALL
SELECT 'column',
    a.attrelid::bigint,
    a.attnum,
    a.attname::text,
    a.attrelid::pg_catalog.regclass::text,
    ARRAY[pg_catalog.pg_get_expr(e.adbin, e.adrelid)],
    ARRAY[a.attname::text],
    NULL
FROM pg_catalog.pg_attribute AS a
JOIN pg_catalog.pg_class AS t ON t.oid = a.attrelid AND t.relkind = 'r'
JOIN pg_catalog.pg_attrdef AS e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
WHERE a.attgenerated = 's'
    AND EXISTS (
        SELECT FROM callers AS c
        -- Before version 15 it is the column that depends on what is called.
        WHERE (c.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND c.objid = e.oid)
            OR (
                c.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                AND c.objid = a.attrelid
                AND c.objsubid = a.attnum
            )
    )
UNION ALL
SELECT 'check',
    k.oid::bigint,
    0,
    k.conname::text,
    k.conrelid::pg_catalog.regclass::text,
    ARRAY[pg_catalog.pg_get_expr(k.conbin, k.conrelid)],
    '{}',
    NULL
FROM pg_catalog.pg_constraint AS k
JOIN pg_catalog.pg_class AS t ON t.oid = k.conrelid AND t.relkind = 'r'
WHERE k.contype = 'c'
    AND k.convalidated
    AND EXISTS (
        SELECT FROM callers AS c
        WHERE c.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND c.objid = k.oid
    )
ORDER BY kind, of_table, name
