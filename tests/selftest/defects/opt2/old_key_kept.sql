-- Kept the measures of a row under its old date when it moves to another partition.
-- check: migration.behaviour.exact_after_update_of_keys
-- apply: replace

-- <<<
        WHERE n.id IS NULL
            AND m.geometria_id
-- >>>
        WHERE n.id IS NULL
            AND false
            AND m.geometria_id
