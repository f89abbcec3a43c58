-- Forgot the index of the text vectors, for which the view is made.
-- check: migration.objects
-- apply: replace

-- <<<
        CREATE INDEX catalogo_busca_vetor_idx ON public.catalogo_busca USING gin (vetor);

-- >>>
