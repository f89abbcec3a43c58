-- Moved one geometry east by a millimetre.
-- check: migration.data_unchanged
-- also: migration.repeatable because it moves by another millimetre each time
-- apply: append

UPDATE public.catalogo_geometrias_particionada
SET geometry = ST_Translate(geometry, 0.001, 0)
WHERE id = 1234;
