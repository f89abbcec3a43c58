-- Ended a run without an error although a refresh had failed.
-- check: migration.behaviour.failure_ends_the_run_with_an_error
-- apply: replace

-- <<<
    IF failed <> '{}' THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = 'not refreshed: ' || array_to_string(failed, ', '),
            HINT = 'See refresh_log and refresh_health.';
    END IF;

-- >>>
