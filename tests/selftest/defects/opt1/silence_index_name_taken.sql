-- Created an index IF NOT EXISTS under a name that an index of another table has.
-- check: migration.silence
-- apply: append

CREATE INDEX IF NOT EXISTS catalogo_tipo_status_idx
    ON public.partition_maintenance_log (routine, status);
