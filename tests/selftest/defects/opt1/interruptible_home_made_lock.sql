-- Wrote a lock of one's own into a comment, so that two people cannot migrate at once; whoever is
-- interrupted never gets in again.
-- check: migration.interruptible
-- apply: replace

-- <<<
DO $$
BEGIN
    IF to_regclass('public.catalogo_geometrias_particionada_default_alteradas') IS NOT NULL THEN
-- >>>
DO $$
BEGIN
    IF obj_description('public.catalogo'::regclass) = 'migration running' THEN
        RAISE EXCEPTION 'somebody else is migrating';
    END IF;
END
$$;

COMMENT ON TABLE public.catalogo IS 'migration running';

DO $$
BEGIN
    IF to_regclass('public.catalogo_geometrias_particionada_default_alteradas') IS NOT NULL THEN
-- <<<
RESET lock_timeout;
-- >>>
COMMENT ON TABLE public.catalogo IS 'Itens do catálogo digital da propriedade';

RESET lock_timeout;
