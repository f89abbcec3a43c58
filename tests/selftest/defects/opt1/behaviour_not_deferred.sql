-- Made the trigger immediate: at the end of the statement the table is still in use.
-- check: migration.behaviour.new_year_two_sessions
-- apply: replace

-- <<<
                DEFERRABLE INITIALLY DEFERRED
-- >>>
                NOT DEFERRABLE
