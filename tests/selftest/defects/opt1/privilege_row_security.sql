-- Switched row security on without a policy: everybody but the owner sees an empty table.
-- check: migration.privileges_unchanged
-- apply: append

ALTER TABLE public.catalogo ENABLE ROW LEVEL SECURITY;
