-- Added a check that reads every row under its lock.
-- check: migration.hazards
-- also: migration.schema_unchanged because nobody announced the check
-- apply: append

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'created_before_updated') THEN
        ALTER TABLE public.catalogo_geometrias_particionada
            ADD CONSTRAINT created_before_updated CHECK (created_at < 'infinity');
    END IF;
END
$$;
