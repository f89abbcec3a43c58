-- Gave the spatial index another name.
-- check: migration.objects
-- apply: replace

-- <<<
    CREATE INDEX catalogo_geometrias_particionada_geometry_idx
-- >>>
    CREATE INDEX catalogo_geometrias_espacial_idx
