-- Forgot what is written between the last round and the exchange.
-- check: migration.writes_kept
-- apply: replace

-- <<<
    END LOOP;
END
$$;

DO $$
DECLARE
    attempts CONSTANT integer := 60;
-- >>>
    END LOOP;
    PERFORM pg_sleep(3);
END
$$;

DO $$
DECLARE
    attempts CONSTANT integer := 60;
-- <<<
            FROM public.catalogo_geometrias_alteradas;
-- >>>
            FROM public.catalogo_geometrias_alteradas
            WHERE false;
