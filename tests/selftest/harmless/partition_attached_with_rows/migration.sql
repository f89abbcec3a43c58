-- September comes back from the archive. Its own check proves that it fits.

SET lock_timeout = '2s';

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = 'public.events_2025_09'::regclass) THEN
        ALTER TABLE public.events ATTACH PARTITION public.events_2025_09
            FOR VALUES FROM ('2025-09-01 00:00+00') TO ('2025-10-01 00:00+00');
    END IF;
END
$$;
ALTER TABLE public.events_2025_09 DROP CONSTRAINT IF EXISTS events_2025_09_month;

RESET lock_timeout;
