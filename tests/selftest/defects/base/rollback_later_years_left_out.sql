-- Brought only the years back that there were at the time.
-- check: rollback.later_rows_kept
-- also: rollback.reapplies because the second attempt carries over what it finds
-- script: rollback
-- apply: replace

-- <<<
    FROM public.catalogo_geometrias_particionada
    ORDER BY id;
-- >>>
    FROM public.catalogo_geometrias_particionada
    WHERE data_inicio < DATE '2036-01-01'
    ORDER BY id;
