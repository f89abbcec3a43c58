-- Let the insert fail where another session makes the partition at the same time.
-- check: migration.behaviour.new_year_two_sessions
-- apply: replace

-- <<<
        WHEN lock_not_available OR object_in_use OR duplicate_table OR check_violation
            OR serialization_failure
        THEN
-- >>>
        WHEN object_in_use OR duplicate_table OR check_violation
            OR serialization_failure
        THEN
