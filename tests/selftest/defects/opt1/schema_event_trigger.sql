-- Left an event trigger behind.
-- check: migration.schema_unchanged
-- apply: append

CREATE OR REPLACE FUNCTION public.note_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_event_trigger) THEN
        CREATE EVENT TRIGGER note_ddl ON ddl_command_end EXECUTE FUNCTION public.note_ddl();
    END IF;
END
$$;
