-- Put an old version of the search function back.
-- script: rollback
-- check: rollback.schema_identical
-- also: rollback.reapplies because the function is still the old one
-- apply: append

DO $$
BEGIN
    EXECUTE replace(pg_get_functiondef('public.search_catalogo'::regproc), 'portuguese', 'simple');
END
$$;
