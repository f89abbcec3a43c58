-- Routines of users in the languages that can be checked; those of triggers once for each trigger.
SELECT
    p.oid,
    l.lanname AS language,
    CASE WHEN g.oid IS NULL THEN 'routine' ELSE 'trigger' END AS kind,
    CASE WHEN g.oid IS NULL THEN format('%I.%I(%s)', n.nspname, p.proname, (
        SELECT string_agg(format_type(a.type, NULL), ', ' ORDER BY a.place)
        FROM unnest(p.proargtypes) WITH ORDINALITY AS a (type, place)
    ))
    ELSE format('%I.%I.%I', m.nspname, c.relname, g.tgname) END AS name,
    coalesce(g.tgrelid, 0) AS relation,
    g.tgoldtable AS old_table,
    g.tgnewtable AS new_table,
    p.prosrc AS body,
    (
        SELECT substr(o, strpos(o, '=') + 1) FROM unnest(p.proconfig) AS o
        WHERE o ~ '^search_path='
    ) AS search_path,
    ARRAY(
        SELECT DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid)
        FROM pg_depend d
        WHERE d.refclassid = 'pg_proc'::regclass AND d.refobjid = p.oid AND d.deptype = 'n'
          AND d.classid IN (
              'pg_policy'::regclass, 'pg_rewrite'::regclass, 'pg_attrdef'::regclass,
              'pg_constraint'::regclass, 'pg_event_trigger'::regclass
          )
        ORDER BY 1
    ) AS used_by
FROM pg_proc p
JOIN pg_language l ON l.oid = p.prolang
JOIN pg_namespace n ON n.oid = p.pronamespace
LEFT JOIN pg_trigger g
    ON g.tgfoid = p.oid AND NOT g.tgisinternal AND g.tgenabled <> 'D' AND g.tgparentid = 0
LEFT JOIN pg_class c ON c.oid = g.tgrelid
LEFT JOIN pg_namespace m ON m.oid = c.relnamespace
WHERE p.oid >= 16384
  AND p.prokind IN ('f', 'p', 'w')
  AND l.lanname IN ('sql', 'plpgsql')
  -- Without a table it is not known what NEW and OLD are.
  AND (p.prorettype <> 'trigger'::regtype OR g.oid IS NOT NULL)
  AND n.nspname !~ '^pg_temp'
  AND NOT EXISTS (
      SELECT FROM pg_depend d
      WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
  )
ORDER BY 3, 4
