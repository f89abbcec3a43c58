-- Put a sharper text search configuration into the search function.
-- check: migration.schema_unchanged
-- apply: append

DO $$
BEGIN
    EXECUTE replace(
        pg_get_functiondef('public.search_catalogo'::regproc), 'portuguese', 'simple'
    );
END
$$;
