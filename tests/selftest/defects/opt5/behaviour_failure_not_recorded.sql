-- Recorded every refresh as done, whatever came of it.
-- check: migration.behaviour.failure_is_recorded_and_visible
-- apply: replace

-- <<<
name, started, CASE WHEN state IS NULL THEN 'REFRESHED' ELSE 'FAILED' END, state, problem
-- >>>
name, started, 'REFRESHED', state, problem
