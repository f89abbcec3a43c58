-- Forgot that nothing is known of a view before its first run: a comparison with NULL.
-- check: migration.behaviour.stale_until_the_first_run
-- apply: replace

-- <<<
WHEN s.refreshed_at IS NULL OR now() - s.refreshed_at > s.max_staleness
-- >>>
WHEN now() - s.refreshed_at > s.max_staleness
