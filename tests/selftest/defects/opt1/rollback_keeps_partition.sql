-- Took the year 2029 for one of the old partitions.
-- script: rollback
-- check: rollback.objects_gone
-- also: rollback.schema_identical because the partition stays
-- apply: replace

-- <<<
DO $$
DECLARE
    parent CONSTANT text := 'catalogo_geometrias_particionada';
    rest CONSTANT text := 'catalogo_geometrias_particionada_default';
    restored CONSTANT text := 'catalogo_geometrias_particionada_default_restored';
    kept CONSTANT regclass[] := ARRAY[
        'public.catalogo_geometrias_particionada_2026',
        'public.catalogo_geometrias_particionada_2027',
        'public.catalogo_geometrias_particionada_2028'
    ];
    columns text;
    elsewhere text;
-- >>>
DO $$
DECLARE
    parent CONSTANT text := 'catalogo_geometrias_particionada';
    rest CONSTANT text := 'catalogo_geometrias_particionada_default';
    restored CONSTANT text := 'catalogo_geometrias_particionada_default_restored';
    kept CONSTANT regclass[] := ARRAY[
        'public.catalogo_geometrias_particionada_2026',
        'public.catalogo_geometrias_particionada_2027',
        'public.catalogo_geometrias_particionada_2028',
        'public.catalogo_geometrias_particionada_2029'
    ];
    columns text;
    elsewhere text;
-- <<<
        'public.catalogo_geometrias_particionada_2028'
    ];
    attempts
-- >>>
        'public.catalogo_geometrias_particionada_2028',
        'public.catalogo_geometrias_particionada_2029'
    ];
    attempts
-- <<<
        'public.catalogo_geometrias_particionada_2028',
        'public.catalogo_geometrias_particionada_default'
    ];
-- >>>
        'public.catalogo_geometrias_particionada_2028',
        'public.catalogo_geometrias_particionada_2029',
        'public.catalogo_geometrias_particionada_default'
    ];
-- <<<
                    AND inhrelid <> ALL (kept[1:3])
-- >>>
                    AND inhrelid <> ALL (kept[1:4])
-- <<<
        'catalogo_geometrias_particionada_2028'
    ];
    columns text;
    ids bigint[];
-- >>>
        'catalogo_geometrias_particionada_2028',
        'catalogo_geometrias_particionada_2029'
    ];
    columns text;
    ids bigint[];
