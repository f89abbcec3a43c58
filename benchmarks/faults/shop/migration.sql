-- A note that customers leave with an order, filled in steps that are committed one by one.
SET lock_timeout = '2s';
ALTER TABLE public.orders ADD COLUMN IF NOT EXISTS note text;
DO $$
BEGIN
    FOR part IN 0..9 LOOP
        UPDATE public.orders SET note = '' WHERE id % 10 = part AND note IS NULL;
        COMMIT;
        PERFORM pg_sleep(0.05);
    END LOOP;
END
$$;
DROP INDEX CONCURRENTLY IF EXISTS public.orders_placed;
CREATE INDEX CONCURRENTLY orders_placed ON public.orders (placed_on);
RESET lock_timeout;
