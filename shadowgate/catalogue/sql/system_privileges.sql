-- Objects of the system and of extensions belong to them, but their privileges can be changed:
-- those that differ from what the system or the extension set.
SELECT
    'system privileges' AS kind,
    format('%s %s', o.kind, o.name) AS name,
    CASE WHEN x.extname IS NULL THEN '[]'::jsonb
         ELSE jsonb_build_array(jsonb_build_array('extension', quote_ident(x.extname)))
    END AS part_of,
    jsonb_build_object(
        'privileges',
        ARRAY(SELECT item::text FROM unnest(o.acl) AS item ORDER BY item::text COLLATE "C")
    ) AS attributes
FROM (
    SELECT 'pg_class'::regclass AS class, c.oid, 'relation' AS kind, c.oid::regclass::text AS name,
           c.relacl AS acl, acldefault('r', c.relowner) AS standard
    FROM pg_class c
    WHERE c.relacl IS NOT NULL AND c.relkind <> 'S'
    UNION ALL
    SELECT 'pg_proc'::regclass, p.oid, 'routine', p.oid::regprocedure::text,
           p.proacl, acldefault('f', p.proowner)
    FROM pg_proc p
    WHERE p.proacl IS NOT NULL
    UNION ALL
    SELECT 'pg_namespace'::regclass, n.oid, 'schema', quote_ident(n.nspname),
           n.nspacl, acldefault('n', n.nspowner)
    FROM pg_namespace n
    WHERE n.nspacl IS NOT NULL AND n.nspname <> 'public'
    UNION ALL
    SELECT 'pg_type'::regclass, t.oid, 'type', format_type(t.oid, NULL),
           t.typacl, acldefault('T', t.typowner)
    FROM pg_type t
    WHERE t.typacl IS NOT NULL
    UNION ALL
    SELECT 'pg_language'::regclass, l.oid, 'language', quote_ident(l.lanname),
           l.lanacl, acldefault('l', l.lanowner)
    FROM pg_language l
    WHERE l.lanacl IS NOT NULL
) AS o
LEFT JOIN pg_depend d
    ON d.classid = o.class AND d.objid = o.oid AND d.objsubid = 0 AND d.deptype = 'e'
LEFT JOIN pg_extension x ON x.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
LEFT JOIN pg_init_privs i ON i.classoid = o.class AND i.objoid = o.oid AND i.objsubid = 0
WHERE (o.oid < 16384 OR d.objid IS NOT NULL)
  AND NOT (
      o.acl @> coalesce(i.initprivs, o.standard) AND coalesce(i.initprivs, o.standard) @> o.acl
  )
