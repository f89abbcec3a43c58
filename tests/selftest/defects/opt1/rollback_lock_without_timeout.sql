-- Took the lock timeout off: behind one long transaction everybody waits for the rollback.
-- script: rollback
-- check: rollback.hazards
-- apply: replace

-- <<<
SET lock_timeout = '100ms';
-- >>>
SET lock_timeout = 0;
