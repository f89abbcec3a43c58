SET lock_timeout = '2s';

DROP INDEX CONCURRENTLY IF EXISTS public.customers_location_idx;
ALTER TABLE public.customers DROP COLUMN IF EXISTS location;

RESET lock_timeout;
