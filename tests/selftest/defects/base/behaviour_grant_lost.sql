-- Did not carry the privileges over.
-- check: migration.behaviour.privileges
-- apply: replace

-- <<<
                    AND acl.grantee <> flat.relowner
-- >>>
                    AND false
