-- Logged a run only where it had made something.
-- check: migration.behaviour.every_run_is_logged
-- apply: replace

-- <<<
    INSERT INTO public.partition_maintenance_log (routine, status, rows_moved, detail)
    VALUES (
        'extend_partition_horizon',
-- >>>
    INSERT INTO public.partition_maintenance_log (routine, status, rows_moved, detail)
    SELECT
        'extend_partition_horizon',
-- <<<
            nullif(array_to_string(failed || postponed, '; '), '')
        )
    );
-- >>>
            nullif(array_to_string(failed || postponed, '; '), '')
        )
    WHERE made || failed || postponed <> '{}';
