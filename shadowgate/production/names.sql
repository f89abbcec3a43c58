-- What bears one of some bare names, whatever its kind, named as the catalogue snapshot does.
SELECT
    CASE c.relkind
        WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
        WHEN 'S' THEN 'sequence' WHEN 'i' THEN 'index' WHEN 'I' THEN 'index' ELSE 'table'
    END AS kind,
    format('%%I.%%I', n.nspname, c.relname) AS name
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = ANY (%(bare)s) AND c.relkind <> 'c'
UNION ALL
SELECT part.kind, format('%%I.%%I.%%I', n.nspname, c.relname, part.name)
FROM (
    SELECT 'column' AS kind, attrelid AS relation, attname AS name FROM pg_attribute
    WHERE attname = ANY (%(bare)s) AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT 'constraint', conrelid, conname FROM pg_constraint WHERE conname = ANY (%(bare)s)
    UNION ALL
    SELECT 'trigger', tgrelid, tgname FROM pg_trigger
    WHERE tgname = ANY (%(bare)s) AND NOT tgisinternal
    UNION ALL
    SELECT 'policy', polrelid, polname FROM pg_policy WHERE polname = ANY (%(bare)s)
) AS part
JOIN pg_class c ON c.oid = part.relation
JOIN pg_namespace n ON n.oid = c.relnamespace
UNION ALL
SELECT 'routine', format('%%I.%%I(%%s)', n.nspname, p.proname, (
    SELECT string_agg(format_type(a.type, NULL), ', ' ORDER BY a.place)
    FROM unnest(p.proargtypes) WITH ORDINALITY AS a (type, place)
))
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.proname = ANY (%(bare)s)
UNION ALL
SELECT 'type', format('%%I.%%I', n.nspname, t.typname)
FROM pg_type t
JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE t.typname = ANY (%(bare)s) AND t.typtype IN ('e', 'd', 'r')
UNION ALL
SELECT 'statistics', format('%%I.%%I', n.nspname, s.stxname)
FROM pg_statistic_ext s
JOIN pg_namespace n ON n.oid = s.stxnamespace
WHERE s.stxname = ANY (%(bare)s)
UNION ALL
SELECT 'schema', quote_ident(nspname) FROM pg_namespace WHERE nspname = ANY (%(bare)s)
UNION ALL
SELECT 'extension', quote_ident(extname) FROM pg_extension WHERE extname = ANY (%(bare)s)
