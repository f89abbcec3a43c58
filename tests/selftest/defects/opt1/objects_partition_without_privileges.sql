-- Forgot that a new partition starts without the privileges of its siblings.
-- check: migration.objects
-- apply: replace

-- <<<
        WHERE oid = rest::regclass AND acl.grantee <> relowner
-- >>>
        WHERE oid = rest::regclass AND acl.grantee <> relowner AND p_name LIKE '%default%'
