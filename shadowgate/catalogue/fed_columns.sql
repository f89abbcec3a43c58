-- Each sequence with the columns that take their values from it: by identity or ownership, or
-- through a default that is nothing but its next value. Partitions are read through their
-- partitioned table.
SELECT DISTINCT
    format('%%I.%%I', n.nspname, s.relname) AS sequence,
    c.oid::regclass::text AS table,
    a.attname::text AS column,
    q.seqincrement AS increment
FROM pg_sequence q
JOIN pg_class s ON s.oid = q.seqrelid
JOIN pg_namespace n ON n.oid = s.relnamespace
JOIN (
    SELECT d.objid AS sequence, d.refobjid AS relation, d.refobjsubid AS attnum
    FROM pg_depend d
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
      AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
    UNION
    SELECT d.refobjid, e.adrelid, e.adnum
    FROM pg_depend d
    JOIN pg_attrdef e ON e.oid = d.objid
    WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass
) AS f ON f.sequence = s.oid
JOIN pg_class c ON c.oid = f.relation
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = f.attnum
LEFT JOIN pg_attrdef v ON v.adrelid = a.attrelid AND v.adnum = a.attnum
WHERE NOT c.relispartition
  AND c.relkind IN ('r', 'p')
  AND NOT a.attisdropped
  AND NOT q.seqcycle
  AND n.nspname !~ '^pg_(toast|temp)'
  AND CASE
      WHEN %(schemas)s::text[] IS NULL THEN s.oid >= 16384
      ELSE n.nspname = ANY (%(schemas)s::text[])
  END
  AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype)
  AND (
      v.oid IS NULL
      OR pg_get_expr(v.adbin, v.adrelid) ~ '^\(?nextval\(''[^'']+''::regclass\)\)?(::[a-z]+)?$'
  )
ORDER BY 1, 2, 3
