-- Left a debugging trigger behind on another table.
-- check: migration.schema_unchanged
-- apply: append

CREATE OR REPLACE TRIGGER debug_items BEFORE UPDATE ON public.catalogo
    FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
