SET lock_timeout = '2s';

DROP INDEX CONCURRENTLY IF EXISTS public.daily_sales_day_idx;

RESET lock_timeout;
