-- Switched the internal triggers of a table off and not on again.
-- script: rollback
-- check: rollback.schema_identical
-- also: rollback.reapplies because they are still off
-- apply: append

ALTER TABLE public.catalogo DISABLE TRIGGER ALL;
