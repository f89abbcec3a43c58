-- Forgot the index by which an update or a delete finds the measures of its rows.
-- check: migration.objects
-- apply: replace

-- <<<
    CREATE INDEX catalogo_geometrias_medidas_geometria_id_data_inicio_idx
        ON public.catalogo_geometrias_medidas (geometria_id, data_inicio);
-- >>>
