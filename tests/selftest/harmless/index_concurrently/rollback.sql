SET lock_timeout = '2s';

DROP INDEX CONCURRENTLY IF EXISTS public.orders_status_placed_at_idx;

RESET lock_timeout;
