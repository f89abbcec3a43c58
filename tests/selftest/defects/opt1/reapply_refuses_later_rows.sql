-- Asserted that nothing is dated after 2035: so it is the first time, and not after users have
-- written and the migration was rolled back.
-- check: rollback.reapplies
-- apply: replace

-- <<<
SET statement_timeout = '15min';
-- >>>
SET statement_timeout = '15min';

DO $$
BEGIN
    ASSERT NOT EXISTS (
        SELECT FROM public.catalogo_geometrias_particionada_default
        WHERE data_inicio >= DATE '2036-01-01'
    ), 'there are rows after 2035';
END
$$;
