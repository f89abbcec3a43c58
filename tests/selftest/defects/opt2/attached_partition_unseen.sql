-- Took every partition for one whose measures are stored.
-- check: migration.behaviour.exact_after_attach
-- apply: replace

-- <<<
                WHEN count(*) = 0 THEN 'empty'
                ELSE daterange(min(desde), max(ate), '[]')
-- >>>
                WHEN count(*) >= 0 THEN 'empty'::daterange
