-- The total in cents, filled a thousand rows at a time, each batch for itself.

SET lock_timeout = '2s';

ALTER TABLE public.orders ADD COLUMN IF NOT EXISTS total_cents bigint;
DO $$
DECLARE
    filled integer;
BEGIN
    LOOP
        UPDATE public.orders SET total_cents = (total * 100)::bigint
        WHERE id IN (
            SELECT id FROM public.orders WHERE total_cents IS NULL ORDER BY id LIMIT 1000
            FOR UPDATE SKIP LOCKED
        );
        GET DIAGNOSTICS filled = ROW_COUNT;
        COMMIT;
        EXIT WHEN filled = 0;
    END LOOP;
END
$$;
ANALYZE public.orders;

RESET lock_timeout;
