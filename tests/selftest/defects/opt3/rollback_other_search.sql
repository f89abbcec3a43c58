-- Gave the search back from memory, without its condition on validity.
-- check: rollback.schema_identical
-- script: rollback
-- apply: replace

-- <<<
    WHERE g.is_valid
        AND g.geometry
-- >>>
    WHERE g.geometry
