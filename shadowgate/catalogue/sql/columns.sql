SELECT
    'column' AS kind,
    format('%I.%I.%I', n.nspname, c.relname, a.attname) AS name,
    jsonb_build_array(jsonb_build_array(
        CASE c.relkind
            WHEN 'v' THEN 'view'
            WHEN 'm' THEN 'materialized view'
            WHEN 'f' THEN 'foreign table'
            WHEN 'c' THEN 'type'
            ELSE 'table'
        END,
        format('%I.%I', n.nspname, c.relname)
    )) AS part_of,
    jsonb_build_object(
        'position', row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum),
        'type', format_type(a.atttypid, a.atttypmod),
        -- Since version 18 it is a constraint, which can be less than it says.
        'not_null', CASE
            WHEN NOT k.convalidated THEN to_jsonb('not valid'::text)
            WHEN k.connoinherit THEN to_jsonb('not inherited'::text)
            ELSE to_jsonb(a.attnotnull)
        END,
        'default', CASE WHEN a.attgenerated = '' THEN pg_get_expr(e.adbin, e.adrelid) END,
        'generated', CASE WHEN a.attgenerated <> '' THEN pg_get_expr(e.adbin, e.adrelid) END,
        'virtual', CASE WHEN a.attgenerated = 'v' THEN true END,
        'identity', CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END,
        'collation', CASE WHEN a.attcollation <> t.typcollation
                          THEN a.attcollation::regcollation::text END,
        'storage', CASE a.attstorage
            WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main' ELSE 'extended'
        END,
        'compression', CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END,
        'statistics_target', coalesce(a.attstattarget, -1),  -- as before version 17
        -- Some servers keep a stamp of their own here, new whenever the column is made or its type
        -- changes; nobody sets it and pg_dump leaves it out as well.
        'options', ARRAY(
            SELECT o FROM unnest(a.attoptions) AS o
            WHERE o !~ '^pg_attver='
            ORDER BY o COLLATE "C"
        ),
        'foreign_options', a.attfdwoptions,
        'inherited', a.attinhcount > 0,
        'privileges', ARRAY(
            SELECT item::text FROM unnest(a.attacl) AS item ORDER BY item::text COLLATE "C"
        ),
        'comment', col_description(c.oid, a.attnum)
    ) AS attributes
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
LEFT JOIN pg_constraint k
    ON k.conrelid = c.oid AND k.contype = 'n' AND k.conkey[1] = a.attnum
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
  AND a.attnum > 0
  AND NOT a.attisdropped
  AND c.oid >= 16384
  AND n.nspname !~ '^pg_(toast|temp)'
  AND NOT EXISTS (
      SELECT FROM pg_depend d
      WHERE d.deptype = 'e'
        AND ((d.classid = 'pg_class'::regclass AND d.objid = c.oid)
             OR (d.classid = 'pg_type'::regclass AND d.objid = c.reltype))
  )
