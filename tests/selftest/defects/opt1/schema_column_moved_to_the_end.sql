-- Dropped a column and made it anew with the same values, which moves it to the end.
-- check: migration.schema_unchanged
-- also: migration.hazards because readers wait for the scan that proves NOT NULL
-- apply: append

-- Copied outside of the transactions that stop readers, however slow the machine is.
DO $$
BEGIN
    ALTER TABLE public.catalogo ADD COLUMN kept timestamptz;
END
$$;
DO $$
BEGIN
    UPDATE public.catalogo SET kept = criado_em;
END
$$;
DO $$
BEGIN
    ALTER TABLE public.catalogo DROP COLUMN criado_em;
    ALTER TABLE public.catalogo RENAME COLUMN kept TO criado_em;
    ALTER TABLE public.catalogo ALTER COLUMN criado_em SET DEFAULT now();
    ALTER TABLE public.catalogo ALTER COLUMN criado_em SET NOT NULL;
END
$$;
