-- Looked whether an item is there before it was entered, but not under a lock: two servers that migrate
-- when they start both look before either has written.
-- check: migration.simultaneous
-- also: migration.data_unchanged because the item is a new row
-- apply: prepend
-- instances: 2

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.catalogo WHERE nome = 'Revisão da busca') THEN
        PERFORM pg_sleep(1);
        INSERT INTO public.catalogo (nome, tipo, descricao, status)
        VALUES ('Revisão da busca', 'via', 'Busca por vista materializada', 'inativo');
    END IF;
END
$$;
