-- Stopped counting at 2034.
-- check: migration.objects
-- also: migration.behaviour because 2035 has no partition, or one that is made late
-- apply: replace

-- <<<
        SELECT generate_series(2029, 2035)::text
        UNION ALL
-- >>>
        SELECT generate_series(2029, 2034)::text
        UNION ALL
-- <<<
        WHERE data_inicio BETWEEN DATE '1000-01-01' AND DATE '9999-12-31'
    ) AS found (wanted);
-- >>>
        WHERE data_inicio BETWEEN DATE '1000-01-01' AND DATE '2034-12-31'
    ) AS found (wanted);
-- <<<
        SELECT generate_series(2029, 2035)
        UNION
-- >>>
        SELECT generate_series(2029, 2034)
        UNION
-- <<<
        WHERE data_inicio BETWEEN DATE '1000-01-01' AND DATE '9999-12-31'
    ) AS found (wanted)
    WHERE
-- >>>
        WHERE data_inicio BETWEEN DATE '1000-01-01' AND DATE '2034-12-31'
    ) AS found (wanted)
    WHERE
