-- Scheduled the job for pg_cron's own database, where there is nothing to refresh.
-- check: migration.scheduled
-- also: migration.behaviour because a probe reads the statement
-- apply: replace

-- <<<
        'CALL public.refresh_due_views()',
        current_database()
    )
$$;
-- >>>
        'CALL public.refresh_due_views()',
        'postgres'
    )
$$;
