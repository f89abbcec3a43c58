-- The check that served as proof stays behind on the one partition.
-- check: migration.objects
-- says: events_2026_01

SET lock_timeout = '2s';

CREATE TABLE IF NOT EXISTS public.events_2026_01 (
    LIKE public.events INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES
);
ALTER TABLE public.events_2026_01
    DROP CONSTRAINT IF EXISTS events_2026_01_month,
    ADD CONSTRAINT events_2026_01_month CHECK (
        occurred_at >= '2026-01-01 00:00+00' AND occurred_at < '2026-02-01 00:00+00'
    );
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = 'public.events_2026_01'::regclass) THEN
        ALTER TABLE public.events ATTACH PARTITION public.events_2026_01
            FOR VALUES FROM ('2026-01-01 00:00+00') TO ('2026-02-01 00:00+00');
    END IF;
END
$$;

RESET lock_timeout;
