-- Called a routine that has another name by now.
-- check: migration.applied
-- apply: append

CALL public.maintain_all_partitions();
