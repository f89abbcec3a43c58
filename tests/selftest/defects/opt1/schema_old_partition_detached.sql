-- Detached the oldest partition to have it out of the way, and forgot it: its rows are gone from
-- the table, though they still exist.
-- check: migration.data_unchanged
-- also: migration.schema_unchanged because a partition is an ordinary table now
-- also: migration.repeatable because it cannot be detached twice
-- apply: append

ALTER TABLE public.catalogo_geometrias_particionada
    DETACH PARTITION public.catalogo_geometrias_particionada_2026;
