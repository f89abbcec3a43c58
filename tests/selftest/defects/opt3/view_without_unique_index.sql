-- Left out the unique index, without which a refresh stops all readers.
-- check: migration.behaviour.refreshed
-- also: migration.objects because the plan announces the index
-- apply: replace

-- <<<
        CREATE UNIQUE INDEX catalogo_busca_catalogo_id_idx ON public.catalogo_busca (catalogo_id);

-- >>>
