-- Made the default partition anew without the privileges that it had.
-- script: rollback
-- check: rollback.schema_identical
-- also: rollback.reapplies because the new partitions take their privileges from it
-- apply: replace

-- <<<
        WHERE oid = rest::regclass AND acl.grantee <> relowner
-- >>>
        WHERE oid = rest::regclass AND acl.grantee <> relowner AND false
