-- Made the years of the horizon and forgot the rows that wait in the default partition.
-- check: migration.behaviour.rows_that_were_left_in_the_default_partition
-- apply: replace

-- <<<
        UNION
        SELECT to_char(data_inicio, 'YYYY')
        FROM ONLY public.catalogo_geometrias_particionada_default
        WHERE data_inicio BETWEEN DATE '1000-01-01' AND DATE '9999-12-31'

-- >>>
