-- Orders of a customer come newest first. The old index goes once the new one is there.

SET lock_timeout = '2s';

DROP INDEX CONCURRENTLY IF EXISTS public.orders_customer_id_placed_at_idx;
CREATE INDEX CONCURRENTLY orders_customer_id_placed_at_idx
    ON public.orders (customer_id, placed_at DESC);
DROP INDEX CONCURRENTLY IF EXISTS public.orders_customer_id_idx;

RESET lock_timeout;
