-- Created the trigger without asking whether it is there.
-- check: migration.repeatable
-- apply: replace

-- <<<
        EXIT WHEN EXISTS (
            SELECT FROM pg_trigger
            WHERE tgrelid = 'public.catalogo_geometrias_particionada'::regclass
                AND tgname = 'trigger_auto_create_partition'
        );
        BEGIN
            CREATE CONSTRAINT
-- >>>
        EXIT WHEN attempt = 2;
        BEGIN
            CREATE CONSTRAINT
