-- Put inactive items into the view as well.
-- check: migration.behaviour.same_rows
-- apply: replace

-- <<<
        WHERE c.status = 'ativo' AND g.is_valid
-- >>>
        WHERE g.is_valid
