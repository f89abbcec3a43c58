-- Found the error at the end annoying: the log has it, after all.
-- check: migration.behaviour.failure_is_logged_and_raised
-- apply: replace

-- <<<
    IF failed || postponed <> '{}' THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = 'partitions are missing: ' || array_to_string(failed || postponed, '; '),
            HINT = 'See partition_maintenance_log, mend the cause, and call it again.';
    END IF;

-- >>>
