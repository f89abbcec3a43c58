-- Did not carry the privileges back.
-- check: rollback.schema_identical
-- also: rollback.reapplies because the second attempt carries over what it finds
-- script: rollback
-- apply: replace

-- <<<
                    AND acl.grantee <> relowner
-- >>>
                    AND false
