-- Gave the search back from memory, without its condition on validity.
-- check: rollback.schema_identical
-- script: rollback
-- apply: replace

-- <<<
        AND g.is_valid
        AND g.geometry
-- >>>
        AND g.geometry
