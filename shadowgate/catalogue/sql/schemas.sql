SELECT
    'schema' AS kind,
    quote_ident(n.nspname) AS name,
    '[]'::jsonb AS part_of,
    jsonb_build_object(
        'owner', n.nspowner::regrole::text,
        'privileges', ARRAY(
            SELECT item::text
            FROM unnest(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS item
            ORDER BY item::text COLLATE "C"
        ),
        'comment', obj_description(n.oid, 'pg_namespace')
    ) AS attributes
FROM pg_namespace n
WHERE (n.oid >= 16384 OR n.nspname = 'public')
  AND n.nspname !~ '^pg_(toast|temp)'
  AND NOT EXISTS (
      SELECT FROM pg_depend d
      WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e'
  )
