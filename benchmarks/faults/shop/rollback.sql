SET lock_timeout = '2s';
SELECT pg_sleep(0.2);
DROP INDEX CONCURRENTLY IF EXISTS public.orders_placed;
ALTER TABLE public.orders DROP COLUMN IF EXISTS note;
RESET lock_timeout;
