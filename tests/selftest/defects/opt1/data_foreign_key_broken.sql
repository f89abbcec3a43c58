-- Switched triggers and foreign keys off for the session, and wrote a row that points nowhere.
-- check: migration.data_unchanged
-- apply: append

SET session_replication_role = replica;

UPDATE public.catalogo_geometrias_particionada SET catalogo_id = 999999 WHERE id = 1234;

RESET session_replication_role;
