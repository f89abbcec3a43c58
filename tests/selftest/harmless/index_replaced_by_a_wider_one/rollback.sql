SET lock_timeout = '2s';

DROP INDEX CONCURRENTLY IF EXISTS public.orders_customer_id_idx;
CREATE INDEX CONCURRENTLY orders_customer_id_idx ON public.orders (customer_id);
DROP INDEX CONCURRENTLY IF EXISTS public.orders_customer_id_placed_at_idx;

RESET lock_timeout;
