-- Left a statement_timeout of a millisecond from a test.
-- check: migration.applied
-- apply: replace

-- <<<
SET statement_timeout = '15min';
-- >>>
SET statement_timeout = '1ms';
