SET lock_timeout = '2s';

ALTER TABLE public.events_2025_09
    DROP CONSTRAINT IF EXISTS events_2025_09_month,
    ADD CONSTRAINT events_2025_09_month CHECK (
        occurred_at >= '2025-09-01 00:00+00' AND occurred_at < '2025-10-01 00:00+00'
    ) NOT VALID;
ALTER TABLE public.events_2025_09 VALIDATE CONSTRAINT events_2025_09_month;
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_inherits WHERE inhrelid = 'public.events_2025_09'::regclass) THEN
        ALTER TABLE public.events DETACH PARTITION public.events_2025_09;
    END IF;
END
$$;

RESET lock_timeout;
