-- Dropped the materialized view too, and searches with it.
-- check: rollback.schema_identical
-- script: rollback
-- also: rollback.indexes_back because its indexes went with it
-- also: rollback.reapplies because the migration asks for the view
-- apply: append

DROP MATERIALIZED VIEW public.catalogo_busca;
