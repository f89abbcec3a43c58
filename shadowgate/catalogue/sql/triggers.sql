SELECT
    'trigger' AS kind,
    format('%s.%I', g.tgrelid::regclass, g.tgname) AS name,
    jsonb_build_array(jsonb_build_array(
        CASE c.relkind WHEN 'v' THEN 'view' WHEN 'f' THEN 'foreign table' ELSE 'table' END,
        g.tgrelid::regclass::text
    )) || CASE WHEN p.oid IS NULL THEN '[]'::jsonb ELSE jsonb_build_array(
        jsonb_build_array('trigger', format('%s.%I', p.tgrelid::regclass, p.tgname))
    ) END AS part_of,
    jsonb_build_object(
        'table', g.tgrelid::regclass::text,
        'definition', pg_get_triggerdef(g.oid),
        'enabled', CASE g.tgenabled
            WHEN 'O' THEN 'origin' WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' ELSE 'always'
        END,
        'parent', CASE WHEN p.oid IS NOT NULL
                       THEN format('%s.%I', p.tgrelid::regclass, p.tgname) END,
        'comment', obj_description(g.oid, 'pg_trigger')
    ) AS attributes
FROM pg_trigger g
JOIN pg_class c ON c.oid = g.tgrelid
LEFT JOIN pg_trigger p ON p.oid = g.tgparentid
WHERE g.oid >= 16384
  -- Triggers of foreign keys and deferrable keys show on their constraint.
  AND NOT EXISTS (
      SELECT FROM pg_constraint k WHERE k.oid = g.tgconstraint AND k.contype <> 't'
  )
  AND c.relnamespace::regnamespace::text !~ '^pg_(toast|temp)'
  AND NOT EXISTS (
      SELECT FROM pg_depend d
      WHERE d.deptype = 'e'
        AND ((d.classid = 'pg_trigger'::regclass AND d.objid = g.oid)
             OR (d.classid = 'pg_class'::regclass AND d.objid = c.oid))
  )
