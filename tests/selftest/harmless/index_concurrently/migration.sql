-- The name is freed first: a build that was interrupted leaves an invalid index under it.

SET lock_timeout = '2s';

DROP INDEX CONCURRENTLY IF EXISTS public.orders_status_placed_at_idx;
CREATE INDEX CONCURRENTLY orders_status_placed_at_idx ON public.orders (status, placed_at DESC);

RESET lock_timeout;
