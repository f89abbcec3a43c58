-- A unique index lets it be refreshed while it is read.

SET lock_timeout = '2s';

DROP INDEX CONCURRENTLY IF EXISTS public.daily_sales_day_idx;
CREATE UNIQUE INDEX CONCURRENTLY daily_sales_day_idx ON public.daily_sales (day);
REFRESH MATERIALIZED VIEW CONCURRENTLY public.daily_sales;

RESET lock_timeout;
