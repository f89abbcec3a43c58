-- Took no lock: two runs refresh the same view one after the other.
-- check: migration.behaviour.no_overlap_of_two_runs
-- apply: replace

-- <<<
        WHERE view_name = name
        FOR UPDATE SKIP LOCKED;
-- >>>
        WHERE view_name = name;
