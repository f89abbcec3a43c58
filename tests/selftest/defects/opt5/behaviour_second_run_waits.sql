-- Let the second run wait for the first instead of skipping, and say nothing of it.
-- check: migration.behaviour.no_overlap_of_two_runs
-- apply: replace

-- <<<
FOR UPDATE SKIP LOCKED;
-- >>>
FOR UPDATE;
