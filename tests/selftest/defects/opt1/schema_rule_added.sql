-- Left a rule behind that swallows deletes.
-- check: migration.schema_unchanged
-- apply: append

CREATE OR REPLACE RULE keep_items AS ON DELETE TO public.catalogo DO INSTEAD NOTHING;
