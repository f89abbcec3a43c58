-- Dropped the new index and did not build the old one again.
-- check: rollback.indexes_back
-- says: orders_customer_id_idx

SET lock_timeout = '2s';

DROP INDEX CONCURRENTLY IF EXISTS public.orders_customer_id_placed_at_idx;

RESET lock_timeout;
