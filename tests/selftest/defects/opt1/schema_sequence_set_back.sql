-- Set the sequence back to one: the next insert meets a number that is taken.
-- check: migration.schema_unchanged
-- apply: append

SELECT setval('public.catalogo_id_seq', 1, false);
