-- Tables of users, each with its columns, checks and foreign keys as JSON; partitions are left to
-- their roots.
SELECT pg_catalog.json_build_object(
    'name', pg_catalog.format('%I.%I', n.nspname, c.relname),
    'columns', (
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'name', a.attname,
            'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
            'base', CASE b.typtype WHEN 'e' THEN 'enum' ELSE b.typname END,
            'modifier', CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END,
            'element', COALESCE((
                SELECT e.typname FROM pg_catalog.pg_type AS e
                WHERE e.oid = b.typelem AND b.typcategory = 'A'
            ), ''),
            'labels', ARRAY(
                SELECT e.enumlabel::text FROM pg_catalog.pg_enum AS e
                WHERE e.enumtypid = b.oid ORDER BY e.enumsortorder
            ),
            'not_null', a.attnotnull OR t.typnotnull,
            'unique', EXISTS (
                SELECT FROM pg_catalog.pg_index AS i
                WHERE i.indrelid = c.oid AND i.indisunique AND a.attnum = ANY (i.indkey)
            ),
            'given', a.attgenerated <> '' OR a.attidentity <> ''
                OR COALESCE(pg_catalog.pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%', false)
        ) ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute AS a
        JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
        JOIN pg_catalog.pg_type AS b
            ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
        LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    ),
    'checks', ARRAY(
        SELECT pg_catalog.pg_get_expr(k.conbin, k.conrelid) FROM pg_catalog.pg_constraint AS k
        WHERE k.conrelid = c.oid AND k.contype = 'c'
    ),
    'bounds', ARRAY(
        SELECT pg_catalog.pg_get_expr(p.relpartbound, p.oid)
        FROM pg_catalog.pg_inherits AS h
        JOIN pg_catalog.pg_class AS p ON p.oid = h.inhrelid
        WHERE h.inhparent = c.oid AND p.relispartition
        ORDER BY p.oid
    ),
    'partitioned_by', ARRAY(
        SELECT a.attname::text
        FROM pg_catalog.pg_partitioned_table AS p
        JOIN pg_catalog.pg_attribute AS a
            ON a.attrelid = c.oid AND a.attnum = ANY (p.partattrs::smallint[])
        WHERE p.partrelid = c.oid
    ),
    'references', ARRAY(
        SELECT pg_catalog.json_build_object(
            'parent', pg_catalog.format('%I.%I', m.nspname, f.relname),
            'columns', ARRAY(
                SELECT a.attname::text
                FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS w (attnum, place)
                JOIN pg_catalog.pg_attribute AS a
                    ON a.attrelid = k.conrelid AND a.attnum = w.attnum
                ORDER BY w.place
            ),
            'referenced', ARRAY(
                SELECT a.attname::text
                FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS w (attnum, place)
                JOIN pg_catalog.pg_attribute AS a
                    ON a.attrelid = k.confrelid AND a.attnum = w.attnum
                ORDER BY w.place
            )
        )
        FROM pg_catalog.pg_constraint AS k
        JOIN pg_catalog.pg_class AS f ON f.oid = k.confrelid
        JOIN pg_catalog.pg_namespace AS m ON m.oid = f.relnamespace
        WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.conparentid = 0
        ORDER BY k.conname
    )
)
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p')
    AND NOT c.relispartition
    AND c.relpersistence <> 't'
    AND n.nspname <> 'information_schema'
    AND n.nspname !~ '^pg_'
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
            AND d.deptype = 'e'
    )
ORDER BY n.nspname, c.relname
