SELECT
    'constraint' AS kind,
    format('%I.%I.%I', n.nspname, coalesce(c.relname, t.typname), k.conname) AS name,
    jsonb_build_array(jsonb_build_array(
        CASE WHEN c.oid IS NULL THEN 'type' WHEN c.relkind = 'f' THEN 'foreign table' ELSE 'table' END,
        format('%I.%I', n.nspname, coalesce(c.relname, t.typname))
    )) || CASE WHEN p.oid IS NULL THEN '[]'::jsonb ELSE jsonb_build_array(
        jsonb_build_array('constraint', format('%s.%I', p.conrelid::regclass, p.conname)),
        jsonb_build_array('table', k.confrelid::regclass::text)
    ) END AS part_of,
    jsonb_build_object(
        'definition', pg_get_constraintdef(k.oid),
        'validated', k.convalidated,
        'deferrable', k.condeferrable,
        'initially_deferred', k.condeferred,
        'parent', CASE WHEN p.oid IS NOT NULL
                       THEN format('%s.%I', p.conrelid::regclass, p.conname) END,
        -- Foreign keys are enforced by internal triggers, which can be disabled one by one.
        'triggers_enabled', (
            SELECT jsonb_agg(DISTINCT g.tgenabled) FROM pg_trigger g
            WHERE g.tgconstraint = k.oid AND g.tgisinternal
        ),
        'comment', obj_description(k.oid, 'pg_constraint')
    ) AS attributes
FROM pg_constraint k
JOIN pg_namespace n ON n.oid = k.connamespace
LEFT JOIN pg_class c ON c.oid = k.conrelid
LEFT JOIN pg_type t ON t.oid = k.contypid
LEFT JOIN pg_constraint p ON p.oid = k.conparentid
-- NOT NULL, since version 18 a constraint with a name, is an attribute of its column here.
WHERE k.contype NOT IN ('t', 'n')
  AND k.oid >= 16384
  AND n.nspname !~ '^pg_(toast|temp)'
  AND NOT EXISTS (
      SELECT FROM pg_depend d
      WHERE d.deptype = 'e'
        AND ((d.classid = 'pg_class'::regclass AND d.objid = k.conrelid)
             OR (d.classid = 'pg_type'::regclass AND d.objid = k.contypid))
  )
