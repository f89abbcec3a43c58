SELECT
    'type' AS kind,
    format('%I.%I', n.nspname, t.typname) AS name,
    '[]'::jsonb AS part_of,
    jsonb_build_object(
        'type_type', CASE t.typtype
            WHEN 'b' THEN 'base' WHEN 'c' THEN 'composite' WHEN 'd' THEN 'domain'
            WHEN 'e' THEN 'enum' WHEN 'r' THEN 'range' ELSE 'pseudo'
        END,
        'labels', CASE WHEN t.typtype = 'e' THEN ARRAY(
            SELECT e.enumlabel::text FROM pg_enum e
            WHERE e.enumtypid = t.oid
            ORDER BY e.enumsortorder
        ) END,
        'base_type', CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
        'not_null', t.typnotnull,
        'default', t.typdefault,
        'collation', CASE WHEN t.typcollation <> 0 THEN t.typcollation::regcollation::text END,
        'subtype', (
            SELECT format_type(r.rngsubtype, NULL) FROM pg_range r WHERE r.rngtypid = t.oid
        ),
        'storage', t.typstorage,
        'input', CASE WHEN t.typtype = 'b' THEN t.typinput::text END,
        'owner', t.typowner::regrole::text,
        'privileges', ARRAY(
            SELECT item::text
            FROM unnest(coalesce(t.typacl, acldefault('T', t.typowner))) AS item
            ORDER BY item::text COLLATE "C"
        ),
        'comment', obj_description(t.oid, 'pg_type')
    ) AS attributes
FROM pg_type t
JOIN pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_class c ON c.oid = t.typrelid
WHERE t.oid >= 16384
  AND t.typtype <> 'm'
  AND n.nspname !~ '^pg_(toast|temp)'
  -- Row types of relations and array types belong to the relation or the element type.
  AND (c.oid IS NULL OR c.relkind = 'c')
  AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)
  AND NOT EXISTS (
      SELECT FROM pg_depend d
      WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
  )
