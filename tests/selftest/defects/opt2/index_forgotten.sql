-- Forgot the index that the queries read instead of the geometries.
-- check: migration.objects
-- apply: replace

-- <<<
    CREATE INDEX catalogo_geometrias_medidas_tipo_uso_area_idx
        ON public.catalogo_geometrias_medidas (is_valid, tipo_uso, area_m2)
        INCLUDE (catalogo_id, perimetro_m, vertices, data_inicio);

-- >>>
