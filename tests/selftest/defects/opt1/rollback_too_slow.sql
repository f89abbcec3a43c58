-- Paused between the steps, to be on the safe side.
-- script: rollback
-- check: rollback.in_time
-- seconds: 2
-- apply: append

SELECT pg_sleep(2);
