SELECT
    'role' AS kind,
    r.oid::regrole::text AS name,
    '[]'::jsonb AS part_of,
    jsonb_build_object(
        'superuser', r.rolsuper,
        'inherit', r.rolinherit,
        'create_role', r.rolcreaterole,
        'create_database', r.rolcreatedb,
        'login', r.rolcanlogin,
        'replication', r.rolreplication,
        'bypass_row_security', r.rolbypassrls,
        'connection_limit', r.rolconnlimit,
        'valid_until', r.rolvaliduntil,
        'member_of', ARRAY(
            SELECT m.roleid::regrole::text || CASE WHEN m.admin_option THEN ' with admin' ELSE '' END
            FROM pg_auth_members m
            WHERE m.member = r.oid
            ORDER BY 1
        ),
        'comment', shobj_description(r.oid, 'pg_authid')
    ) AS attributes
FROM pg_roles r
