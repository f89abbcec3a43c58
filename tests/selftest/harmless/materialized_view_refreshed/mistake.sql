-- Refreshed under ACCESS EXCLUSIVE: readers wait for the whole of it.
-- check: migration.hazards
-- says: daily_sales

SET lock_timeout = '2s';

DROP INDEX CONCURRENTLY IF EXISTS public.daily_sales_day_idx;
CREATE UNIQUE INDEX CONCURRENTLY daily_sales_day_idx ON public.daily_sales (day);
REFRESH MATERIALIZED VIEW public.daily_sales;

RESET lock_timeout;
