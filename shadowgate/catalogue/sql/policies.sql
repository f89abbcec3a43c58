SELECT
    'policy' AS kind,
    format('%s.%I', p.polrelid::regclass, p.polname) AS name,
    jsonb_build_array(jsonb_build_array('table', p.polrelid::regclass::text)) AS part_of,
    jsonb_build_object(
        'permissive', p.polpermissive,
        'command', CASE p.polcmd
            WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
            WHEN 'd' THEN 'DELETE' ELSE 'ALL'
        END,
        'roles', ARRAY(
            SELECT CASE WHEN r = 0 THEN 'public' ELSE r::regrole::text END
            FROM unnest(p.polroles) AS r
            ORDER BY 1
        ),
        'using', pg_get_expr(p.polqual, p.polrelid),
        'with_check', pg_get_expr(p.polwithcheck, p.polrelid),
        'comment', obj_description(p.oid, 'pg_policy')
    ) AS attributes
FROM pg_policy p
