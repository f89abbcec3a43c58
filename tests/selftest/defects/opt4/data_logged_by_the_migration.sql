-- Had the migration write into the log of production that it was there.
-- check: migration.data_unchanged
-- also: migration.repeatable because each run writes it again
-- apply: append

INSERT INTO public.partition_maintenance_log (routine, status) VALUES ('migration', 'APPLIED');
