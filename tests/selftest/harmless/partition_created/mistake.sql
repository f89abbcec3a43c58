-- Unlogged: empty after the next crash.
-- check: migration.objects
-- says: public.events_2026_02

SET lock_timeout = '2s';

CREATE UNLOGGED TABLE IF NOT EXISTS public.events_2026_02 PARTITION OF public.events
    FOR VALUES FROM ('2026-02-01 00:00+00') TO ('2026-03-01 00:00+00');

RESET lock_timeout;
