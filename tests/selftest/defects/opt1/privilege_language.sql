-- Took PL/pgSQL away from everybody.
-- check: migration.privileges_unchanged
-- apply: append

REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;
