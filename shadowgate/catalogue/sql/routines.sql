SELECT
    'routine' AS kind,
    format('%I.%I(%s)', n.nspname, p.proname, (
        SELECT string_agg(format_type(a.type, NULL), ', ' ORDER BY a.place)
        FROM unnest(p.proargtypes) WITH ORDINALITY AS a (type, place)
    )) AS name,
    '[]'::jsonb AS part_of,
    jsonb_build_object(
        'routine_type', CASE p.prokind
            WHEN 'f' THEN 'function' WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'window'
        END,
        'language', l.lanname,
        'arguments', pg_get_function_arguments(p.oid),
        'returns', pg_get_function_result(p.oid),
        -- Of the body as written, of a standard SQL body, or of an aggregate's parts.
        'definition_md5', md5(concat_ws(
            '|', p.prosrc, p.probin, pg_get_function_sqlbody(p.oid),
            -- By names: object identifiers differ between a database and its restored dump.
            (to_jsonb(g) || jsonb_build_object(
                'aggtranstype', g.aggtranstype::regtype::text,
                'aggmtranstype', g.aggmtranstype::regtype::text,
                'aggsortop', g.aggsortop::regoperator::text
            ))::text
        )),
        'volatility', CASE p.provolatile
            WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile'
        END,
        'strict', p.proisstrict,
        'leakproof', p.proleakproof,
        'parallel', CASE p.proparallel
            WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' ELSE 'unsafe'
        END,
        'security_definer', p.prosecdef,
        'settings', ARRAY(SELECT o FROM unnest(p.proconfig) AS o ORDER BY o COLLATE "C"),
        'cost', p.procost,
        'rows', p.prorows,
        'support', CASE WHEN p.prosupport <> 0 THEN p.prosupport::text END,
        'owner', p.proowner::regrole::text,
        'privileges', ARRAY(
            SELECT item::text
            FROM unnest(coalesce(p.proacl, acldefault('f', p.proowner))) AS item
            ORDER BY item::text COLLATE "C"
        ),
        'comment', obj_description(p.oid, 'pg_proc')
    ) AS attributes
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN pg_language l ON l.oid = p.prolang
LEFT JOIN pg_aggregate g ON g.aggfnoid = p.oid
WHERE p.oid >= 16384
  AND n.nspname !~ '^pg_temp'
  AND NOT EXISTS (
      SELECT FROM pg_depend d
      WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
        -- Constructors of a range type belong to it.
        AND d.deptype IN ('e', 'i')
  )
