SELECT
    'extension' AS kind,
    quote_ident(e.extname) AS name,
    '[]'::jsonb AS part_of,
    jsonb_build_object(
        'version', e.extversion,
        'schema', e.extnamespace::regnamespace::text,
        'owner', e.extowner::regrole::text,
        'comment', obj_description(e.oid, 'pg_extension')
    ) AS attributes
FROM pg_extension e
WHERE e.oid >= 16384
