-- Renamed a constraint.
-- check: migration.schema_unchanged
-- apply: append

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_constraint WHERE conname = 'catalogo_tipo_check') THEN
        ALTER TABLE public.catalogo RENAME CONSTRAINT catalogo_tipo_check TO tipo_known;
    END IF;
END
$$;
