-- Moved the time of the last refresh on although it had failed.
-- check: migration.behaviour.each_view_has_its_own_outcome
-- apply: replace

-- <<<
            refreshed_at = CASE WHEN state IS NULL THEN started ELSE refreshed_at END
-- >>>
            refreshed_at = started
