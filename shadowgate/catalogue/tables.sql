WITH wanted AS (
    SELECT c.oid, c.relkind, format('%%I.%%I', n.nspname, c.relname) AS name
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE CASE
        WHEN %(name)s::text IS NOT NULL THEN c.oid = to_regclass(%(name)s)
        ELSE c.relkind IN ('r', 'p')
            AND NOT c.relispartition
            AND c.oid >= 16384
            AND n.nspname !~ '^pg_(toast|temp)'
            -- An extension's own tables are left out, but for those that hold rows of its own
            -- beside users', such as PostGIS's coordinate systems: a dump omits the former, so that
            -- an altered one would come back as it was.
            AND NOT EXISTS (
                SELECT FROM pg_depend d
                JOIN pg_extension x ON x.oid = d.refobjid
                WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
                  AND NOT EXISTS (
                      SELECT FROM unnest(x.extconfig, x.extcondition) AS k (oid, condition)
                      WHERE k.oid = c.oid AND k.condition <> ''
                  )
            )
    END
      AND c.relkind IN ('r', 'p', 'm', 'f')
)
SELECT
    w.name,
    ARRAY(
        SELECT a.attname::text FROM pg_attribute a
        WHERE a.attrelid = w.oid AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attname::text COLLATE "C"
    ) AS columns,
    -- SQL for the bytes of a value. Numbers are text, so that a wider type changes nothing. Types of
    -- extensions, such as geometries, and the common ones of the server give their bytes by a send
    -- function of their own, in a third of the time of text. Of the others some send OIDs, which
    -- differ from database to database, or a NaN in one of its many forms: they are text, in a row,
    -- which asks the type's own output function and not a cast.
    (
        SELECT coalesce(json_object_agg(
            a.attname,
            CASE
                WHEN t.oid IN (
                    'int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype
                ) THEN format('textsend(t.%%I::text)', a.attname)
                WHEN t.typtype = 'b' AND p.proargtypes[0] = t.oid AND (
                    t.typnamespace <> 'pg_catalog'::regnamespace
                    OR t.oid IN (
                        'bool'::regtype, 'bytea'::regtype, 'bpchar'::regtype, 'date'::regtype,
                        'text'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype,
                        'uuid'::regtype, 'varchar'::regtype
                    )
                ) THEN format('%%I.%%I(t.%%I)', s.nspname, p.proname, a.attname)
                ELSE format('textsend(ROW(t.%%I)::text)', a.attname)
            END
        ), '{}')
        FROM pg_attribute a
        JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_proc p ON p.oid = t.typsend
        LEFT JOIN pg_namespace s ON s.oid = p.pronamespace
        WHERE a.attrelid = w.oid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS senders,
    ARRAY(
        SELECT a.attname::text FROM pg_index i
        CROSS JOIN unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, place)
        JOIN pg_attribute a ON a.attrelid = w.oid AND a.attnum = k.attnum
        WHERE i.indrelid = w.oid AND i.indisprimary
        ORDER BY k.place
    ) AS primary_key,
    (
        SELECT CASE
            WHEN p.partstrat = 'r' AND a.atttypid IN (
                'date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype
            ) THEN format('extract(year FROM t.%%I)::text', a.attname)
            WHEN p.partstrat = 'l' THEN format('t.%%I::text', a.attname)
        END
        FROM pg_partitioned_table p
        JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
        WHERE p.partrelid = w.oid AND p.partnatts = 1
    ) AS part,
    w.relkind = 'r' AS only
FROM wanted w
ORDER BY w.name COLLATE "C"
