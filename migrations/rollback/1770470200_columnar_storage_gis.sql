-- Takes OPT2 back: the triggers go, then the measures and what keeps them. No row of the geometries has
-- been touched, so none has to be put back.
--
-- First every partition is taken for one without measures: until the view goes, it reads the geometries
-- themselves and stays exact. Each trigger goes in a transaction of its own, under a lock that is asked
-- for with a lock_timeout and tried again after a pause. The script may be run again, whatever point it
-- was interrupted at.
--
-- Sources: PostgreSQL manual, DROP TRIGGER; 13.3 Explicit Locking.

SET lock_timeout = '100ms';

SET statement_timeout = '15min';

DO $$
BEGIN
    IF to_regclass('public.medidas_particoes') IS NOT NULL THEN
        DELETE FROM public.medidas_particoes;
    END IF;
END
$$;

DO $$
DECLARE
    attempts CONSTANT integer := 40;
    command text;
    problem text;
BEGIN
    FOR command IN
        SELECT format('DROP TRIGGER IF EXISTS %I ON %s', tgname, tgrelid::regclass)
        FROM pg_trigger
        WHERE tgname IN ('incluir_medidas', 'alterar_medidas', 'excluir_medidas', 'esvaziar_medidas')
        ORDER BY tgrelid, tgname
    LOOP
        FOR attempt IN 1..attempts LOOP
            problem := NULL;
            BEGIN
                EXECUTE command;
            EXCEPTION WHEN lock_not_available THEN
                problem := SQLERRM;
            END;
            COMMIT;
            EXIT WHEN problem IS NULL;
            PERFORM pg_sleep(0.1 + random() * 0.2);
        END LOOP;
        IF problem IS NOT NULL THEN
            RAISE lock_not_available USING
                MESSAGE = format('%s failed: %s', command, problem),
                HINT = 'End the transactions that hold the table for long, then run this again.';
        END IF;
    END LOOP;
END
$$;

SET lock_timeout = '2s';

DROP VIEW IF EXISTS public.catalogo_medidas;

DROP FUNCTION IF EXISTS public.medidas_faltantes();

DROP PROCEDURE IF EXISTS public.atualizar_medidas();

DROP FUNCTION IF EXISTS public.concluir_medidas();

DROP FUNCTION IF EXISTS public.medir_lote(bigint, integer);

DROP FUNCTION IF EXISTS public.acompanhar_particoes_para_medidas();

DROP FUNCTION IF EXISTS public.deter_escritas_para_medidas();

DROP FUNCTION IF EXISTS public.incluir_medidas();

DROP FUNCTION IF EXISTS public.alterar_medidas();

DROP FUNCTION IF EXISTS public.excluir_medidas();

DROP FUNCTION IF EXISTS public.esvaziar_medidas();

DROP VIEW IF EXISTS public.medidas_particoes_atuais;

DROP TABLE IF EXISTS public.medidas_particoes;

DROP TABLE IF EXISTS public.catalogo_geometrias_medidas;

RESET lock_timeout;

RESET statement_timeout;
