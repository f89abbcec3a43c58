-- Had the migration log its own runs.
-- check: migration.repeatable
-- apply: append

INSERT INTO public.partition_maintenance_log (routine, status) VALUES ('migration', 'RUN');
