-- Left a prepared transaction behind, with its locks.
-- check: migration.applied
-- apply: append

BEGIN;

UPDATE public.catalogo SET status = status WHERE id = 1;

PREPARE TRANSACTION 'later';
