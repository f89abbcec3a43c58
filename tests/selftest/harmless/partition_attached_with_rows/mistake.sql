-- Dropped the check too early: every row is read while nobody gets at the table.
-- check: migration.hazards
-- says: partition-scanned-under-lock

SET lock_timeout = '2s';

ALTER TABLE public.events_2025_09 DROP CONSTRAINT IF EXISTS events_2025_09_month;
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = 'public.events_2025_09'::regclass) THEN
        ALTER TABLE public.events ATTACH PARTITION public.events_2025_09
            FOR VALUES FROM ('2025-09-01 00:00+00') TO ('2025-10-01 00:00+00');
    END IF;
END
$$;

RESET lock_timeout;
