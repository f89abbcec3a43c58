SELECT
    'rule' AS kind,
    format('%s.%I', r.ev_class::regclass, r.rulename) AS name,
    jsonb_build_array(jsonb_build_array(
        CASE c.relkind WHEN 'v' THEN 'view' ELSE 'table' END, r.ev_class::regclass::text
    )) AS part_of,
    jsonb_build_object(
        'definition', pg_get_ruledef(r.oid),
        'enabled', CASE r.ev_enabled
            WHEN 'O' THEN 'origin' WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' ELSE 'always'
        END,
        'comment', obj_description(r.oid, 'pg_rewrite')
    ) AS attributes
FROM pg_rewrite r
JOIN pg_class c ON c.oid = r.ev_class
WHERE r.oid >= 16384
  AND r.rulename <> '_RETURN'
  AND NOT EXISTS (
      SELECT FROM pg_depend d
      WHERE d.deptype = 'e'
        AND ((d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid)
             OR (d.classid = 'pg_class'::regclass AND d.objid = c.oid))
  )
